/** Runs functions in the order in which they are given, although the values of some have to be waited for. */

export class InOrder {
  /** The last function that waits; undefined if none does. */
  #last: Promise<void> | undefined;

  /**
   * Runs `run` with the value: at once, if the value is there and no function waits; otherwise after the functions
   * before it. A promise must not reject, and `run` must not throw.
   */
  run<Value>(value: Value | Promise<Value>, run: (value: Value) => void): void {
    if (this.#last === undefined && !(value instanceof Promise)) return run(value);
    const last = Promise.all([value, this.#last]).then(([there]) => {
      if (this.#last === last) this.#last = undefined;
      run(there);
    });
    this.#last = last;
  }
}
