/** The outbox that keeps its events in memory, up to a bound. */
import type { ConvertError } from '../errors.js';
import type { VisitorEvent } from '../tracking.js';
import type { Backoff } from '../backoff.js';
import type { Cohort } from './cohorts.js';
import { cohorts } from './cohorts.js';
import { createLedger } from './ledger.js';
import type { SerialisedEvent } from './payload.js';
import { serialise } from './payload.js';
import type {
  DeliveryLedger,
  Destination,
  DropReason,
  Offer,
  Outbox,
  OutboxListener,
  Transport,
} from './port.js';
import { createSender } from './sender.js';

export interface MemoryOutboxOptions {
  transport: Transport;
  /** Undefined until there is a project config: events wait for it. */
  destination: () => Destination | undefined;
  listener: OutboxListener;
  /** Bytes of events that may be pending. The last tenth is kept for conversions. Default 16 MiB. */
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
  /** What Convert is told of where events come from. Default: nothing. */
  source?: string;
  /** Milliseconds. Default 500 to 60,000. */
  backoff?: Backoff;
  /** In [0, 1). Default `Math.random`. */
  random?: () => number;
}

/** The share of the room that exposures may fill. */
const EXPOSURE_SHARE = 0.9;

class QueuedEvent implements SerialisedEvent {
  readonly visitorId: string;
  readonly head: string;
  readonly text: string;
  readonly bytes: number;

  constructor(
    { visitorId, head, text, bytes }: SerialisedEvent,
    readonly cohort: Cohort,
  ) {
    this.visitorId = visitorId;
    this.head = head;
    this.text = text;
    this.bytes = bytes;
  }
}

const NONE: ReadonlySet<VisitorEvent> = new Set();
const NOTHING_TAKEN: Offer = { refused: NONE, confirm() {} };

/** See `MemoryOutboxOptions` for the defaults. Events that are pending when the process dies are lost. */
export function memoryOutbox(options: MemoryOutboxOptions): Outbox {
  const {
    transport,
    maxQueueBytes = 16 * 1024 * 1024,
    maxEventBytes = 32 * 1024,
    maxBatchEvents = 1000,
    maxBatchBytes = 256 * 1024,
    lingerMs = 100,
    enrichData = true,
    backoff = { min: 500, max: 60_000 },
    random = Math.random,
  } = options;
  const exposureBytes = maxQueueBytes * EXPOSURE_SHARE;

  const ledger = createLedger(options.listener);
  const waiting = cohorts(() => transport.release?.());
  const sender = createSender<QueuedEvent>(
    {
      transport,
      destination: options.destination,
      payload: { enrichData, source: options.source },
      maxBatchEvents,
      maxBatchBytes,
      lingerMs,
      backoff,
      random,
    },
    {
      delivered: (batch) => settle(batch, (count) => ledger.deliver(count)),
      rejected: (batch, reason) => settle(batch, (count) => ledger.reject(count, reason)),
      failed: (error: ConvertError) => ledger.error(error),
      awaited: () => waiting.waits > 0,
    },
  );

  let queueBytes = 0;
  let closing: Promise<DeliveryLedger> | undefined;
  let closed = false;

  function settle(events: readonly QueuedEvent[], count: (events: number) => void): void {
    for (const event of events) queueBytes -= event.bytes;
    count(events.length);
    // Waits end last: who awaits a flush finds the ledger up to date.
    for (const event of events) waiting.leave(event.cohort);
  }

  function reasonToRefuse({ event }: VisitorEvent, { bytes }: SerialisedEvent): DropReason | undefined {
    if (bytes > maxEventBytes) return 'too-large';
    const room = event.eventType === 'bucketing' ? exposureBytes : maxQueueBytes;
    return queueBytes + bytes > room ? 'overflow' : undefined;
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
      queueBytes += serialised.bytes;
      queued[index] = new QueuedEvent(serialised, waiting.join());
    }

    let isConfirmed = false;
    return {
      refused: refused ?? NONE,
      confirm(lost = NONE) {
        // After the close these events are counted already.
        if (isConfirmed || closed) return;
        isConfirmed = true;
        let gone: QueuedEvent[] | undefined;
        for (let index = 0; index < queued.length; index++) {
          const event = queued[index];
          if (event === undefined) continue;
          if (lost.size > 0 && lost.has(events[index]!)) (gone ??= []).push(event);
          else sender.push(event);
        }
        if (gone !== undefined) settle(gone, (count) => ledger.drop(count, 'claim-lost'));
        sender.start();
      },
    };
  }

  async function end(timeout: number): Promise<DeliveryLedger> {
    const settled = waiting.wait(timeout);
    sender.hurry({ last: true });
    await settled;
    closed = true;
    sender.stop();
    queueBytes = 0;
    ledger.drop(ledger.pending, 'closed');
    waiting.dissolve();
    transport.close();
    return ledger.read();
  }

  return {
    offer,
    drop(count, reason) {
      ledger.accept(count);
      ledger.drop(count, reason);
    },
    ledger: () => ledger.read(),
    stats: () => ({
      ...ledger.read(),
      queueBytes,
      posts: sender.posts,
      retries: sender.retries,
      lastError: sender.lastError,
    }),
    async flush(timeout) {
      const settled = waiting.wait(timeout);
      sender.hurry();
      await settled;
      return ledger.read();
    },
    close: (timeout) => (closing ??= end(timeout)),
  };
}
