/** Work on one key, one piece after the other: within a process, nobody has to find out that somebody else was faster. */
export class KeyedQueue<Result> {
  #last = new Map<string, Promise<Result | undefined>>();
  /** Since `#last` was made. */
  #added = 0;

  /** What is done last on this key at present; undefined: nothing. Never rejects: undefined for what failed. */
  underWay(key: string): Promise<Result | undefined> | undefined {
    return this.#last.get(key);
  }

  /** `work` gets what the one before it gave, if that is not over yet and did not fail. */
  run(key: string, work: (before: Result | undefined) => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const result = before === undefined ? work(undefined) : before.then(work);
    const over = (value: Result | undefined): Result | undefined => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
      return value;
    };
    const settled = result.then(over, () => over(undefined));
    this.#add(key, settled);
    return result;
  }

  /** Until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  /**
   * A map gets a new table whenever entries that came and went have filled it, and the old one points to it: once one table is
   * old, the garbage collector keeps all that follow, with all that was ever in them. A new map ends that.
   */
  #add(key: string, settled: Promise<Result | undefined>): void {
    if ((this.#added += 1) > 2 * this.#last.size + 64) {
      this.#last = new Map(this.#last);
      this.#added = 0;
    }
    this.#last.set(key, settled);
  }
}
