/** Runs the sender's next attempt to post a batch, once it is due: in this turn of the event loop, or by a timer. */
import { nextTurn, unrefTimeout } from '../utils/node/timers.js';

export class AttemptPlan {
  /**
   * The time of the planned attempt, by performance.now(); `-Infinity` if the attempt runs in this turn of the event
   * loop.
   */
  #at: number | undefined;
  #clear: () => void = () => {};

  constructor(private readonly attempt: () => void) {}

  get isPlanned(): boolean {
    return this.#at !== undefined;
  }

  get isNow(): boolean {
    return this.#at === -Infinity;
  }

  /** Plans an attempt for the time `at`. If an attempt is planned for that time or an earlier one, nothing changes. */
  set(at: number, now: number): void {
    if (this.#at !== undefined && this.#at <= at) return;
    this.cancel();
    const run = (): void => {
      this.#at = undefined;
      this.attempt();
    };
    if (at <= now) {
      this.#at = -Infinity;
      // The immediate is not unref'd. It keeps the process alive for one turn of the event loop only, while an unref'd
      // immediate would wait until something else wakes the loop.
      this.#clear = nextTurn(run);
    } else {
      this.#at = at;
      const timer = unrefTimeout(run, at - now);
      this.#clear = () => clearTimeout(timer);
    }
  }

  cancel(): void {
    this.#clear();
  }
}
