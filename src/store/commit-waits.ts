/** Bounds the time for which events wait for the visitor store: each commit by itself, and all of them at a close. */
import { CompactSet } from '../utils/compact-set.js';
import { unrefTimeout } from '../utils/node/timers.js';
import { STORE_LIMIT, storeTimedOut } from './types.js';

/** What a commit's wait rejects with if `end` has ended it. The close reports it once, for all commits. */
export const CLOSING = storeTimedOut();

interface Wait {
  index: number | undefined;
  end(error: unknown): void;
}

export class CommitWaits {
  readonly #open = new CompactSet<Wait>();
  #ended = 0;
  #isOver = false;
  #whenIdle = (): void => {};

  /** The number of commits for whose answer nobody waits any more, because of `end`. */
  get ended(): number {
    return this.#ended;
  }

  /** Waits for the answer to a commit. Rejects with `CONVERT_STORE` after `STORE_LIMIT`; with `CLOSING` at `end`. */
  within<T>(answer: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer);
        this.#open.delete(wait);
        if (this.#open.size === 0) this.#whenIdle();
      };
      const wait: Wait = {
        index: undefined,
        end(error) {
          over();
          // The reason of the rejection is passed on as it is.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(error);
        },
      };
      const timer = unrefTimeout(() => wait.end(storeTimedOut()), STORE_LIMIT);
      this.#open.add(wait);
      Promise.resolve(answer).then(
        (value) => {
          over();
          resolve(value);
        },
        (error: unknown) => wait.end(error),
      );
      if (this.#isOver) this.#end(wait);
    });
  }

  /** Ends all waits, and those that begin later: the Convert closes, and the store has had its time. */
  end(): void {
    this.#isOver = true;
    for (const wait of this.#open) this.#end(wait);
  }

  /** Resolves when no commit waits for its answer. Called once, at the close. */
  idle(): Promise<void> | undefined {
    return this.#open.size === 0 ? undefined : new Promise((resolve) => (this.#whenIdle = resolve));
  }

  #end(wait: Wait): void {
    this.#ended += 1;
    wait.end(CLOSING);
  }
}
