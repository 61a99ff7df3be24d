/**
 * Stands for an outbox whose code is loaded while the project config is on its way. No event is offered before a config
 * is in force, and no config comes into force before the outbox is there.
 */
import type { DeliveryLedger, DeliveryStats, DropReason, Offer, Outbox } from '../delivery/types.js';
import type { VisitorEvent } from '../model/tracking-event.js';
import { LazyModule } from '../utils/lazy-module.js';

/** The figures of an outbox that has done nothing, or can not tell. */
export const NO_FIGURES: DeliveryStats = Object.freeze({
  ...{ accepted: 0, delivered: 0, pending: 0, spooled: 0, rejected: 0, dropped: 0, reasons: {} },
  ...{ queueBytes: 0, volatile: 0, oldestAge: 0, posts: 0, retries: 0 },
  breaker: 'closed',
  lastError: undefined,
});

/** An outbox that may have to be loaded before events can be offered. */
export type LoadableOutbox = Outbox & Partial<Pick<LateOutbox, 'need'>>;

export class LateOutbox implements Outbox {
  readonly #loader: LazyModule<Outbox>;
  #outbox: Outbox | undefined;
  /** What was dropped before the outbox was there, by reason. */
  readonly #dropped = new Map<DropReason, number>();

  /** @param make loads the code, and makes the outbox */
  constructor(
    readonly outlives: boolean,
    make: () => Promise<Outbox>,
  ) {
    this.#loader = new LazyModule(async () => {
      const outbox = (this.#outbox = await make());
      for (const [reason, count] of this.#dropped) outbox.drop(count, reason);
      return outbox;
    });
  }

  /** Begins to load the outbox; undefined if it is there. Rejects if it can't be loaded. */
  need(): Promise<void> | undefined {
    return this.#loader.need();
  }

  offer(events: readonly VisitorEvent[]): Offer {
    return this.#outbox?.offer(events) ?? { refused: new Set(events), confirm() {} };
  }

  isHalfFull(): boolean {
    return this.#outbox?.isHalfFull?.() === true;
  }

  drop(count: number, reason: DropReason): void {
    if (this.#outbox !== undefined) this.#outbox.drop(count, reason);
    else this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  async forget(visitorIds: readonly string[]): Promise<void> {
    await (await this.#loader.get()).forget?.(visitorIds);
  }

  ledger(): DeliveryLedger {
    return this.#outbox?.ledger() ?? this.stats();
  }

  stats(): DeliveryStats {
    if (this.#outbox !== undefined) return this.#outbox.stats();
    const dropped = [...this.#dropped.values()].reduce((sum, count) => sum + count, 0);
    return { ...NO_FIGURES, accepted: dropped, dropped, reasons: Object.fromEntries(this.#dropped) };
  }

  async flush(timeout: number): Promise<DeliveryLedger> {
    const outbox = this.#outbox ?? (await this.#loaded());
    return outbox?.flush(timeout) ?? this.ledger();
  }

  async close(timeout: number): Promise<DeliveryLedger> {
    const outbox = this.#outbox ?? (await this.#loaded());
    return outbox?.close(timeout) ?? this.ledger();
  }

  /** Resolves with the outbox; undefined if it can't be loaded. */
  #loaded(): Promise<Outbox | undefined> {
    return this.#loader.get().catch(() => undefined);
  }
}
