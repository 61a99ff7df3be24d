/**
 * An outbox without a queue that outlives a request: events wait until they are flushed, and each flush sends what
 * waits, in one POST, from the request that flushes. Hosts freeze or end whatever goes on behind a request, and some
 * let no request use the connection of another one.
 */
import { createOutbox } from '../delivery/outbox.js';
import { QueueBackendBase } from '../delivery/queue-backend.js';
import type { QueuedEvent } from '../delivery/queued-event.js';
import type { Sender } from '../delivery/sender-types.js';
import {
  DEFAULT_QUEUE_BYTES,
  type DeliveryLedger,
  type DeliveryStats,
  type DropReason,
  type Offer,
  type Outbox,
  type OutboxListener,
  type OutboxOptions,
  type Transport,
} from '../delivery/types.js';
import type { VisitorEvent } from '../model/tracking-event.js';
import { HealthReporter } from '../utils/health-reporter.js';
import { withTimeout } from '../utils/node/timers.js';

/** The most milliseconds for events that are confirmed while a flush of all events waits for them. */
const LATE_LIMIT = 5_000;

/** The options of any outbox; each flush makes a transport of its own, which it closes. */
export interface FlushedOutboxOptions extends Omit<OutboxOptions, 'transport'> {
  readonly transport: () => Transport;
}

export class FlushedOutbox implements Outbox {
  readonly #core: Outbox;
  readonly #backend: FlushedBackend;

  constructor({ transport, listener, ...options }: FlushedOutboxOptions) {
    let backend: FlushedBackend | undefined;
    this.#core = createOutbox(
      { ...options, listener: oncePerOutage(listener), transport: UNUSED },
      (core) => (backend = new FlushedBackend(core, transport)),
    );
    this.#backend = backend!;
  }

  offer(events: readonly VisitorEvent[]): Offer {
    return this.#core.offer(events);
  }

  drop(count: number, reason: DropReason): void {
    this.#core.drop(count, reason);
  }

  async forget(visitorIds: readonly string[]): Promise<void> {
    await this.#core.forget?.(visitorIds);
  }

  ledger(): DeliveryLedger {
    return this.#core.ledger();
  }

  stats(): DeliveryStats {
    return { ...this.#core.stats(), ...this.#backend.figures() };
  }

  /** Sends the events that wait. Flushes that are under way are not waited for: they are those of other requests. */
  async flush(timeout: number): Promise<DeliveryLedger> {
    await this.#backend.send(timeout);
    return this.ledger();
  }

  /** Sends the events that wait, and waits for those of other requests, too. */
  flushAll(timeout: number): Promise<DeliveryLedger> {
    void this.#backend.send(timeout);
    return this.#core.flush(timeout);
  }

  close(timeout: number): Promise<DeliveryLedger> {
    void this.#backend.send(timeout);
    return this.#core.close(timeout);
  }
}

/** Keeps the events that may be sent until a flush sends them. */
class FlushedBackend extends QueueBackendBase {
  readonly maxBytes = DEFAULT_QUEUE_BYTES;
  #kept: QueuedEvent[] = [];
  readonly #flushes = new Set<Flush>();
  /** The figures of the flushes that are over. */
  #past: SenderFigures = { posts: 0, retries: 0, lastError: undefined };

  constructor(
    core: QueueBackendBase['core'],
    private readonly transport: () => Transport,
  ) {
    super(core);
  }

  keep(event: QueuedEvent): void {
    this.#kept.push(event);
  }

  /** A flush that waits for all events waits for these, too, which were not confirmed when it began. */
  kept(): void {
    if (this.core.flushes.waits > 0) void this.send(LATE_LIMIT);
  }

  override finalized(batch: readonly QueuedEvent[]): void {
    for (const flush of this.#flushes) flush.without(batch);
  }

  override cancelled(events: readonly QueuedEvent[]): void {
    this.finalized(events);
  }

  override erase(visitorIds: ReadonlySet<string>): void {
    const isErased = ({ visitorId }: QueuedEvent): boolean => visitorIds.has(visitorId);
    const erased = this.#kept.filter(isErased);
    this.#kept = this.#kept.filter((event) => !isErased(event));
    for (const { sender } of this.#flushes) erased.push(...sender.cancel(isErased));
    this.#drop(erased, 'forgotten');
    this.finalized(erased);
  }

  override oldest(): QueuedEvent | undefined {
    for (const { sender } of this.#flushes) return sender.oldest();
    return this.#kept[0];
  }

  /** Sends the events that wait, for `timeout` milliseconds at most; what is left of them then is dropped. */
  async send(timeout: number): Promise<void> {
    if (this.#kept.length === 0) return;
    const transport = this.transport();
    const flush = new Flush(this.#kept.splice(0), this.core.senderOver(transport, isFlushing));
    this.#flushes.add(flush);
    const left = await flush.run(timeout);
    this.#flushes.delete(flush);
    transport.close();
    this.#drop(left, 'closed');
    this.#past = figuresOf(this.#past, flush.sender);
  }

  figures(): SenderFigures {
    return [...this.#flushes].map(({ sender }) => sender).reduce(figuresOf, this.#past);
  }

  #drop(events: readonly QueuedEvent[], reason: DropReason): void {
    if (events.length > 0) this.core.finalize(events, (count) => this.core.ledger.drop(count, reason));
  }
}

type SenderFigures = Pick<DeliveryStats, 'posts' | 'retries' | 'lastError'>;

const figuresOf = (before: SenderFigures, sender: SenderFigures): SenderFigures => ({
  posts: before.posts + sender.posts,
  retries: before.retries + sender.retries,
  lastError: sender.posts > 0 ? sender.lastError : before.lastError,
});

const isFlushing = (): boolean => true;

/** The events of one flush, and the sender that has no others. */
class Flush {
  readonly #left: Set<QueuedEvent>;
  #end: () => void = () => {};

  constructor(
    events: readonly QueuedEvent[],
    readonly sender: Sender<QueuedEvent>,
  ) {
    this.#left = new Set(events);
  }

  /** Resolves with the events that could not be sent in time. */
  async run(timeout: number): Promise<readonly QueuedEvent[]> {
    const ended = new Promise<void>((resolve) => (this.#end = resolve));
    for (const event of this.#left) this.sender.push(event);
    this.sender.hurry({ last: true });
    await withTimeout(timeout, ended, { keepAlive: true }).catch(() => undefined);
    this.sender.stop();
    return [...this.#left];
  }

  without(events: readonly QueuedEvent[]): void {
    for (const event of events) this.#left.delete(event);
    if (this.#left.size === 0) this.#end();
  }
}

/** The flushes send, and not the outbox, which is never given an event to send. */
const UNUSED: Transport = {
  post: () => Promise.reject(new Error('nothing is sent this way')),
  close() {},
};

/** Each flush has a sender of its own, which finds out for itself that the endpoint fails: that is told once. */
function oncePerOutage(listener: OutboxListener): OutboxListener {
  const health = new HealthReporter();
  return {
    ...listener,
    delivered(count) {
      const { failures } = health;
      if (health.succeeded())
        listener.recovered(`the tracking endpoint takes events again, after ${failures} requests without`);
      listener.delivered(count);
    },
    error(error) {
      if (health.failed()) listener.error(error);
    },
    recovered() {},
  };
}
