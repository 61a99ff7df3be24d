/** The state of a visitor between requests, and the changes that are made to it. */
import type { ReportSegments, WireEvent } from '../tracking-event.js';

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
   * The answer for jobs and webhooks: `granted` where consent is configured and the visitor gave it, `denied` where
   * none is and their last request carried an opt-out.
   */
  consent?: 'granted' | 'denied';
  /** What was decided and tracked while consent was unknown (`consent.mode: 'hold'`). */
  held?: DeferredChange[];
  /**
   * Claim -> when it lapses, in milliseconds since the epoch: its event is not known to be where it outlives the
   * process that made it. Only in stores that outlive the process, too.
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
export interface DeferredChange {
  /** Milliseconds since the epoch. */
  at: number;
  change: StateChange;
  events: DeferredEvent[];
}

export interface DeferredEvent {
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
  hold?: DeferredChange;
  /** Everything held is taken out (it is being committed, or was refused). */
  release?: boolean;
  /**
   * Now, in milliseconds since the epoch: claims that are pending and have lapsed by then count as not made.
   * Without it they count as made.
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
