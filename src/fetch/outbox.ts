/**
 * An outbox without a queue that outlives a request: events wait until they are flushed, and each flush sends what
 * waits, in one POST, from the request that flushes. Hosts freeze or end whatever goes on behind a request, and some
 * let no request use the connection of another one.
 */
import { NO_FIGURES } from '../convert/late-outbox.js';
import { createLedger } from '../delivery/ledger.js';
import { createOutbox } from '../delivery/outbox.js';
import { QueueBackendBase } from '../delivery/queue-backend.js';
import type { QueuedEvent } from '../delivery/queued-event.js';
import {
  DEFAULT_QUEUE_BYTES,
  type DeliveryLedger,
  type DeliveryStats,
  type DropReason,
  type Offer,
  type Outbox,
  type OutboxOptions,
  type Transport,
} from '../delivery/types.js';
import type { VisitorEvent } from '../model/tracking-event.js';
import { withTimeout } from '../utils/node/timers.js';

/** Hands events to the sender, which posts them when a flush wants it to. */
class WaitingBackend extends QueueBackendBase {
  readonly maxBytes = DEFAULT_QUEUE_BYTES;

  keep(event: QueuedEvent): void {
    this.core.sender.push(event);
  }

  kept(): void {}
}

/** The options of any outbox; each flush makes a transport of its own, which it closes. */
export interface FlushedOutboxOptions extends Omit<OutboxOptions, 'transport'> {
  readonly transport: () => Transport;
}

export class FlushedOutbox implements Outbox {
  readonly #options: FlushedOutboxOptions;
  /** Takes the events that are offered, up to the next flush; undefined if there are none. */
  #waiting: Outbox | undefined;
  /** The outboxes whose flush is under way, each with its end. */
  readonly #flushing = new Map<Outbox, Promise<unknown>>();
  /** The figures of the flushes that are over. */
  #past = NO_FIGURES;
  /** Counts the events that are dropped without being offered, or after the close. */
  readonly #dropped;
  #isClosed = false;

  constructor(options: FlushedOutboxOptions) {
    this.#options = options;
    this.#dropped = createLedger(options.listener);
  }

  offer(events: readonly VisitorEvent[]): Offer {
    if (!this.#isClosed) return (this.#waiting ??= this.#make()).offer(events);
    this.drop(events.length, 'closed');
    return { refused: new Set(events), confirm() {} };
  }

  drop(count: number, reason: DropReason): void {
    this.#dropped.accept(count);
    this.#dropped.drop(count, reason);
  }

  async forget(visitorIds: readonly string[]): Promise<void> {
    await Promise.all(this.#open.map(async (each) => each.forget?.(visitorIds)));
  }

  ledger(): DeliveryLedger {
    const { accepted, delivered, pending, spooled, rejected, dropped, reasons } = this.stats();
    return { accepted, delivered, pending, spooled, rejected, dropped, reasons };
  }

  stats(): DeliveryStats {
    const open = this.#open.map((each) => each.stats());
    return [...open, { ...NO_FIGURES, ...this.#dropped.read() }].reduce(sum, this.#past);
  }

  /** Sends the events that wait. Flushes that are under way are not waited for: they are those of other requests. */
  async flush(timeout: number): Promise<DeliveryLedger> {
    const flushed = this.#waiting;
    this.#waiting = undefined;
    if (flushed !== undefined) {
      const end = flushed.close(timeout);
      this.#flushing.set(flushed, end);
      await end;
      this.#flushing.delete(flushed);
      this.#past = sum(this.#past, flushed.stats());
    }
    return this.ledger();
  }

  /** Sends the events that wait, and waits for the flushes of other requests, too. */
  async flushAll(timeout: number): Promise<DeliveryLedger> {
    const all = [this.flush(timeout), ...this.#flushing.values()];
    await withTimeout(timeout, Promise.all(all), { keepAlive: true }).catch(() => undefined);
    return this.ledger();
  }

  close(timeout: number): Promise<DeliveryLedger> {
    this.#isClosed = true;
    return this.flushAll(timeout);
  }

  get #open(): Outbox[] {
    const { waiting, flushing } = { waiting: this.#waiting, flushing: this.#flushing.keys() };
    return waiting === undefined ? [...flushing] : [...flushing, waiting];
  }

  #make(): Outbox {
    const { transport, ...options } = this.#options;
    return createOutbox({ ...options, transport: transport() }, (core) => new WaitingBackend(core));
  }
}

const COUNTS = [
  ...(['accepted', 'delivered', 'pending', 'spooled', 'rejected', 'dropped'] as const),
  ...(['queueBytes', 'volatile', 'posts', 'retries'] as const),
];

/** Adds the figures of an outbox to those of others. No outbox lives long enough for its breaker to matter. */
function sum(before: DeliveryStats, each: DeliveryStats): DeliveryStats {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, before[name] + each[name]]));
  const reasons = { ...before.reasons };
  for (const [reason, count] of Object.entries(each.reasons) as [DropReason, number][])
    reasons[reason] = (reasons[reason] ?? 0) + count;
  return {
    ...NO_FIGURES,
    ...counts,
    reasons,
    oldestAge: Math.max(before.oldestAge, each.oldestAge),
    lastError: each.posts > 0 ? each.lastError : before.lastError,
  };
}
