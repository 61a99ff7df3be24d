/**
 * The time for which requests wait for the first project config: until it arrives, for a while only, and then until it
 * is loaded.
 */
import { createWaiter, type Waiter } from './waiter.js';

/** The most milliseconds that requests wait for a config that has arrived to be loaded. */
const LOAD_LIMIT = 10_000;

export class ConfigWindow {
  /** The wait that all requests share; undefined until the first request waits. */
  #waiter: Waiter | undefined;
  /** True once a config has arrived that takes time to load. */
  #hasArrived = false;
  #isOver = false;

  /**
   * @param readyTimeout the most milliseconds that requests wait for the config to arrive, counted from the first
   *   request that asked; 0: they do not wait for that
   */
  constructor(private readonly readyTimeout = 250) {}

  /**
   * Lets a request wait. Returns undefined if there is nothing to wait for; otherwise a promise that all requests share.
   * It resolves whether or not the config comes, and never rejects.
   */
  wait(): Promise<void> | undefined {
    if (this.#isOver || (this.readyTimeout === 0 && !this.#hasArrived)) return undefined;
    // The timer keeps the process alive: a job without a server must not end in the middle of its wait.
    this.#waiter ??= createWaiter(this.#timer());
    return this.#waiter.promise;
  }

  /** A config has arrived, and is being loaded: from now on, the time for that counts. */
  arrived(): void {
    if (this.#hasArrived || this.#isOver) return;
    this.#hasArrived = true;
    if (this.#waiter === undefined) return;
    clearTimeout(this.#waiter.timer);
    this.#waiter.timer = this.#timer();
  }

  /** A config was refused. If requests wait for it to be loaded, they wait no longer. */
  refused(): void {
    if (this.#hasArrived) this.end();
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#waiter?.timer);
    this.#waiter?.resolve();
  }

  #timer(): NodeJS.Timeout {
    return setTimeout(() => this.end(), this.#hasArrived ? LOAD_LIMIT : this.readyTimeout);
  }
}
