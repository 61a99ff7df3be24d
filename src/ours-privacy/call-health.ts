/** Says when the calls of one kind pause: after failures in a row, or because the endpoint asks for it. */
import { backoffDelay, DEFAULT_BACKOFF } from '../utils/backoff.js';
import { HealthReporter } from '../utils/health-reporter.js';
import type { OursReason } from './types.js';

/** The reasons that come of a call; the others are known before it, or stand in the body. */
export type EndpointFailure = Exclude<
  OursReason,
  'assigned' | 'not-in-experiment' | 'no-visitor' | 'consent'
>;

/** So many failures in a row pause the calls. One lost connection is no outage. */
const FAILURES = 3;

interface Pause {
  /** Until then no call is made, in milliseconds of `performance.now()`. */
  readonly until: number;
  /** What the answer of a call is that is not made. */
  readonly failure: EndpointFailure;
}

/** What was known when a call began. */
export interface BegunCall {
  readonly pause: Pause | undefined;
  readonly counted: number;
}

export class CallHealth {
  readonly #health = new HealthReporter();
  /** The failures that have counted so far. */
  #counted = 0;
  #pause: Pause | undefined;

  /** Milliseconds until the next call is made; 0 if calls are made. */
  get pause(): number {
    return Math.max(0, (this.#pause?.until ?? 0) - performance.now());
  }

  /** Begins a call that takes `timeout` milliseconds at most. Returns the failure of the pause if there is one. */
  begin(timeout: number): BegunCall | EndpointFailure {
    if (this.#pause !== undefined) {
      const { failure } = this.#pause;
      if (this.pause > 0) return failure;
      // While the endpoint is down, one call finds out whether it is back; others need not wait for that. It says so
      // within `timeout`, unless its host ends it before: then another call has to.
      this.#pause = this.#pauseOf(2 * timeout, failure);
    }
    return { pause: this.#pause, counted: this.#counted };
  }

  /** Returns true if this success ends an outage. */
  succeeded(call: BegunCall): boolean {
    // A pause that began after this call knows more than its answer.
    if (this.#pause !== call.pause) return false;
    this.#pause = undefined;
    return this.#health.succeeded();
  }

  /** Returns true if this failure begins an outage. */
  failed(call: BegunCall, failure: EndpointFailure): boolean {
    // Calls that were under way together meet one stall together: it is one failure, however many they are.
    if (this.#pause !== call.pause || this.#counted !== call.counted) return false;
    this.#counted += 1;
    const isFirst = this.#health.failed();
    if (this.#health.failures >= FAILURES) this.#pause = this.#pauseOf(this.#delay(), failure);
    return isFirst;
  }

  /** @param asked the milliseconds that the endpoint asks for; undefined if it does not say */
  limited(call: BegunCall, asked: number | undefined): void {
    const isNews = this.#pause === call.pause;
    // Only what the endpoint has asked for may lengthen a pause that began after this call.
    if (!isNews && asked === undefined) return;
    const pause = this.#pauseOf(asked || this.#delay(), 'rate-limited');
    if (isNews || pause.until > (this.#pause?.until ?? 0)) this.#pause = pause;
  }

  #pauseOf(milliseconds: number, failure: EndpointFailure): Pause {
    return { until: performance.now() + milliseconds, failure };
  }

  #delay(): number {
    return backoffDelay(
      DEFAULT_BACKOFF,
      Math.max(1, this.#health.failures - FAILURES + 1),
      0.5 + Math.random() / 2,
    );
  }
}
