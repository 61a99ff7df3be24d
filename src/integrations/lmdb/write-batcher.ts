/** Work that costs less together: the first is done at once, and what comes within a moment of it, at the end of that moment. */
export class WriteBatcher {
  readonly #waiting: (() => void)[] = [];
  /** By performance.now(). */
  #lastAt = -Infinity;

  /** `interval`: milliseconds from one time to the next. */
  constructor(private readonly interval: number) {}

  /** What `work` resolves or rejects with; what it throws is a rejection. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0) {
      const now = performance.now();
      const left = this.#lastAt + this.interval - now;
      if (left <= 0) {
        this.#lastAt = now;
        return begun(work);
      }
      // Not unref'ed: it is short, and somebody is waiting.
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
