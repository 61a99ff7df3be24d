/**
 * Batches writes that cost less together: the first write runs at once. Writes that come within an interval after it
 * run together at the end of the interval.
 */
export class WriteBatcher {
  readonly #waiting: (() => void)[] = [];
  /** The time when the last batch ran, by performance.now(). */
  #lastAt = -Infinity;

  /** `interval`: milliseconds from one batch to the next. */
  constructor(private readonly interval: number) {}

  /** Runs `work` now or with the next batch, and returns its outcome. If `work` throws, the promise rejects. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0) {
      const now = performance.now();
      const left = this.#lastAt + this.interval - now;
      if (left <= 0) {
        this.#lastAt = now;
        return begun(work);
      }
      // The timer keeps the process alive: it is short, and a caller waits for the write.
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
