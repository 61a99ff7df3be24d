/**
 * What is remembered of a visitor between requests, and how a change is merged into it. Every store merges with
 * `applyChange`, so that the first write wins everywhere in the same way.
 */
import { copied, mergeSegments, ownValue, setEntry, union, withEntry } from '../../utils/objects.js';
import {
  claimsOf,
  experienceClaim,
  exposureClaim,
  goalClaim,
  transactionClaim,
  withoutClaims,
  withoutLapsedClaims,
  withoutPending,
} from './claims.js';
import type { Claim, Committed, DeferredChange, StateChange, VisitorState } from './types.js';

const NOTHING_LOST: ReadonlySet<string> = new Set();

/** Of one goal of one visitor. */
const MAX_TRANSACTIONS = 100;
/** Of one visitor: more use one device rarely. */
const MAX_USERS = 20;

/** Merges a change into a state without touching either. First write wins. */
export function applyChange(given: VisitorState, change: StateChange): Committed {
  const state = change.at === undefined ? given : withoutLapsedClaims(given, change.at);
  let next = copied(state);
  let lost: Set<string> | undefined;
  const lose = (claim: string): void => {
    (lost ??= new Set()).add(claim);
  };
  /** Whoever made it before, and is not heard of any more, has no say in when it lapses. */
  const win = (claim: string): void => {
    if (next.pending !== undefined) next = withoutPending(next, [claim]);
  };

  for (const [experienceId, claim] of Object.entries(change.claims ?? {})) {
    const stored = ownValue(state.bucketing, experienceId);
    if (stored !== undefined && stored !== claim.replaces) {
      lose(experienceClaim(experienceId));
      continue;
    }
    win(experienceClaim(experienceId));
    next.bucketing = withEntry(next.bucketing, experienceId, claim.variationId);
    next.unexposed = next.unexposed?.filter((id) => id !== experienceId);
    if (!claim.exposed) next.unexposed = [...(next.unexposed ?? []), experienceId];
  }
  for (const experienceId of change.exposed ?? []) {
    if (next.unexposed?.includes(experienceId)) {
      next.unexposed = next.unexposed.filter((id) => id !== experienceId);
    } else {
      lose(exposureClaim(experienceId));
    }
  }
  for (const goalKey of change.goals ?? []) {
    if (ownValue(next.goals, goalKey)) lose(goalClaim(goalKey));
    else next.goals = withEntry(next.goals, goalKey, true);
  }
  for (const [goalKey, ids] of Object.entries(change.transactions ?? {})) {
    const known = ownValue(next.transactions, goalKey) ?? [];
    for (const id of ids) if (known.includes(id)) lose(transactionClaim(goalKey, id));
    const all = [...new Set([...known, ...ids])].slice(-MAX_TRANSACTIONS);
    next.transactions = withEntry(next.transactions, goalKey, all);
  }
  if (change.segments) next.segments = mergeSegments(next.segments ?? {}, change.segments);
  if (change.locations) next.locations = [...change.locations];
  if (change.consent === 'withdrawn') delete next.consent;
  else if (change.consent !== undefined) next.consent = change.consent;
  if (change.release) delete next.held;
  if (change.alias !== undefined) next.alias ??= change.alias;
  if (change.users) next.users = union(next.users, change.users).slice(-MAX_USERS);
  if (next.unexposed?.length === 0) delete next.unexposed;
  if (change.settled && next.pending) next = withoutPending(next, change.settled);
  for (const claim of change.pending?.claims ?? []) {
    if (!lost?.has(claim)) next.pending = withEntry(next.pending, claim, change.pending!.until);
  }
  const committed: Committed = { state: next, lost: lost ?? NOTHING_LOST };
  if (change.hold) committed.forgotten = defer(next, change.hold);
  return committed;
}

/** The state as decisions see it: what is held counts as if it were committed. */
export function withDeferredChanges(state: VisitorState, now: number): VisitorState {
  return freshlyDeferred(state, now).reduce((seen, { change }) => applyChange(seen, change).state, state);
}

/** The state with these assignments (experience id -> variation id) where it holds none for their experience. */
export function withAssignments(
  state: VisitorState | undefined,
  assignments: ReadonlyMap<string, string>,
): VisitorState | undefined {
  const missing = [...assignments].filter(([id]) => ownValue(state?.bucketing, id) === undefined);
  if (missing.length === 0) return state;
  const bucketing: Record<string, string> = { ...state?.bucketing };
  for (const [id, variationId] of missing) setEntry(bucketing, id, variationId);
  return { ...state, bucketing };
}

/** True for a visitor who has a variation of each of these experiences. */
export function isInAll({ bucketing }: VisitorState, experienceIds: readonly string[]): boolean {
  return bucketing !== undefined && experienceIds.every((id) => ownValue(bucketing, id) !== undefined);
}

/**
 * One change that does what several do, one after the other. All are made for one visitor in one request, each in
 * knowledge of those before it.
 */
export function mergeChanges(...changes: readonly StateChange[]): StateChange {
  const joined: StateChange = {};
  for (const { claims, goals, transactions, exposed, segments, ...replacing } of changes) {
    Object.assign(joined, replacing);
    if (claims) joined.claims = withClaims(joined.claims ?? {}, claims);
    if (goals) joined.goals = union(joined.goals, goals);
    for (const [goalKey, ids] of Object.entries(transactions ?? {})) {
      joined.transactions ??= {};
      setEntry(joined.transactions, goalKey, union(ownValue(joined.transactions, goalKey), ids));
    }
    if (exposed) joined.exposed = union(joined.exposed, exposed);
    if (segments) joined.segments = joined.segments ? mergeSegments(joined.segments, segments) : segments;
  }
  return joined;
}

/** Adds to `joined`, which belongs to the caller. */
function withClaims(joined: Record<string, Claim>, claims: Record<string, Claim>): Record<string, Claim> {
  for (const [experienceId, claim] of Object.entries(claims)) {
    // What the store holds is what the first claim was made against.
    const replaces = ownValue(joined, experienceId)?.replaces;
    setEntry(joined, experienceId, replaces === undefined ? claim : { ...claim, replaces });
  }
  return joined;
}

/** At most so many events wait for consent per visitor, and so long (milliseconds). */
export const MAX_DEFERRED_EVENTS = 50;

export const MAX_DEFERRED_AGE = 30 * 60 * 1000;

/** What is held and not too old to be used. */
export function freshlyDeferred(state: VisitorState, now: number): DeferredChange[] {
  return state.held?.filter(({ at }) => now - at < MAX_DEFERRED_AGE) ?? [];
}

/** Adds to what is held, within its bounds. Returns how many events had to go. */
export function defer(state: VisitorState, entry: DeferredChange): number {
  const before = state.held ?? [];
  const held = freshlyDeferred(state, entry.at);
  const last = held.at(-1);
  // What brings no event joins the entry before it: entries would have no bound otherwise.
  if (last && entry.events.length === 0) held[held.length - 1] = mergeDeferred(last, entry);
  else held.push(entry);
  // Nor may one that brought none stand at the front, where entries go.
  const [first, second] = held;
  if (first && second && first.events.length === 0) held.splice(0, 2, mergeDeferred(first, second));
  for (
    let excess = countEvents(held) - MAX_DEFERRED_EVENTS;
    excess > 0;
    excess = countEvents(held) - MAX_DEFERRED_EVENTS
  ) {
    const [oldest] = held;
    if (!oldest) break;
    if (oldest.events.length <= excess && held.length > 1) held.shift();
    else held[0] = withoutOldest(oldest, excess);
  }
  state.held = held;
  return countEvents(before) + entry.events.length - countEvents(held);
}

function mergeDeferred(first: DeferredChange, second: DeferredChange): DeferredChange {
  const { at } = second.events.length > 0 ? second : first;
  return {
    at,
    change: mergeChanges(first.change, second.change),
    events: [...first.events, ...second.events],
  };
}

/** Events go together with their claims: nothing is stored whose event is not sent. */
function withoutOldest({ at, change, events }: DeferredChange, count: number): DeferredChange {
  const kept = events.slice(count);
  const names = new Set(events.slice(0, count).flatMap(claimsOf));
  for (const claim of kept.flatMap(claimsOf)) names.delete(claim);
  return { at, change: withoutClaims(change, names), events: kept };
}

export function countEvents(held: readonly DeferredChange[]): number {
  return held.reduce((sum, { events }) => sum + events.length, 0);
}
