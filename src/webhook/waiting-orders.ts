/**
 * Orders of a platform that sends nothing again: one that can not be counted now waits here. It waits in memory, and on
 * disk, too, if there is a spool.
 */
import type { OrderFiles } from '../convert/types.js';
import { HealthReporter } from '../utils/health-reporter.js';
import { unrefTimeout, withTimeout } from '../utils/node/timers.js';

const MAX_ORDERS = 1_000;
/** Milliseconds for which an order waits at most. */
const MAX_WAIT = 10 * 60_000;
/** Milliseconds until the first try, which double with each try that fails, up to the longest delay. */
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
/** Milliseconds that `add` waits for the disk at most. */
export const DISK_LIMIT = 500;
/** Milliseconds between two looks for orders of dead processes. */
const ADOPTION_INTERVAL = 5_000;

export interface WaitingOrdersOptions<Order> {
  /** Counts an order. Resolves with true if that has to be tried again, and never rejects. */
  readonly count: (order: Order) => Promise<boolean>;
  /** Called for each order that is lost: it has waited in vain, or its file can not be read. */
  readonly lost: () => void;
  /** Keeps the orders on disk, too. Resolves with undefined while there is no disk for them. */
  readonly files: () => Promise<OrderFiles<Order> | undefined>;
  /** Called when the disk begins to fail. */
  readonly diskFailed: (error: unknown) => void;
}

interface Waiting<Order> {
  readonly order: Order;
  /** By `performance.now()`. */
  readonly until: number;
  /** The name of its file; undefined if it is in memory only. */
  file: string | undefined;
}

export class WaitingOrders<Order> {
  readonly #options: WaitingOrdersOptions<Order>;
  /** A set, as a queue: the first one is taken out without moving all others. */
  readonly #orders = new Set<Waiting<Order>>();
  readonly #disk = new HealthReporter();
  #delay = FIRST_DELAY;
  #isPlanned = false;

  constructor(options: WaitingOrdersOptions<Order>) {
    this.#options = options;
    void this.#adopt();
  }

  get size(): number {
    return this.#orders.size;
  }

  /** Resolves with false if there is no room. Else the order is on disk by then, if there is one that works. */
  async add(order: Order): Promise<boolean> {
    if (this.#orders.size >= MAX_ORDERS) return false;
    const waiting: Waiting<Order> = { order, until: performance.now() + MAX_WAIT, file: undefined };
    this.#orders.add(waiting);
    this.#plan();
    await withTimeout(DISK_LIMIT, this.#write(waiting)).catch(() => undefined);
    return true;
  }

  async #write(waiting: Waiting<Order>): Promise<void> {
    waiting.file = await this.#onDisk((files) => files.add(waiting.order, Date.now()));
    // The order may have been counted, or given up, while it was written.
    if (!this.#orders.has(waiting)) await this.#removeFile(waiting);
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
      hasFailed = (await this.#isOurs(waiting)) && (await this.#options.count(waiting.order));
      this.#orders.delete(waiting);
      if (hasFailed) {
        this.#orders.add(waiting);
        break;
      }
      await this.#removeFile(waiting);
    }
    this.#delay = hasFailed ? Math.min(2 * this.#delay, LONGEST_DELAY) : FIRST_DELAY;
    await this.#dropOld();
    this.#isPlanned = false;
    this.#plan();
  }

  async #dropOld(): Promise<void> {
    const now = performance.now();
    for (const waiting of this.#orders) {
      if (waiting.until > now) continue;
      this.#orders.delete(waiting);
      this.#options.lost();
      await this.#removeFile(waiting);
    }
  }

  /** False if another process has taken the order over. If the disk does not say, the order is counted here. */
  async #isOurs({ file }: Waiting<Order>): Promise<boolean> {
    return file === undefined || ((await this.#onDisk((files) => files.has(file))) ?? true);
  }

  async #removeFile({ file }: Waiting<Order>): Promise<void> {
    if (file !== undefined) await this.#onDisk((files) => files.remove(file));
  }

  /** Takes over the orders of processes that have died, now and again and again. */
  async #adopt(): Promise<void> {
    const adopted = await this.#onDisk((files) => files.adopt(MAX_ORDERS - this.#orders.size));
    for (const { name: file, at, order } of adopted ?? []) {
      const waited = Math.min(Math.max(0, Date.now() - at), MAX_WAIT);
      if (order !== undefined)
        this.#orders.add({ order, until: performance.now() + MAX_WAIT - waited, file });
      else {
        this.#options.lost();
        await this.#onDisk((files) => files.remove(file));
      }
    }
    this.#plan();
    unrefTimeout(() => void this.#adopt(), ADOPTION_INTERVAL);
  }

  /** Returns undefined if there is no disk for orders, or if it fails, which is told once for each outage. */
  async #onDisk<T>(work: (files: OrderFiles<Order>) => Promise<T>): Promise<T | undefined> {
    try {
      const files = await this.#options.files();
      const result = files && (await work(files));
      this.#disk.succeeded();
      return result;
    } catch (error) {
      if (this.#disk.failed()) this.#options.diskFailed(error);
      return undefined;
    }
  }
}
