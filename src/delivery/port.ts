/** The delivery port: an outbox takes events of visitors and brings them to Convert. */
import type { ConvertError } from '../errors.js';
import type { VisitorEvent } from '../tracking.js';

/**
 * Counts of events since the start. At any instant
 * `accepted = delivered + pending + spooled + rejected + dropped`.
 */
export interface DeliveryLedger {
  /** Offered to the outbox. */
  readonly accepted: number;
  /** Answered with a 2xx. */
  readonly delivered: number;
  /** Waiting or under way. */
  readonly pending: number;
  /** On disk, for a later process. */
  readonly spooled: number;
  /** Refused by the tracking endpoint (4xx) or not fit to be sent. */
  readonly rejected: number;
  /** Given up here, by reason below. */
  readonly dropped: number;
  /** Why events were dropped or rejected, and how many. */
  readonly reasons: Readonly<Partial<Record<DropReason, number>>>;
}

/**
 * - `overflow` the outbox was full
 * - `too-large` an event over 32 KiB
 * - `claim-lost` another request of the visitor made the same decision or conversion first
 * - `consent` a job had none, it was withdrawn before the commit, or it didn't come while events were held
 * - `not-ready` no project config had arrived
 * - `no-identity` the visitor's id could not be handed out (a publicly cached response, a head already sent), or a job
 *   brought none
 * - `bad-data` conversion data that Convert does not take
 * - `refused` the tracking endpoint answered with a 4xx
 * - `closed` the outbox was closed before they could be delivered
 */
export type DropReason =
  | 'overflow'
  | 'too-large'
  | 'claim-lost'
  | 'consent'
  | 'not-ready'
  | 'no-identity'
  | 'bad-data'
  | 'refused'
  | 'closed';

export interface Outbox {
  /**
   * Offers events. Room is taken at once, nothing is awaited. `refused` says which did not fit; what depends on them
   * must not be stored. The others are sent once `confirm` is called with those that lost their claim meanwhile
   * (they are dropped as `claim-lost`).
   */
  offer(events: readonly VisitorEvent[]): Offer;
  /** Counts events that were given up before they could be offered. */
  drop(count: number, reason: DropReason): void;
  ledger(): DeliveryLedger;
  /** More than the ledger, for `stats()`. */
  stats(): DeliveryStats;
  /** Sends what waits and resolves when it is delivered or rejected, or after `timeout` milliseconds. Never rejects. */
  flush(timeout: number): Promise<DeliveryLedger>;
  /** As `flush`, then stops for good: what is still pending is dropped as `closed`. Idempotent, never rejects. */
  close(timeout: number): Promise<DeliveryLedger>;
}

export interface Offer {
  readonly refused: ReadonlySet<VisitorEvent>;
  confirm(lost?: ReadonlySet<VisitorEvent>): void;
}

export interface DeliveryStats extends DeliveryLedger {
  /** Bytes of pending events. */
  readonly queueBytes: number;
  /** POSTs that were made, whatever became of them. */
  readonly posts: number;
  /** POSTs that failed and will be, or were, tried again. */
  readonly retries: number;
  /** The last failure, without visitor data; undefined after a success. */
  readonly lastError: string | undefined;
}

/** What an outbox tells its owner. */
export interface OutboxListener {
  delivered(count: number): void;
  dropped(count: number, reason: DropReason): void;
  error(error: ConvertError): void;
}

/** Where a batch is posted: known once there is a project config. */
export interface Destination {
  readonly accountId: string;
  readonly projectId: string;
  /** The full URL of the tracking endpoint. */
  readonly url: string;
}

/** One POST. The outbox decides what an answer means. */
export interface Transport {
  /**
   * Resolves with the status and the `Retry-After` header; rejects on a network error or when the time limit of the
   * transport is over. With `hold` the process is kept alive while the POST is under way.
   */
  post(url: string, body: string, hold: boolean): Promise<{ status: number; retryAfter: string | undefined }>;
  /** Nobody waits any longer: a POST under way no longer keeps the process alive. */
  release?(): void;
  close(): void;
}
