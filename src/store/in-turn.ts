/** Work on one key, one piece after the other: within a process, nobody has to find out that somebody else was faster. */
export class InTurn<Result> {
  readonly #last = new Map<string, Promise<Result | undefined>>();

  /** What is done last on this key at present; undefined: nothing. Never rejects: undefined for what failed. */
  underWay(key: string): Promise<Result | undefined> | undefined {
    return this.#last.get(key);
  }

  /** `work` gets what the one before it gave, if that is not over yet and did not fail. */
  run(key: string, work: (before: Result | undefined) => Promise<Result>): Promise<Result> {
    const result = (this.#last.get(key) ?? Promise.resolve(undefined)).then(work);
    const settled = result.catch(() => undefined);
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return result;
  }

  /** Until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
