/**
 * Accepts events of visitors and has them sent to Convert. Each event is measured, refused or accepted, confirmed,
 * sent, and counted by its outcome. This is the same for all outboxes; a `QueueBackend` keeps the events until they are
 * sent: in memory, on disk or in Redis.
 */
import type { VisitorEvent } from '../model/tracking-event.js';
import { DEFAULT_BACKOFF } from '../utils/backoff.js';
import type { ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import { ErasureGuard } from './erasure-guard.js';
import { createFlushTracker } from './flush-tracker.js';
import { createLedger } from './ledger.js';
import { serialise, type SerialisedEvent } from './payload.js';
import type { OutboxCore, QueueBackend } from './queue-backend.js';
import { QueuedEvent, wereKept } from './queued-event.js';
import { createSender } from './sender.js';
import type { Sender } from './sender-types.js';
import {
  type DeliveryLedger,
  type DeliveryStats,
  type Destination,
  type DropReason,
  type Offer,
  type Outbox,
  type OutboxOptions,
  type Transport,
} from './types.js';

/** The share of the queue's bytes that exposures may fill. The rest is kept for conversions. */
const EXPOSURE_SHARE = 0.9;
/**
 * Milliseconds that the close of an outbox waits for the disk or Redis. After that the close goes on without an answer.
 */
const CLOSE_LIMIT = 1_000;

const NONE: ReadonlySet<VisitorEvent> = new Set();
const NOTHING_TAKEN: Offer = { refused: NONE, confirm() {} };

/** Makes an outbox that keeps its events in the given backend. `OutboxOptions` tells the defaults. */
export function createOutbox(
  options: OutboxOptions,
  createBackend: (core: OutboxCore) => QueueBackend,
): Outbox {
  const {
    transport,
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
  const flushes = createFlushTracker(() => transport.release?.());
  const sender = senderOver(transport, () => flushes.waits > 0);
  const backend = createBackend({
    ledger,
    flushes,
    sender,
    senderOver,
    project() {
      const { accountId, projectId } = destination() ?? {};
      return accountId === undefined ? undefined : `${accountId}-${projectId}`;
    },
    adopt,
    release,
    finalize,
    cancel,
    get queueBytes() {
      return queueBytes;
    },
  });

  let closing: Promise<DeliveryLedger> | undefined;
  let closed = false;

  function senderOver(over: Transport, isFlushing: () => boolean): Sender<QueuedEvent> {
    return createSender<QueuedEvent>(
      {
        transport: over,
        destination: () => (backend.isOurs() ? destination() : undefined),
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
        cancelled: dropErased,
        failed: (error: ConvertError) => ledger.error(error),
        recovered: (failedPosts) =>
          ledger.recovered(`the tracking endpoint takes events again, after ${failedPosts} failed POSTs`),
        isFlushing,
      },
    );
  }

  /** Asks the option `destination`. If it throws, the destination counts as not known yet. */
  function destination(): Destination | undefined {
    try {
      return options.destination();
    } catch {
      return undefined;
    }
  }

  function adopt(event: SerialisedEvent, at: number): QueuedEvent {
    queueBytes += event.bytes;
    return new QueuedEvent(event, flushes.join(), at);
  }

  function release(bytes: number): void {
    queueBytes -= bytes;
  }

  function finalize(events: readonly QueuedEvent[], count: (events: number) => void): void {
    for (const event of events) queueBytes -= event.bytes;
    count(events.length);
    wereKept(events);
    // The flushes are told last: code that awaits a flush finds the ledger up to date.
    for (const event of events) flushes.leave(event.epoch);
  }

  function finish(batch: readonly QueuedEvent[], count: (events: number) => void): void {
    finalize(batch, count);
    backend.finalized(batch);
  }

  function dropErased(events: readonly QueuedEvent[]): void {
    if (events.length === 0) return;
    finalize(events, (count) => ledger.drop(count, 'forgotten'));
    backend.cancelled(events);
  }

  function cancel(isErased: (event: QueuedEvent) => boolean): void {
    dropErased(sender.cancel(isErased));
  }

  async function forget(visitorIds: readonly string[]): Promise<void> {
    const ids = new Set(visitorIds);
    // The backend is called first: from then on it gives the sender no event of these visitors.
    const erased = backend.erase(ids, erasures.add(ids));
    cancel(({ visitorId }) => ids.has(visitorId));
    await erased;
  }

  function reasonToRefuse({ event }: VisitorEvent, { bytes }: SerialisedEvent): DropReason | undefined {
    if (bytes > maxEventBytes) return 'too-large';
    const share = event.eventType === 'bucketing' ? EXPOSURE_SHARE : 1;
    if (queueBytes + bytes > backend.maxBytes * share) return 'overflow';
    return backend.hasRoom(bytes, share) ? undefined : 'overflow';
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
    let refused: Map<VisitorEvent, DropReason> | undefined;
    /** The accepted events in the order in which they were offered; undefined in place of an event that was refused. */
    const queued = new Array<QueuedEvent | undefined>(events.length).fill(undefined);
    let before: Parameters<typeof serialise>[1];
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      const serialised = prepared(event, before);
      ledger.accept(1);
      if (typeof serialised === 'string') {
        (refused ??= new Map()).set(event, serialised);
        ledger.drop(1, serialised);
        continue;
      }
      before = events.length > 1 ? { event, serialised } : undefined;
      queued[index] = adopt(serialised, at);
    }

    let isConfirmed = false;
    return {
      refused: refused === undefined ? NONE : new Set(refused.keys()),
      reasons: refused,
      confirm(lost = NONE, onKept) {
        // After the close, the ledger counts these events as dropped already.
        if (isConfirmed || closed) return;
        isConfirmed = true;
        let claimLost: QueuedEvent[] | undefined;
        let erased: QueuedEvent[] | undefined;
        let last: QueuedEvent | undefined;
        for (let index = 0; index < queued.length; index++) {
          const event = queued[index];
          if (event === undefined) continue;
          if (lost.size > 0 && lost.has(events[index]!)) (claimLost ??= []).push(event);
          else if (!erasures.isEmpty && erasures.covers(event.visitorId, at)) (erased ??= []).push(event);
          else backend.keep((last = event));
        }
        // The backend stores events in order: once the last one is stored, all are. So only the last one carries the
        // callback.
        if (last !== undefined) last.onKept = onKept;
        else if (erased !== undefined) onKept?.();
        erasures.confirmed(at);
        if (claimLost !== undefined) finalize(claimLost, (count) => ledger.drop(count, 'claim-lost'));
        if (erased !== undefined) finalize(erased, (count) => ledger.drop(count, 'forgotten'));
        backend.kept();
      },
    };
  }

  function wait(timeout: number, how?: { last: boolean }): Promise<void> {
    const flushed = flushes.wait(timeout);
    backend.hurry(how?.last ? timeout : undefined);
    sender.hurry(how);
    return flushed;
  }

  async function end(timeout: number): Promise<DeliveryLedger> {
    const endsAt = performance.now() + timeout;
    await wait(timeout, { last: true });
    // The backend may have read events of other processes during the flush. If the close interrupted a POST of these
    // events, or the note on disk or in Redis that they were delivered, another process would send them a second time.
    backend.stopReading();
    await flushes.wait(endsAt - performance.now());
    closed = true;
    sender.stop();
    // If the backend fails to close, or takes too long, the close of the outbox goes on all the same.
    await withTimeout(CLOSE_LIMIT, backend.close(), { keepAlive: true }).catch(() => undefined);
    backend.closed();
    sender.takeBack(() => true);
    queueBytes = 0;
    ledger.drop(ledger.pending, 'closed');
    flushes.dissolve();
    transport.close();
    return ledger.read();
  }

  function stats(): DeliveryStats {
    const oldest = sender.oldest() ?? backend.oldest();
    const otherFormats = backend.otherFormats();
    return {
      ...ledger.read(),
      ...(otherFormats > 0 && { otherFormats }),
      queueBytes,
      volatile: backend.volatile(),
      oldestAge: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.at),
      posts: sender.posts,
      retries: sender.retries,
      lastError: sender.lastError,
      breaker: sender.breaker,
    };
  }

  return {
    outlives: backend.outlives,
    offer,
    isHalfFull: () => queueBytes > backend.maxBytes / 2 || !backend.hasRoom(0, 0.5),
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
