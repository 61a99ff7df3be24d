/** What waits for a visitor's consent: how much of it, how long, and what goes where it is too much. */
import { claimsOf, withoutClaims } from './claims.js';
import { joinChanges } from './joined.js';
import type { HeldChange, VisitorState } from './types.js';

/** At most so many events wait for consent per visitor, and so long (milliseconds). */
export const MAX_HELD_EVENTS = 50;
export const MAX_HELD_AGE = 30 * 60 * 1000;

/** What is held and not too old to be used. */
export function freshlyHeld(state: VisitorState, now: number): HeldChange[] {
  return state.held?.filter(({ at }) => now - at < MAX_HELD_AGE) ?? [];
}

/** Adds to what is held, within its bounds. Returns how many events had to go. */
export function hold(state: VisitorState, entry: HeldChange): number {
  const before = state.held ?? [];
  const held = freshlyHeld(state, entry.at);
  const last = held.at(-1);
  // What brings no event joins the entry before it: entries would have no bound otherwise.
  if (last && entry.events.length === 0) held[held.length - 1] = joinHeld(last, entry);
  else held.push(entry);
  // Nor may one that brought none stand at the front, where entries go.
  const [first, second] = held;
  if (first && second && first.events.length === 0) held.splice(0, 2, joinHeld(first, second));
  for (
    let excess = countEvents(held) - MAX_HELD_EVENTS;
    excess > 0;
    excess = countEvents(held) - MAX_HELD_EVENTS
  ) {
    const [oldest] = held;
    if (!oldest) break;
    if (oldest.events.length <= excess && held.length > 1) held.shift();
    else held[0] = withoutOldest(oldest, excess);
  }
  state.held = held;
  return countEvents(before) + entry.events.length - countEvents(held);
}

function joinHeld(first: HeldChange, second: HeldChange): HeldChange {
  const { at } = second.events.length > 0 ? second : first;
  return {
    at,
    change: joinChanges(first.change, second.change),
    events: [...first.events, ...second.events],
  };
}

/** Events go together with their claims: nothing is stored whose event is not sent. */
function withoutOldest({ at, change, events }: HeldChange, count: number): HeldChange {
  const kept = events.slice(count);
  const names = new Set(events.slice(0, count).flatMap(claimsOf));
  for (const claim of kept.flatMap(claimsOf)) names.delete(claim);
  return { at, change: withoutClaims(change, names), events: kept };
}

export function countEvents(held: readonly HeldChange[]): number {
  return held.reduce((sum, { events }) => sum + events.length, 0);
}
