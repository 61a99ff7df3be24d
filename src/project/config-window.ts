/**
 * The time for which requests wait for the first project config: until code is loaded that every config needs, until
 * the config arrives (for a while only), and until it is loaded.
 */
import type { Timer } from '../utils/node/timers.js';
import { createWaiter, type Waiter } from './waiter.js';

/** The most milliseconds that requests wait for code, or for a config that has arrived, to be loaded. */
export const LOAD_LIMIT = 10_000;

export class ConfigWindow {
  /** The wait that all requests share; undefined until the first request waits. */
  #waiter: Waiter | undefined;
  #waitsFor: 'code' | 'arrival' | 'loading' = 'arrival';
  #isOver = false;

  /**
   * @param readyTimeout the most milliseconds that requests wait for the config to arrive, counted from the first
   *   request that asked; 0: they do not wait for that
   */
  constructor(private readonly readyTimeout = 250) {}

  /** Has requests wait for code, too: the time for the config to arrive is counted only once `code` settles. */
  waitFor(code: Promise<unknown>): void {
    this.#waitsFor = 'code';
    const isLoaded = (): void => {
      if (this.#waitsFor === 'code') this.#goOn('arrival');
    };
    code.then(isLoaded, isLoaded);
  }

  /**
   * Lets a request wait. Returns undefined if there is nothing to wait for; otherwise a promise that all requests
   * share. It resolves whether or not the config comes, and never rejects.
   */
  wait(): Promise<void> | undefined {
    if (this.#isOver || this.#limit === 0) return undefined;
    // The timer keeps the process alive: a job without a server must not end in the middle of its wait.
    this.#waiter ??= createWaiter(this.#timer());
    return this.#waiter.promise;
  }

  /** True if a config has arrived, and is not loaded yet. */
  get isLoading(): boolean {
    return this.#waitsFor === 'loading' && !this.#isOver;
  }

  /** A config has arrived, and is being loaded. */
  arrived(): void {
    if (this.#waitsFor !== 'loading' && !this.#isOver) this.#goOn('loading');
  }

  /** A config was refused. If requests wait for it to be loaded, they wait no longer. */
  refused(): void {
    if (this.#waitsFor === 'loading') this.end();
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#waiter?.timer);
    this.#waiter?.resolve();
  }

  #goOn(to: 'arrival' | 'loading'): void {
    this.#waitsFor = to;
    if (this.#waiter === undefined) return;
    clearTimeout(this.#waiter.timer);
    this.#waiter.timer = this.#timer();
  }

  get #limit(): number {
    return this.#waitsFor === 'arrival' ? this.readyTimeout : LOAD_LIMIT;
  }

  #timer(): Timer {
    return setTimeout(() => this.end(), this.#limit);
  }
}
