/**
 * Batches writes that cost less together: the first one runs at once, and those that come within an interval of it run
 * together at its end.
 */
export class WriteBatcher {
  readonly #waiting: (() => void)[] = [];
  /** The time when work ran last, by performance.now(). */
  #lastAt = -Infinity;

  /** `interval`: milliseconds from one batch to the next. */
  constructor(private readonly interval: number) {}

  /** The outcome of `work`. An error that it throws is a rejection. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0) {
      const now = performance.now();
      const left = this.#lastAt + this.interval - now;
      if (left <= 0) {
        this.#lastAt = now;
        return begun(work);
      }
      // The timer keeps the process alive: it is short, and somebody waits.
      setTimeout(() => this.#work(), left);
    }
    return new Promise((resolve) => this.#waiting.push(() => resolve(begun(work))));
  }

  #work(): void {
    this.#lastAt = performance.now();
    for (const begin of this.#waiting.splice(0)) begin();
  }
}

function begun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
