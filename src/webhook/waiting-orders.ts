/** Orders of a platform that sends nothing again: if one can not be counted now, it waits in memory. */
import { unrefTimeout } from '../utils/node/timers.js';

/** Counts an order. Resolves with true if that has to be tried again, and never rejects. */
export type CountAgain<Order> = (order: Order) => Promise<boolean>;

const MAX_ORDERS = 1_000;
/** Milliseconds for which an order waits at most. */
const MAX_WAIT = 10 * 60_000;
/** Milliseconds until the first try, which double with each try that fails, up to the longest delay. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;

export class WaitingOrders<Order> {
  readonly #count: CountAgain<Order>;
  readonly #onLost: () => void;
  /** A set, as a queue: the first one is taken out without moving all others. */
  readonly #orders = new Set<{ readonly order: Order; readonly until: number }>();
  #delay = FIRST_DELAY;
  #isPlanned = false;

  /** @param onLost called for each order that has waited in vain */
  constructor(count: CountAgain<Order>, onLost: () => void) {
    this.#count = count;
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#orders.size;
  }

  /** Returns false if there is no room. */
  add(order: Order): boolean {
    if (this.#orders.size >= MAX_ORDERS) return false;
    this.#orders.add({ order, until: performance.now() + MAX_WAIT });
    this.#plan();
    return true;
  }

  #plan(): void {
    if (this.#isPlanned || this.#orders.size === 0) return;
    this.#isPlanned = true;
    unrefTimeout(() => void this.#tryAll(), this.#delay);
  }

  /**
   * Tries the orders, the first one first, until one has to wait on: most likely, the others wait for the same. That
   * one goes to the end, so that it stops no others if it waits for something of its own.
   */
  async #tryAll(): Promise<void> {
    let hasFailed = false;
    for (const waiting of this.#orders) {
      hasFailed = await this.#count(waiting.order);
      this.#orders.delete(waiting);
      if (!hasFailed) continue;
      this.#orders.add(waiting);
      break;
    }
    this.#delay = hasFailed ? Math.min(2 * this.#delay, LONGEST_DELAY) : FIRST_DELAY;
    this.#dropOld();
    this.#isPlanned = false;
    this.#plan();
  }

  #dropOld(): void {
    const now = performance.now();
    for (const waiting of this.#orders) {
      if (waiting.until > now) continue;
      this.#orders.delete(waiting);
      this.#onLost();
    }
  }
}
