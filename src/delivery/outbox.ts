/**
 * What all outboxes do: events are measured and refused or taken, counted, confirmed, sent, and accounted for to the last
 * one. Where they wait until they are sent is the matter of a `Shelf`.
 */
import type { VisitorEvent } from '../model/tracking-event.js';
import { DEFAULT_BACKOFF } from '../utils/backoff.js';
import type { ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import { ErasureGuard } from './erasure-guard.js';
import { createFlushTracker, type FlushTracker } from './flush-tracker.js';
import { createLedger, type Ledger } from './ledger.js';
import { serialise, type SerialisedEvent } from './payload.js';
import { QueuedEvent, wereKept } from './queued-event.js';
import { createSender, type Sender } from './sender.js';
import {
  DEFAULT_QUEUE_BYTES,
  type DeliveryLedger,
  type DeliveryStats,
  type Destination,
  type DropReason,
  type Offer,
  type Outbox,
  type OutboxOptions,
} from './types.js';

/** The share of the room that exposures may fill. */
const EXPOSURE_SHARE = 0.9;
/** Milliseconds that what is outside of the process may take at the end. */
const CLOSE_LIMIT = 1_000;

/** What an outbox and its shelf share. */
export interface OutboxCore {
  readonly ledger: Ledger;
  readonly flushes: FlushTracker;
  readonly sender: Sender<QueuedEvent>;
  /** `<account>-<project>`, once there is one. */
  project(): string | undefined;
  /** Bytes of the events that were taken and are not settled. */
  readonly queueBytes: number;
  /** Takes account of events that come from elsewhere, not from an offer. */
  adopt(event: SerialisedEvent, at: number): QueuedEvent;
  /** Bytes of events that are gone without having been here. */
  release(bytes: number): void;
  /** Events that this process is done with; `count` puts them into the ledger. */
  finalize(events: readonly QueuedEvent[], count: (events: number) => void): void;
  /** Events of visitors who were forgotten: what waits for the sender is dropped, what is under way is not sent again. */
  cancel(isForgotten: (event: QueuedEvent) => boolean): void;
}

/** Where confirmed events wait until they are sent. */
export interface QueueBackend {
  /** True where what is kept outlives the process: `wereKept` is told once it does. Default false. */
  readonly outlives?: boolean;
  /** Bytes that may wait here; events of more are refused. Default: `maxQueueBytes`. */
  readonly maxBytes?: number;
  /** False where there is no room for one more that may fill such a share of it, whatever `maxBytes` says. */
  hasRoom?(bytes: number, share: number): boolean;
  keep(event: QueuedEvent): void;
  /** All that was confirmed together was kept. */
  kept(): void;
  /** These were delivered, or given up: they are never sent again. */
  finalized?(batch: readonly QueuedEvent[]): void;
  /** As `settled`, of visitors who were forgotten: from anywhere among the events, and older ones may not be settled. */
  cancelled?(events: readonly QueuedEvent[]): void;
  /**
   * These visitors are forgotten: what was accepted of them up to that time, in milliseconds since the epoch, is not
   * given to the sender any more; what it has is withdrawn by itself. See `Outbox.forget`.
   */
  forget?(visitorIds: ReadonlySet<string>, at: number): void | Promise<void>;
  /** False while it is open whether what was kept here is still ours to send. */
  isOurs?(): boolean;
  /** Somebody waits for all that was kept; `closesIn` milliseconds it is closed, if at all. */
  hurry?(closesIn?: number): void;
  /** Nothing more comes. It gets a second. */
  close?(): Promise<void>;
  /** It is over: what outlives the process is counted as spooled, the rest will be dropped, and nothing changes any more. */
  closed?(): void;
  /** The oldest event that was not given to the sender. */
  oldest?(): QueuedEvent | undefined;
  /** Of the pending events, those that would be lost with the process. Default: all. */
  volatile?(): number;
}

const NONE: ReadonlySet<VisitorEvent> = new Set();
const NOTHING_TAKEN: Offer = { refused: NONE, confirm() {} };

/** See `OutboxOptions` for the defaults. */
export function createOutbox(options: OutboxOptions, shelve: (core: OutboxCore) => QueueBackend): Outbox {
  const {
    transport,
    maxQueueBytes = DEFAULT_QUEUE_BYTES,
    maxEventBytes = 32 * 1024,
    maxBatchEvents = 1000,
    maxBatchBytes = 256 * 1024,
    lingerMs = 100,
    enrichData = true,
    backoff = DEFAULT_BACKOFF,
    random = Math.random,
  } = options;

  let queueBytes = 0;
  const ledger = createLedger(options.listener);
  const erasures = new ErasureGuard();
  const waiting = createFlushTracker(() => transport.release?.());
  const sender = createSender<QueuedEvent>(
    {
      transport,
      destination: () => (shelf.isOurs?.() === false ? undefined : destination()),
      payload: { enrichData, source: options.source },
      maxBatchEvents,
      maxBatchBytes,
      lingerMs,
      backoff,
      random,
    },
    {
      delivered: (batch) => finish(batch, (count) => ledger.deliver(count)),
      rejected: (batch, reason) => finish(batch, (count) => ledger.reject(count, reason)),
      expired: (batch) => finish(batch, (count) => ledger.drop(count, 'expired')),
      cancelled: dropForgotten,
      failed: (error: ConvertError) => ledger.error(error),
      recovered: (failedPosts) =>
        ledger.recovered(`the tracking endpoint takes events again, after ${failedPosts} failed POSTs`),
      isFlushing: () => waiting.waits > 0,
    },
  );
  const shelf = shelve({
    ledger,
    flushes: waiting,
    sender,
    project() {
      const { accountId, projectId } = destination() ?? {};
      return accountId === undefined ? undefined : `${accountId}-${projectId}`;
    },
    adopt,
    release,
    finalize: settle,
    cancel: withdraw,
    get queueBytes() {
      return queueBytes;
    },
  });
  const { maxBytes = maxQueueBytes } = shelf;

  let closing: Promise<DeliveryLedger> | undefined;
  let closed = false;

  /** One that throws is none yet. */
  function destination(): Destination | undefined {
    try {
      return options.destination();
    } catch {
      return undefined;
    }
  }

  function adopt(event: SerialisedEvent, at: number): QueuedEvent {
    queueBytes += event.bytes;
    return new QueuedEvent(event, waiting.join(), at);
  }

  function release(bytes: number): void {
    queueBytes -= bytes;
  }

  function settle(events: readonly QueuedEvent[], count: (events: number) => void): void {
    for (const event of events) queueBytes -= event.bytes;
    count(events.length);
    wereKept(events);
    // Waits end last: who awaits a flush finds the ledger up to date.
    for (const event of events) waiting.leave(event.epoch);
  }

  function finish(batch: readonly QueuedEvent[], count: (events: number) => void): void {
    settle(batch, count);
    shelf.finalized?.(batch);
  }

  function dropForgotten(events: readonly QueuedEvent[]): void {
    if (events.length === 0) return;
    settle(events, (count) => ledger.drop(count, 'forgotten'));
    shelf.cancelled?.(events);
  }

  function withdraw(isForgotten: (event: QueuedEvent) => boolean): void {
    dropForgotten(sender.cancel(isForgotten));
  }

  async function forget(visitorIds: readonly string[]): Promise<void> {
    const ids = new Set(visitorIds);
    // First: whatever the shelf brings to the sender from here on has nothing of them.
    const kept = shelf.forget?.(ids, erasures.add(ids));
    withdraw(({ visitorId }) => ids.has(visitorId));
    await kept;
  }

  function reasonToRefuse({ event }: VisitorEvent, { bytes }: SerialisedEvent): DropReason | undefined {
    if (bytes > maxEventBytes) return 'too-large';
    const share = event.eventType === 'bucketing' ? EXPOSURE_SHARE : 1;
    if (queueBytes + bytes > maxBytes * share) return 'overflow';
    return shelf.hasRoom?.(bytes, share) === false ? 'overflow' : undefined;
  }

  function prepared(
    event: VisitorEvent,
    before: Parameters<typeof serialise>[1],
  ): SerialisedEvent | DropReason {
    if (closing) return 'closed';
    try {
      const serialised = serialise(event, before);
      return reasonToRefuse(event, serialised) ?? serialised;
    } catch {
      return 'bad-data';
    }
  }

  function offer(events: readonly VisitorEvent[]): Offer {
    if (events.length === 0) return NOTHING_TAKEN;
    const at = erasures.offered();
    let refused: Set<VisitorEvent> | undefined;
    /** In the order of the events; undefined where one was refused. */
    const queued = new Array<QueuedEvent | undefined>(events.length).fill(undefined);
    let before: Parameters<typeof serialise>[1];
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      const serialised = prepared(event, before);
      ledger.accept(1);
      if (typeof serialised === 'string') {
        (refused ??= new Set()).add(event);
        ledger.drop(1, serialised);
        continue;
      }
      before = events.length > 1 ? { event, serialised } : undefined;
      queued[index] = adopt(serialised, at);
    }

    let isConfirmed = false;
    return {
      refused: refused ?? NONE,
      confirm(lost = NONE, onKept) {
        // After the close these events are counted already.
        if (isConfirmed || closed) return;
        isConfirmed = true;
        let gone: QueuedEvent[] | undefined;
        let forgotten: QueuedEvent[] | undefined;
        let last: QueuedEvent | undefined;
        for (let index = 0; index < queued.length; index++) {
          const event = queued[index];
          if (event === undefined) continue;
          if (lost.size > 0 && lost.has(events[index]!)) (gone ??= []).push(event);
          else if (!erasures.isEmpty && erasures.covers(event.visitorId, at)) (forgotten ??= []).push(event);
          else shelf.keep((last = event));
        }
        // They are kept in order.
        if (last !== undefined) last.onKept = onKept;
        else if (forgotten !== undefined) onKept?.();
        erasures.confirmed(at);
        if (gone !== undefined) settle(gone, (count) => ledger.drop(count, 'claim-lost'));
        if (forgotten !== undefined) settle(forgotten, (count) => ledger.drop(count, 'forgotten'));
        shelf.kept();
      },
    };
  }

  function wait(timeout: number, how?: { last: boolean }): Promise<void> {
    const settled = waiting.wait(timeout);
    shelf.hurry?.(how?.last ? timeout : undefined);
    sender.hurry(how);
    return settled;
  }

  async function end(timeout: number): Promise<DeliveryLedger> {
    await wait(timeout, { last: true });
    closed = true;
    sender.stop();
    // A backend that fails to close, or takes too long, is left as it is.
    await withTimeout(CLOSE_LIMIT, shelf.close?.(), { keepAlive: true }).catch(() => undefined);
    shelf.closed?.();
    sender.takeBack(() => true);
    queueBytes = 0;
    ledger.drop(ledger.pending, 'closed');
    waiting.dissolve();
    transport.close();
    return ledger.read();
  }

  function stats(): DeliveryStats {
    const oldest = sender.oldest() ?? shelf.oldest?.();
    return {
      ...ledger.read(),
      queueBytes,
      volatile: shelf.volatile?.() ?? ledger.pending,
      oldestAge: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.at),
      posts: sender.posts,
      retries: sender.retries,
      lastError: sender.lastError,
      breaker: sender.breaker,
    };
  }

  return {
    outlives: shelf.outlives ?? false,
    offer,
    drop(count, reason) {
      ledger.accept(count);
      ledger.drop(count, reason);
    },
    forget,
    ledger: () => ledger.read(),
    stats,
    async flush(timeout) {
      await wait(timeout);
      return ledger.read();
    },
    close: (timeout) => (closing ??= end(timeout)),
  };
}
