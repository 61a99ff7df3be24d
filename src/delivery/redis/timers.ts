/** Timers that never keep a process alive, and end together. */
import { tooLong } from '../../redis/client.js';

export class Timers {
  readonly #open = new Set<NodeJS.Timeout>();
  #isStopped = false;

  /** The returned function takes it back. */
  later(milliseconds: number, work: () => void): () => void {
    return this.#add(setTimeout, milliseconds, work);
  }

  every(milliseconds: number, work: () => void): () => void {
    return this.#add(setInterval, milliseconds, work);
  }

  /** What a promise gives; rejects with ETIMEDOUT where it takes longer. */
  within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const inTime = this.later(milliseconds, () => reject(tooLong()));
      promise.then(resolve, reject).finally(inTime);
    });
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#open) clearTimeout(timer);
    this.#open.clear();
  }

  #add(set: typeof setTimeout | typeof setInterval, milliseconds: number, work: () => void): () => void {
    if (this.#isStopped) return () => {};
    const timer = set(() => {
      if (set === setTimeout) this.#open.delete(timer);
      work();
    }, milliseconds).unref();
    this.#open.add(timer);
    return () => {
      clearTimeout(timer);
      this.#open.delete(timer);
    };
  }
}
