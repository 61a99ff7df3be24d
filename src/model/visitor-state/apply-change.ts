/**
 * What is remembered of a visitor between requests, and how a change is merged into it. Every store merges with
 * `applyChange`, so that the first write wins everywhere in the same way.
 */
import {
  experienceClaim,
  exposureClaim,
  goalClaim,
  transactionClaim,
  withoutLapsedClaims,
  withoutPending,
} from './claims.js';
import { copied, isPlainObject, mergeSegments, ownValue, setEntry, union, withEntry } from '../../utils/objects.js';
import { freshlyHeld, hold } from './held.js';
import type { VisitorState, StateChange, Committed } from './types.js';

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
  if (change.hold) committed.forgotten = hold(next, change.hold);
  return committed;
}

/** The state as decisions see it: what is held counts as if it were committed. */
export function withHeldChanges(state: VisitorState, now: number): VisitorState {
  return freshlyHeld(state, now).reduce((seen, { change }) => applyChange(seen, change).state, state);
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

/** What a store holds is input: fields of another type than ours count as absent. */
export function parseState(value: unknown): VisitorState | undefined {
  if (!isPlainObject(value)) return undefined;
  const state: Record<string, unknown> = copied(value);
  for (const field of Object.keys(state)) {
    if (CHECKS.get(field)?.(state[field]) === false) delete state[field];
  }
  return state;
}

const isListOfText = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** It goes into a cookie. */
export function isVisitorId(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

const STATE_FIELDS: Record<keyof VisitorState, (value: unknown) => boolean> = {
  bucketing: isPlainObject,
  goals: isPlainObject,
  segments: isPlainObject,
  locations: isListOfText,
  unexposed: isListOfText,
  consent: (value) => value === 'granted' || value === 'denied',
  transactions: (value) => isPlainObject(value) && Object.values(value).every(isListOfText),
  pending: (value) => isPlainObject(value) && Object.values(value).every((each) => typeof each === 'number'),
  alias: isVisitorId,
  users: isListOfText,
  commit: (value) => typeof value === 'string',
  held: (value) =>
    Array.isArray(value) &&
    value.every((each) => isPlainObject(each) && isPlainObject(each.change) && Array.isArray(each.events)),
};

/** By field: most states have few of them. */
const CHECKS = new Map(Object.entries(STATE_FIELDS));
