/** Timers that never keep a process alive, and end together. */

/** What has not come in time. */
function late(): Error {
  return Object.assign(new Error('it took too long'), { code: 'ETIMEDOUT' });
}

/** Until work is done, or was given up; for so many milliseconds at most, in which the process is kept alive. */
export async function upTo(milliseconds: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work?.catch(() => undefined), isOver]);
  clearTimeout(timer);
}

export class TimerGroup {
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
      const inTime = this.later(milliseconds, () => reject(late()));
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
