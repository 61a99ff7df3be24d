/** The types of a visitor's state, which is stored between requests, and of the changes that are made to it. */
import type { ReportSegments, WireEvent } from '../tracking-event.js';

/**
 * The stored state of a visitor. The first four fields are those of the official SDK, so that a site can move from it,
 * or back to it, without changing a visitor's variations. The SDK ignores the other fields, which only this package
 * uses.
 */
export interface VisitorState {
  /** Experience id -> variation id. */
  bucketing?: Record<string, string>;
  /** Goal key -> true once it has been tracked. */
  goals?: Record<string, boolean>;
  segments?: Record<string, unknown>;
  /** Ids or keys of the locations that matched last. */
  locations?: string[];
  /** Ids of experiences that were decided with `enableTracking: false`: their exposure is not sent yet. */
  unexposed?: string[];
  /** Goal key -> the transactions that were tracked (`transactionKey`), the latest last. */
  transactions?: Record<string, string[]>;
  /**
   * The visitor's consent answer, which jobs and webhooks read: `granted` if consent is configured and was granted,
   * `denied` if consent is not configured and the last request of the visitor carried an opt-out.
   */
  consent?: 'granted' | 'denied';
  /** Changes that were deferred while consent was unknown (`consent.mode: 'hold'`). */
  held?: DeferredChange[];
  /**
   * Name of a claim -> the time when the claim lapses, in milliseconds since the epoch. A claim is pending until its
   * event is in an outbox that outlives the process. Only stores that outlive the process have pending claims.
   */
  pending?: Record<string, number>;
  /**
   * The visitor id of the user's first device. Only the document of a user (`aliasKey`) has this field, never a
   * visitor's.
   */
  alias?: string;
  /** The hashes (`userHasher`) of the user to whom this visitor belongs, the latest last. */
  users?: string[];
  /** When a text that carries this visitor was made (`carry`), in milliseconds since the epoch; told once a day. */
  carried?: number;
  /**
   * When a carried visitor denied consent, in milliseconds since the epoch. Only the document that is left of such a
   * visitor (`denialKey`) has this field, never a visitor's.
   */
  deniedAt?: number;
  /** The names of the last commits, the latest last. Some stores need them to recognize their own commits. */
  commit?: string;
}

/** One change that waits for consent, with its events. */
export interface DeferredChange {
  /** The time when the change was deferred, in milliseconds since the epoch. */
  at: number;
  change: StateChange;
  events: DeferredEvent[];
}

/** An event that waits for the consent of the visitor. */
export interface DeferredEvent {
  event: WireEvent;
  segments?: ReportSegments;
  claim?: string;
  also?: string;
}

/** A variation for an experience, which is stored only if no other one was stored first. */
export interface Claim {
  variationId: string;
  /**
   * The id of the stored variation that this claim may overwrite. The project does not have that variation any more, or
   * the app has forced another one.
   */
  replaces?: string;
  /** False if the exposure is not sent with this claim (`enableTracking: false`). */
  exposed: boolean;
}

/** The changes that a decision or a conversion makes in a visitor's state. */
export interface StateChange {
  /** Claims on variations, by experience id. */
  claims?: Record<string, Claim>;
  /** Keys of goals that are claimed as tracked for the first time. */
  goals?: string[];
  /** Ids of transactions that are claimed as tracked for the first time, by goal key. */
  transactions?: Record<string, string[]>;
  /** Segments that are merged into the stored segments; arrays are united. */
  segments?: Record<string, unknown>;
  /** Locations that replace the stored locations. */
  locations?: string[];
  /** Ids of experiences in `unexposed` whose exposure this change claims. */
  exposed?: string[];
  consent?: 'granted' | 'denied' | 'withdrawn';
  /**
   * A change to be deferred until consent is known. Deferred changes that are too old are dropped, and so are the
   * oldest events above `MAX_DEFERRED_EVENTS`.
   */
  hold?: DeferredChange;
  /** True removes all deferred changes, since they are committed now or consent was denied. */
  release?: boolean;
  /**
   * The present time, in milliseconds since the epoch: claims that have lapsed by then count as not made. Without it,
   * all claims count as made.
   */
  at?: number;
  /**
   * The names of those claims of this change that lapse at `until`, unless a later change names them in `settled`
   * before.
   */
  pending?: { claims: readonly string[]; until: number };
  /** The names of claims that are not pending any more, since their events are in an outbox. */
  settled?: readonly string[];
  /**
   * The visitor id of the user's first device, for the document of a user. It is stored only if the document has none
   * yet.
   */
  alias?: string;
  /**
   * The hashes (`userHasher`) of one user, the present one first. The visitor belongs to the first user of whom this is
   * stored: the present hash is added to the visitor's `users` if there are none, or if one of them is among these.
   */
  users?: readonly string[];
  /** The time for `carried` of the state. A change with it is stored for good. */
  carried?: number;
  /** The time for `deniedAt` of the state. */
  deniedAt?: number;
  /** The most bytes of the state, as JSON, that the change may leave behind. Default 65536 (64 KiB). */
  maxBytes?: number;
}

/** What became of a change that a store was given. */
export interface Committed {
  state: VisitorState;
  /** The names of claims that another request has won before. The events of these claims must not be sent. */
  lost: ReadonlySet<string>;
  /** The number of deferred events that were dropped, because they were too old, too many or too large. */
  forgotten?: number;
  /** The number of custom properties and transactions that were dropped, since the state had become too large. */
  trimmed?: number;
}
