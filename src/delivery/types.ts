/** Defines the interfaces of delivery: an outbox takes events of visitors, and a transport posts them to Convert. */
import type { VisitorEvent } from '../model/tracking-event.js';
import type { Backoff } from '../utils/backoff.js';
import type { ConvertError } from '../utils/errors.js';

/**
 * The counts of events since the start of the outbox, by outcome. At any instant `accepted = delivered + pending +
 * spooled + rejected + dropped`.
 */
export interface DeliveryLedger {
  /**
   * Events that were offered to the outbox, or that were dropped before they could be offered. Refused events count,
   * too.
   */
  readonly accepted: number;
  /** Events in POSTs that the tracking endpoint answered with a 2xx status. */
  readonly delivered: number;
  /** Events that wait in this process or are in a POST under way. */
  readonly pending: number;
  /**
   * Events that are on disk or in Redis and no longer in this process. This process or another one sends them from
   * there.
   */
  readonly spooled: number;
  /** Events that the tracking endpoint refused: it answered their POST with a 4xx status that no retry can change. */
  readonly rejected: number;
  /** Events that this process gave up; `reasons` tells why. */
  readonly dropped: number;
  /** The number of dropped and rejected events, by reason. */
  readonly reasons: Readonly<Partial<Record<DropReason, number>>>;
}

/**
 * The reason for which an event was dropped or rejected:
 *
 * - `overflow` the outbox was full
 * - `too-large` the event was over 32 KiB, or the tracking endpoint found it too large
 * - `claim-lost` another request of the visitor made the same decision or conversion first; or the outbox had no room
 *   for the rest of the conversion
 * - `consent` the visitor's consent was missing in a job, was withdrawn before the commit, or was not given while the
 *   event was deferred
 * - `not-ready` no project config had arrived
 * - `no-identity` the visitor's id could not be sent to the browser (the response may be cached publicly, or its head
 *   was sent already), or a job gave no visitor id
 * - `bad-data` JSON can not hold the event, or Convert does not take its conversion data
 * - `refused` the tracking endpoint answered with a 4xx that says nothing of a later try
 * - `expired` the event was over 72 hours old
 * - `corrupt` the stored event can not be read any more
 * - `disabled` nothing is sent (`stats().delivery.disabled` tells why)
 * - `closed` the outbox was closed before the event could be delivered
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
  | 'disabled'
  | 'closed'
  | 'forgotten';

/**
 * Keeps the events of decisions and conversions, and sends them. `redisOutbox()` makes one, and an app can write one.
 */
export interface Outbox {
  /** True if events outlive the process once they are stored. Default false. */
  readonly outlives?: boolean;
  /**
   * Offers events. Room for them is taken at once, and nothing is awaited. `refused` holds the events that the outbox
   * does not take; a decision or conversion whose event is refused must not be stored. The other events are sent once
   * `confirm` is called. `confirm` gets the events that lost their claim meanwhile; they are dropped as `claim-lost`.
   */
  offer(events: readonly VisitorEvent[]): Offer;
  /**
   * True while over half of the room for events is taken: then jobs wait before they make more events. Default: never.
   */
  isHalfFull?(): boolean;
  /** Counts events that were given up before they could be offered. */
  drop(count: number, reason: DropReason): void;
  /**
   * Drops the events of these visitors that were offered before the call (`forgotten`). An event whose POST is under
   * way is dropped only if it would have to be sent again. Events in this process are dropped at once, even if the call
   * rejects. The call resolves once no process that shares the disk or Redis will send the other events, even if this
   * process is killed. It rejects if this can't be promised; it is to be called again then. An outbox without this
   * method sends such events.
   */
  forget?(visitorIds: readonly string[]): void | Promise<void>;
  ledger(): DeliveryLedger;
  /** The ledger and further figures, for `stats().delivery`. */
  stats(): DeliveryStats;
  /**
   * Sends the waiting events. Resolves when they are delivered or given up, or after `timeout` milliseconds. Never
   * rejects.
   */
  flush(timeout: number): Promise<DeliveryLedger>;
  /**
   * Flushes the outbox for `timeout` milliseconds at most, then stops it for good. Events that are still pending are
   * dropped as `closed`, or stay on disk or in Redis (`spooled`). Idempotent, never rejects.
   */
  close(timeout: number): Promise<DeliveryLedger>;
}

/** The answer of an outbox to events that it was offered. */
export interface Offer {
  readonly refused: ReadonlySet<VisitorEvent>;
  /** Why events are refused. Default: the outbox has no room, so that they may be taken another time. */
  readonly reasons?: ReadonlyMap<VisitorEvent, DropReason> | undefined;
  /**
   * Has the offered events sent, except for the events in `lost`. An outbox with `outlives` calls `kept` later: once
   * all events that it sends are stored outside the process or finalized (delivered or given up).
   */
  confirm(lost?: ReadonlySet<VisitorEvent>, kept?: () => void): void;
}

/**
 * The reason why nothing is sent:
 *
 * - `option` the option `delivery` is false
 * - `no-account` the project is in the short form, so no account knows it, and `endpoints.track` is not given
 */
export type DisabledBy = 'option' | 'no-account';

export interface DeliveryStats extends DeliveryLedger {
  /** Why nothing is sent. Absent if events are sent. */
  readonly disabled?: DisabledBy;
  /**
   * The number of formats in which other versions of this package keep events of the project in the same spool or
   * Redis. They are left to these versions. Absent if there are none.
   */
  readonly otherFormats?: number;
  /**
   * Bytes of the events that this process has to send, in memory and in its spool. Events that wait in Redis alone do
   * not count.
   */
  readonly queueBytes: number;
  /** The number of pending events that are lost if the process is killed now. */
  readonly volatile: number;
  /** Milliseconds since the oldest event in memory was accepted; 0 if there is no event. */
  readonly oldestAge: number;
  /**
   * The state of the circuit breaker. `closed`: the endpoint works. `open`: the endpoint fails, and nothing is posted
   * for a while. `half-open`: the endpoint failed, and a POST is trying it again.
   */
  readonly breaker: Breaker;
  /**
   * The number of POSTs that were made, with any outcome. A POST that was repeated because the server had closed the
   * idle connection counts once.
   */
  readonly posts: number;
  /** The number of POSTs that failed and whose events are, or were, posted again. */
  readonly retries: number;
  /** The last failure of a POST in words, without visitor data; undefined after a success. */
  readonly lastError: string | undefined;
}

export type Breaker = 'closed' | 'open' | 'half-open';

/** The owner of an outbox, which is told what became of its events. */
export interface OutboxListener {
  delivered(count: number): void;
  dropped(count: number, reason: DropReason): void;
  /**
   * Called when something begins to fail, for example the endpoint or the disk. Called again only after it has
   * recovered.
   */
  error(error: ConvertError): void;
  /** Called when something works again that had failed. `message` is a sentence for the log. */
  recovered(message: string): void;
}

/** The default of `OutboxOptions.maxQueueBytes`. */
export const DEFAULT_QUEUE_BYTES = 16 * 1024 * 1024;

/** The options that every outbox gets. An outbox of one kind may have further options of its own. */
export interface OutboxOptions {
  transport: Transport;
  /** Returns the address to post to; undefined until there is a project config. Events wait for the address. */
  destination: () => Destination | undefined;
  listener: OutboxListener;
  /** Bytes of events that may wait in memory. The last tenth is kept for conversions. Default 16 MiB. */
  maxQueueBytes?: number;
  /** The most bytes of one event with its visitor id and segments. Default 32 KiB. */
  maxEventBytes?: number;
  /** The most events in one POST. Default 1,000. */
  maxBatchEvents?: number;
  /** The most bytes of one POST. Default 256 KiB; a single event that is larger is posted alone. */
  maxBatchBytes?: number;
  /** Milliseconds between the end of a POST and the next POST, unless a full batch or a flush waits. Default 100. */
  lingerMs?: number;
  /** Lets Convert count only the first exposure of a visitor. Default true. */
  enrichData?: boolean;
  /** The name and version of the software that sends events, for Convert. Default: none. */
  source?: string;
  /** The time to wait after a failed POST, in milliseconds. Default: from 500, rising up to 60,000. */
  backoff?: Backoff;
  /** Returns a random number in [0, 1), which varies the backoff. Default `Math.random`. */
  random?: () => number;
}

/** Makes an outbox of one kind. The option `delivery.outbox` takes such a function. */
export type OutboxFactory = (options: OutboxOptions) => Outbox;

/** The address that a batch is posted to; it is known once there is a project config. */
export interface Destination {
  readonly accountId: string;
  readonly projectId: string;
  /** The full URL of the tracking endpoint. */
  readonly url: string;
}

/** What the tracking endpoint has answered. */
export interface TransportAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /**
   * The `Date` header of the answer. With it, a date in `retryAfter` is understood even if the clock of this machine is
   * wrong.
   */
  readonly date?: string;
  /** True if the body is a web page, in HTML, which the tracking endpoint never answers. Default false. */
  readonly isPage?: boolean;
}

/** Makes single POSTs to the tracking endpoint. The outbox decides what an answer means. */
export interface Transport {
  /**
   * Makes a POST. Resolves with what the outbox needs of the answer. Rejects on a network error, or when the time limit
   * of the transport is over. With `keepAlive` the process is kept alive while the POST is under way.
   */
  post(url: string, body: string, keepAlive: boolean): Promise<TransportAnswer>;
  /** Lets the process end although a POST is under way, since no flush waits for it any longer. */
  release?(): void;
  close(): void;
}

/** Warnings for the operator about dropped events, by reason. Each is logged once. Other reasons need no warning. */
export const DROP_WARNINGS: Readonly<Partial<Record<DropReason, string>>> = {
  overflow:
    'the outbox is full, so events are refused, exposures first: the tracking endpoint is down or slower than they ' +
    'come; see stats().delivery, and raise `delivery.maxQueueBytes` (or `maxBytes` of the spool)',
  'too-large': 'an event of over 32 KiB was dropped: shorten its visitor id, segments or conversion data',
  'bad-data': 'an event was dropped that JSON can not hold, or that Convert would not take',
  expired: 'events were dropped that were over 72 hours old before they could be delivered',
  disabled: 'conversions are dropped, since nothing is sent; stats().delivery.disabled tells why',
  corrupt: 'stored events were dropped that can not be read any more',
};
