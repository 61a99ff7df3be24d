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
import { copied, isPlainObject, mergeSegments, ownValue, setEntry, union, withEntry } from './entries.js';
import { freshlyHeld, hold } from './held.js';
import type { ReportSegments, WireEvent } from './tracking.js';

/**
 * The first four fields are the official SDK's stored shape, under the official SDK's key, so that a site can move
 * over, or back, without moving a visitor. The others are ours; the SDK ignores them.
 */
export interface VisitorState {
  /** Experience id -> variation id. */
  bucketing?: Record<string, string>;
  /** Goal key -> true once it has been tracked. */
  goals?: Record<string, boolean>;
  segments?: Record<string, unknown>;
  /** Ids or keys of the locations that matched last. */
  locations?: string[];
  /** Ids of experiences that were decided with `enableTracking: false`: their exposure is still owed. */
  unexposed?: string[];
  /** Goal key -> the transaction ids that were tracked, the latest last. */
  transactions?: Record<string, string[]>;
  /**
   * The answer for jobs and webhooks: `granted` where consent is configured and the visitor gave it, `denied` where none is and
   * their last request carried an opt-out.
   */
  consent?: 'granted' | 'denied';
  /** What was decided and tracked while consent was unknown (`consent.mode: 'hold'`). */
  held?: HeldChange[];
  /**
   * Claim -> when it lapses, in milliseconds since the epoch: its event is not known to be where it outlives the process
   * that made it. Only in stores that outlive the process, too.
   */
  pending?: Record<string, number>;
  /** Of a user, not of a visitor: the visitor that this user was first. */
  alias?: string;
  /** The users that this visitor was, as `userHash` names them; the latest last. */
  users?: string[];
  /** Names the last commits, the latest last, where a store has to know its own again. */
  commit?: string;
}

/** One commit that waits for consent. */
export interface HeldChange {
  /** Milliseconds since the epoch. */
  at: number;
  change: StateChange;
  events: HeldEvent[];
}

export interface HeldEvent {
  event: WireEvent;
  segments?: ReportSegments;
  claim?: string;
  also?: string;
}

/** A variation for an experience, which holds only if no other was stored first. */
export interface Claim {
  variationId: string;
  /** The stored variation that this claim may overwrite: one that no longer exists, or that was forced over. */
  replaces?: string;
  /** False where the exposure is not sent now (`enableTracking: false`) and is still owed. */
  exposed: boolean;
}

/** What a decision or a conversion wants to change in a visitor's state. */
export interface StateChange {
  /** By experience id. */
  claims?: Record<string, Claim>;
  /** Keys of goals that are claimed as tracked for the first time. */
  goals?: string[];
  /** By goal key: ids of transactions that are claimed as tracked for the first time. */
  transactions?: Record<string, string[]>;
  /** Merged into the stored ones; arrays by union. */
  segments?: Record<string, unknown>;
  /** Replaces the stored ones. */
  locations?: string[];
  /** Experiences whose owed exposure is claimed by this change. */
  exposed?: string[];
  consent?: 'granted' | 'denied' | 'withdrawn';
  /** Appended to what is held; what is too old, and the oldest beyond `MAX_HELD_EVENTS`, goes. */
  hold?: HeldChange;
  /** Everything held is taken out (it is being committed, or was refused). */
  release?: boolean;
  /**
   * Now, in milliseconds since the epoch: claims that are pending and have lapsed by then count as not made. Without it they
   * count as made.
   */
  at?: number;
  /** Of the claims of this change, those that lapse unless they are settled before. */
  pending?: { claims: readonly string[]; until: number };
  /** Claims that are pending no more. */
  settled?: readonly string[];
  /** The visitor that a user is, unless it is another one already. */
  alias?: string;
  /** Added to those that the visitor was. */
  users?: readonly string[];
}

export interface Committed {
  state: VisitorState;
  /** Claims that somebody else made before: their events must not be sent. */
  lost: ReadonlySet<string>;
  /** Held events that had to go: too old, or too many. */
  forgotten?: number;
}

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
