/**
 * Merges changes into the state of a visitor, which is stored between requests. Every store uses `applyChange`, so that
 * the first write wins in all of them in the same way.
 */
import { mergeSegments, ownProperties, ownValue, setEntry, union, withEntry } from '../../utils/objects.js';
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
import { MAX_STATE_BYTES, boundState } from './bound-state.js';
import { transactionKey } from './transaction-id.js';
import type { Claim, Committed, DeferredChange, StateChange, VisitorState } from './types.js';

const NOTHING_LOST: ReadonlySet<string> = new Set();

/** The most transaction ids that are kept for one goal of one visitor. */
const MAX_TRANSACTIONS = 100;
/** The most hashes that are kept of the user of one visitor. There is one for each secret that has hashed them. */
const MAX_USERS = 20;

/**
 * Returns the state with the change merged in; the arguments are not modified. The first write wins: a claim that
 * another request has won before is returned in `lost`, and changes nothing. What is added last may have no room: see
 * `boundState`.
 *
 * @param maxBytes the most bytes of the state. Default: those that the change names, else 64 KiB
 */
export function applyChange(
  given: VisitorState,
  wanted: StateChange,
  maxBytes = ownProperties(wanted).maxBytes ?? MAX_STATE_BYTES,
): Committed {
  const change = ownProperties(wanted);
  const state = ownProperties(given);
  let next = change.at === undefined ? state : withoutLapsedClaims(state, change.at);
  let lost: Set<string> | undefined;
  const lose = (claim: string): void => {
    (lost ??= new Set()).add(claim);
  };
  /**
   * Removes the lapse time that an earlier claim of the same name may have left in `pending`. The new claim must not
   * lapse at that time.
   */
  const win = (claim: string): void => {
    if (next.pending !== undefined) next = withoutPending(next, [claim]);
  };

  for (const [experienceId, claim] of Object.entries(change.claims ?? {})) {
    const { variationId, replaces, exposed } = ownProperties(claim);
    const stored = ownValue(next.bucketing, experienceId);
    if (stored !== undefined && stored !== replaces) {
      lose(experienceClaim(experienceId));
      continue;
    }
    win(experienceClaim(experienceId));
    next.bucketing = withEntry(next.bucketing, experienceId, variationId);
    next.unexposed = next.unexposed?.filter((id) => id !== experienceId);
    if (!exposed) next.unexposed = [...(next.unexposed ?? []), experienceId];
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
    // Older versions have stored long ids as they are.
    const all = (ownValue(next.transactions, goalKey) ?? []).map(transactionKey);
    const known = all.length;
    for (const id of ids) {
      const key = transactionKey(id);
      const index = all.indexOf(key);
      if (index === -1) all.push(key);
      else if (index < known) lose(transactionClaim(goalKey, id));
    }
    next.transactions = withEntry(next.transactions, goalKey, all.slice(-MAX_TRANSACTIONS));
  }
  if (change.segments) next.segments = mergeSegments(next.segments ?? {}, change.segments);
  if (change.locations) next.locations = [...change.locations];
  if (change.consent === 'withdrawn') delete next.consent;
  else if (change.consent !== undefined) next.consent = change.consent;
  if (change.release) delete next.held;
  if (change.alias !== undefined) next.alias ??= change.alias;
  if (change.carried !== undefined) next.carried = change.carried;
  if (change.deniedAt !== undefined) next.deniedAt = change.deniedAt;
  if (change.users && isOf(change.users, next.users)) {
    next.users = union(next.users, change.users.slice(0, 1)).slice(-MAX_USERS);
  }
  if (next.unexposed?.length === 0) delete next.unexposed;
  if (change.settled && next.pending) next = withoutPending(next, change.settled);
  for (const claim of change.pending?.claims ?? []) {
    if (!lost?.has(claim)) next.pending = withEntry(next.pending, claim, change.pending!.until);
  }
  const committed: Committed = { state: next, lost: lost ?? NOTHING_LOST };
  if (change.hold) committed.forgotten = defer(next, change.hold);
  const grows =
    change.segments !== undefined || change.transactions !== undefined || change.hold !== undefined;
  const trimmed = grows ? boundState(next, maxBytes) : undefined;
  if (trimmed === undefined) return committed;
  if (trimmed.values > 0) committed.trimmed = trimmed.values;
  if (trimmed.events > 0) committed.forgotten = (committed.forgotten ?? 0) + trimmed.events;
  return committed;
}

/** True if a visitor belongs to the user with these hashes, or to nobody yet. */
function isOf(hashes: readonly string[], users: readonly string[] = []): boolean {
  return users.length === 0 || users.some((user) => hashes.includes(user));
}

/** True if the change takes back a visitor's consent. */
export function isRevocation({ consent }: StateChange): boolean {
  return consent === 'withdrawn' || consent === 'denied';
}

/**
 * Returns the result of a change that is not stored, because the state has an unknown format. Variations count as lost
 * to the newer version, which gives them, and sends their exposures, when it sees the visitor. Conversions are sent,
 * unless the state has their goal: nobody else would send them.
 */
export function leaveAlone(state: VisitorState, wanted: StateChange): Committed {
  const { claims = {}, exposed = [], goals = [] } = ownProperties(wanted);
  const tracked = goals.filter((goalKey) => ownValue(state.goals, goalKey));
  const lost = [Object.keys(claims).map(experienceClaim), exposed.map(exposureClaim), tracked.map(goalClaim)];
  return { state, lost: new Set(lost.flat()) };
}

/** Returns the state as decisions see it: changes that wait for consent count as if they were committed. */
export function withDeferredChanges(state: VisitorState, now: number): VisitorState {
  return freshlyDeferred(state, now).reduce(
    (seen, { change }) => applyChange(seen, change, Infinity).state,
    state,
  );
}

/**
 * Adds assignments (experience id -> variation id) to a state, for experiences in which the visitor has no variation.
 */
export function withAssignments(
  state: VisitorState | undefined,
  assignments: ReadonlyMap<string, string>,
): VisitorState | undefined {
  const missing = [...assignments].filter(([id]) => ownValue(state?.bucketing, id) === undefined);
  if (missing.length === 0) return state;
  const bucketing: Record<string, string> = { ...state?.bucketing };
  for (const [id, variationId] of missing) setEntry(bucketing, id, variationId);
  return Object.assign(ownProperties(state ?? {}), { bucketing });
}

/** True for a visitor who has a variation of each of these experiences. */
export function isInAll({ bucketing }: VisitorState, experienceIds: readonly string[]): boolean {
  return bucketing !== undefined && experienceIds.every((id) => ownValue(bucketing, id) !== undefined);
}

/**
 * Merges several changes into one with the same effect. All changes belong to one visitor in one request, and each one
 * was made with knowledge of the changes before it.
 */
export function mergeChanges(...changes: readonly StateChange[]): StateChange {
  const joined = ownProperties<StateChange>({});
  for (const change of changes) {
    const { claims, goals, transactions, exposed, segments, ...replacing } = ownProperties(change);
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

/** Adds claims to `joined`, which is modified. */
function withClaims(joined: Record<string, Claim>, claims: Record<string, Claim>): Record<string, Claim> {
  for (const [experienceId, claim] of Object.entries(claims)) {
    // The first claim names the stored variation that it may replace; a later claim of this request must name the same.
    const replaces = ownValue(joined, experienceId)?.replaces;
    setEntry(joined, experienceId, replaces === undefined ? claim : { ...claim, replaces });
  }
  return joined;
}

/** The most events of one visitor that wait for consent. If more come, the oldest are dropped. */
export const MAX_DEFERRED_EVENTS = 50;

/** The most milliseconds that events wait for consent. Older events are dropped. */
export const MAX_DEFERRED_AGE = 30 * 60 * 1000;

/** Returns the deferred changes of a visitor, without those that are older than `MAX_DEFERRED_AGE`. */
export function freshlyDeferred(state: VisitorState, now: number): DeferredChange[] {
  return state.held?.filter(({ at }) => now - at < MAX_DEFERRED_AGE) ?? [];
}

/**
 * Adds a deferred change to `state`, which is modified. Drops deferred changes that are too old, and the oldest events
 * above `MAX_DEFERRED_EVENTS`. Returns the number of dropped events.
 */
export function defer(state: VisitorState, entry: DeferredChange): number {
  const before = state.held ?? [];
  const held = freshlyDeferred(state, entry.at);
  const last = held.at(-1);
  // An entry without events is merged into the entry before it: only the number of events is bounded, so each entry
  // must have events.
  if (last && entry.events.length === 0) held[held.length - 1] = mergeDeferred(last, entry);
  else held.push(entry);
  // A first entry without events is merged into the second one, since the loop below drops entries by their events.
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

/**
 * Drops the oldest events together with their claims: if the event of a claim is not sent, the claim must not be
 * stored.
 */
function withoutOldest({ at, change, events }: DeferredChange, count: number): DeferredChange {
  const kept = events.slice(count);
  const names = new Set(events.slice(0, count).flatMap(claimsOf));
  for (const claim of kept.flatMap(claimsOf)) names.delete(claim);
  return { at, change: withoutClaims(change, names), events: kept };
}

export function countEvents(held: readonly DeferredChange[]): number {
  return held.reduce((sum, { events }) => sum + events.length, 0);
}
