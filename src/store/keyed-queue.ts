/**
 * Keeps a queue of work for each key: the work on one key runs one piece after the other, so that the commits of one
 * process to a visitor do not overtake each other.
 */
import { withTimeout } from '../utils/node/timers.js';

interface Piece<Result> {
  readonly done: Promise<Result | undefined>;
  /** When it was added, by performance.now(). */
  readonly since: number;
}

export class KeyedQueue<Result> {
  #last = new Map<string, Piece<Result>>();
  /** The number of entries that were added since `#last` was made. */
  #added = 0;

  /**
   * @param limit milliseconds after which work counts as lost, and is not waited for any more: a host may have ended
   *   the request that it belonged to. Default: no work is lost.
   */
  constructor(private readonly limit = Infinity) {}

  /**
   * Returns the last piece of work on this key; undefined if there is none. The promise never rejects: work that failed
   * resolves with undefined.
   */
  underWay(key: string): Promise<Result | undefined> | undefined {
    const piece = this.#last.get(key);
    return piece === undefined || performance.now() - piece.since >= this.limit ? undefined : piece.done;
  }

  /**
   * Runs `work` after the other work on this key. `work` gets the result of the piece before it, if that piece is still
   * under way and does not fail.
   */
  run(key: string, work: (before: Result | undefined) => Promise<Result>): Promise<Result> {
    const before = this.underWay(key);
    const result = before === undefined ? work(undefined) : this.#after(before).then(work);
    const remove = (value: Result | undefined): Result | undefined => {
      if (this.#last.get(key)?.done === done) this.#last.delete(key);
      return value;
    };
    const done = result.then(remove, () => remove(undefined));
    this.#add(key, done);
    return result;
  }

  /** Resolves once no work is under way on any key. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all([...this.#last.values()].map(({ done }) => done));
  }

  #after(before: Promise<Result | undefined>): Promise<Result | undefined> {
    if (this.limit === Infinity) return before;
    return withTimeout(this.limit, before).catch(() => undefined);
  }

  /**
   * Adds an entry, now and then to a new `Map`.
   *
   * A `Map` gets a new table whenever entries that came and went have filled the old one, and the old table points to
   * the new one. Once one table is old, the garbage collector keeps all tables that follow, with everything that was
   * ever in them. A new `Map` ends that chain.
   */
  #add(key: string, done: Promise<Result | undefined>): void {
    if ((this.#added += 1) > 2 * this.#last.size + 64) {
      this.#last = new Map(this.#last);
      this.#added = 0;
    }
    this.#last.set(key, { done, since: performance.now() });
  }
}
