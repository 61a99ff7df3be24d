/** Timers for work in the background: bounded waits, and timers that do not keep the process alive. */

/** The longest delay of a timer of Node, in milliseconds. Node takes a longer delay for 1 ms. */
export const MAX_DELAY = 2 ** 31 - 1;

/** What `setTimeout` returns: an object on Node, and a number on other platforms. */
export type Timer = ReturnType<typeof setTimeout>;

/** `setTimeout` that does not keep the process alive. Delays above 24.8 days count as 24.8 days. */
export function unrefTimeout(callback: () => void, delay: number): Timer {
  return unref(setTimeout(callback, Math.min(delay, MAX_DELAY)));
}

function unref(timer: Timer): Timer {
  // Where timers are numbers, they keep no process alive.
  (timer as Partial<Timer>).unref?.();
  return timer;
}

/** Runs `work` in the next turn of the event loop. The returned function cancels that. */
export function nextTurn(work: () => void): () => void {
  if (typeof setImmediate !== 'function') {
    const timer = setTimeout(work, 0);
    return () => clearTimeout(timer);
  }
  const immediate = setImmediate(work);
  return () => clearImmediate(immediate);
}

export interface WithTimeoutOptions {
  /** True keeps the process alive during the wait. Default false. */
  readonly keepAlive?: boolean;
  /** Makes the error of a wait that took too long. Default: an Error with the code `ETIMEDOUT`. */
  readonly error?: () => Error;
}

/**
 * Resolves or rejects as `promise` does, or rejects with `error` after `milliseconds`. The work behind the promise goes
 * on after that.
 */
export function withTimeout<T>(
  milliseconds: number,
  promise: T | PromiseLike<T>,
  { keepAlive = false, error = timedOut }: WithTimeoutOptions = {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = (): void => reject(error());
    const timer = keepAlive
      ? setTimeout(late, Math.min(milliseconds, MAX_DELAY))
      : unrefTimeout(late, milliseconds);
    Promise.resolve(promise).then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (reason: unknown) => {
        clearTimeout(timer);
        // The reason of the rejection is passed on as it is.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(reason);
      },
    );
  });
}

function timedOut(): Error {
  return Object.assign(new Error('it took too long'), { code: 'ETIMEDOUT' });
}

/** Timers that do not keep the process alive, and that end together. */
export class TimerGroup {
  readonly #open = new Set<Timer>();
  #isStopped = false;

  /** Runs `work` once after `milliseconds`. The returned function cancels the timer. */
  later(milliseconds: number, work: () => void): () => void {
    return this.#add(setTimeout, milliseconds, work);
  }

  /** Runs `work` every `milliseconds`. The returned function ends the interval. */
  every(milliseconds: number, work: () => void): () => void {
    return this.#add(setInterval, milliseconds, work);
  }

  /** Waits for a promise as `withTimeout` does. After `stop`, the wait has no time limit any more. */
  within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.later(milliseconds, () => reject(timedOut()));
      promise.then(resolve, reject).finally(cancel);
    });
  }

  /** Cancels all timers. `later` and `every` start no timer after that. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#open) clearTimeout(timer);
    this.#open.clear();
  }

  #add(set: typeof setTimeout | typeof setInterval, milliseconds: number, work: () => void): () => void {
    if (this.#isStopped) return () => {};
    const timer = unref(
      set(
        () => {
          if (set === setTimeout) this.#open.delete(timer);
          work();
        },
        Math.min(milliseconds, MAX_DELAY),
      ),
    );
    this.#open.add(timer);
    return () => {
      clearTimeout(timer);
      this.#open.delete(timer);
    };
  }
}
