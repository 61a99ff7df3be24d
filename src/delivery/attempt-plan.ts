/** Runs the next attempt of the sender once it is due: in this turn of the event loop, or by a timer. */
export class AttemptPlan {
  /** The time of the attempt, by performance.now(); `-Infinity` for this turn of the event loop. */
  #at: number | undefined;
  #clear: () => void = () => {};

  constructor(private readonly attempt: () => void) {}

  get isPlanned(): boolean {
    return this.#at !== undefined;
  }

  get isNow(): boolean {
    return this.#at === -Infinity;
  }

  /** Does nothing if an attempt is planned that is not later. */
  set(at: number, now: number): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.cancel();
    const run = (): void => {
      this.#at = undefined;
      this.attempt();
    };
    if (at <= now) {
      this.#at = -Infinity;
      // Not unref'd: the immediate keeps the process alive for one turn of the loop only, and an unref'd one waits
      // until something else wakes the loop.
      const immediate = setImmediate(run);
      this.#clear = () => clearImmediate(immediate);
    } else {
      this.#at = at;
      const timer = setTimeout(run, at - now).unref();
      this.#clear = () => clearTimeout(timer);
    }
  }

  cancel(): void {
    this.#clear();
  }
}
