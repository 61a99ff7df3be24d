/** The interfaces of delivery: an outbox takes events of visitors, and a transport posts them to Convert. */
import type { VisitorEvent } from '../model/tracking-event.js';
import type { Backoff } from '../utils/backoff.js';
import type { ConvertError } from '../utils/errors.js';

/**
 * Counts of events since the start. At any instant
 * `accepted = delivered + pending + spooled + rejected + dropped`.
 */
export interface DeliveryLedger {
  /** Offered to the outbox. */
  readonly accepted: number;
  /** Answered with a 2xx. */
  readonly delivered: number;
  /** Waiting in this process, or under way. */
  readonly pending: number;
  /** Out of this process, on disk or in Redis: sent from there, by this process or another one. */
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
 * - `refused` the tracking endpoint answered with a 4xx that says nothing of a later try
 * - `expired` over 72 hours old
 * - `corrupt` what was stored of them can't be read any more
 * - `closed` the outbox was closed before they could be delivered
 * - `forgotten` the visitor was forgotten (`convert.forget`)
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
  | 'expired'
  | 'corrupt'
  | 'closed'
  | 'forgotten';

export interface Outbox {
  /** True if events outlive the process, once they are stored. Default false. */
  readonly outlives?: boolean;
  /**
   * Offers events. Room is taken at once, nothing is awaited. `refused` says which did not fit; what depends on them
   * must not be stored. The others are sent once `confirm` is called with those that lost their claim meanwhile
   * (they are dropped as `claim-lost`).
   */
  offer(events: readonly VisitorEvent[]): Offer;
  /** Counts events that were given up before they could be offered. */
  drop(count: number, reason: DropReason): void;
  /**
   * Drops the events of these visitors that were offered before the call (`forgotten`). An event whose POST is under
   * way is dropped only if it would have to be sent again. Events in this process are dropped at once, even if the call
   * rejects. The call resolves once no process that shares the disk or Redis will send the rest, even if this process
   * is killed. It rejects if that can't be promised: call it again. Default: such events are sent.
   */
  forget?(visitorIds: readonly string[]): void | Promise<void>;
  ledger(): DeliveryLedger;
  /** More than the ledger, for `stats()`. */
  stats(): DeliveryStats;
  /** Sends what waits and resolves when it is delivered or rejected, or after `timeout` milliseconds. Never rejects. */
  flush(timeout: number): Promise<DeliveryLedger>;
  /**
   * Flushes, then stops for good: events that are still pending are dropped as `closed`, or stay on disk or in Redis
   * (`spooled`). Idempotent, never rejects.
   */
  close(timeout: number): Promise<DeliveryLedger>;
}

/** The answer of an outbox to events that it was offered. */
export interface Offer {
  readonly refused: ReadonlySet<VisitorEvent>;
  /**
   * Has the events sent, but for those in `lost`. An outbox with `outlives` calls `kept` later: once all of them would
   * outlive the process or are finalized.
   */
  confirm(lost?: ReadonlySet<VisitorEvent>, kept?: () => void): void;
}

export interface DeliveryStats extends DeliveryLedger {
  /** Bytes of the events that this process accepted and that are neither delivered nor given up. */
  readonly queueBytes: number;
  /** The number of pending events that are lost if the process is killed now. */
  readonly volatile: number;
  /** Milliseconds since the oldest event in this process was accepted; 0 without one. */
  readonly oldestAge: number;
  /**
   * `closed` all is well. `open`: the endpoint fails, and is left alone for a while. `half-open`: it failed, and is
   * being tried again.
   */
  readonly breaker: Breaker;
  /**
   * The number of POSTs that were made, with any outcome. A POST that was repeated because the server had closed the
   * idle connection counts once.
   */
  readonly posts: number;
  /** POSTs that failed and will be, or were, tried again. */
  readonly retries: number;
  /** The last failure, without visitor data; undefined after a success. */
  readonly lastError: string | undefined;
}

export type Breaker = 'closed' | 'open' | 'half-open';

/** The owner of an outbox, which hears what became of its events. */
export interface OutboxListener {
  delivered(count: number): void;
  dropped(count: number, reason: DropReason): void;
  /** Something began to fail. Called once until it has recovered. */
  error(error: ConvertError): void;
  /** Something works again. The sentence is for the log. */
  recovered(message: string): void;
}

/** 16 MiB. */
export const DEFAULT_QUEUE_BYTES = 16 * 1024 * 1024;

/** The options that every outbox gets; an implementation may have further ones of its own. */
export interface OutboxOptions {
  transport: Transport;
  /** Undefined until there is a project config: events wait for it. */
  destination: () => Destination | undefined;
  listener: OutboxListener;
  /** Bytes of events that may wait in memory. The last tenth is kept for conversions. Default 16 MiB. */
  maxQueueBytes?: number;
  /** Bytes of one event with its visitor id and segments. Default 32 KiB. */
  maxEventBytes?: number;
  /** Events in one POST. Default 1,000. */
  maxBatchEvents?: number;
  /** Bytes of one POST. Default 256 KiB; a single event that is larger goes alone. */
  maxBatchBytes?: number;
  /** Milliseconds between the end of a POST and the next one, unless a full batch or a flush waits. Default 100. */
  lingerMs?: number;
  /** Lets Convert count only the first exposure of a visitor. Default true. */
  enrichData?: boolean;
  /** The name and version of the software that sends events, for Convert. Default: none. */
  source?: string;
  /** Milliseconds. Default 500 to 60,000. */
  backoff?: Backoff;
  /** In [0, 1). Default `Math.random`. */
  random?: () => number;
}

/** Makes an outbox of one kind: what the option `delivery.outbox` takes. */
export type OutboxFactory = (options: OutboxOptions) => Outbox;

/** The address that a batch is posted to; it is known once there is a project config. */
export interface Destination {
  readonly accountId: string;
  readonly projectId: string;
  /** The full URL of the tracking endpoint. */
  readonly url: string;
}

export interface TransportAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The `Date` header, so that a date in `retryAfter` is understood even if the clock of this machine is wrong. */
  readonly date?: string;
}

/** Makes single POSTs. The outbox decides what an answer means. */
export interface Transport {
  /**
   * Resolves with the status and the headers `Retry-After` and `Date`; rejects on a network error or when the time
   * limit of the transport is over. With `keepAlive` the process is kept alive while the POST is under way.
   */
  post(url: string, body: string, keepAlive: boolean): Promise<TransportAnswer>;
  /** Lets the process end although a POST is under way, since no flush waits for it any longer. */
  release?(): void;
  close(): void;
}

/** Warnings, each logged once, about events that an operator should not lose without knowing. */
export const DROP_WARNINGS: Readonly<Partial<Record<DropReason, string>>> = {
  overflow:
    'the outbox is full, so events are refused, exposures first: the tracking endpoint is down or slower than they ' +
    'come; see stats().delivery, and raise `delivery.maxQueueBytes` (or `maxBytes` of the spool)',
  'too-large': 'an event of over 32 KiB was dropped: shorten its visitor id, segments or conversion data',
  'bad-data': 'an event was dropped that JSON can not hold, or that Convert would not take',
  expired: 'events were dropped that were over 72 hours old before they could be delivered',
  corrupt: 'stored events were dropped that can not be read any more',
};
