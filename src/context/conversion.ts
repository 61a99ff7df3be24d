/** A call of `trackConversion`, whose final outcome is known after the commit. */
import {
  type TrackOutcome,
  type ConversionResult,
  resultOf,
  type TrackedConversion,
} from './conversion-outcomes.js';
import type { Runtime } from './runtime.js';

export class Conversion {
  /** The outcome so far: the store and the outbox may still change it. */
  result: ConversionResult = resultOf('accepted');
  /** False while an outbox that outlives the process has not stored the events of this conversion. */
  isSafe = false;
  readonly #runtime: Runtime;
  readonly #visitorId: string;

  constructor(
    runtime: Runtime,
    visitorId: string,
    readonly goalKey: string,
  ) {
    this.#runtime = runtime;
    this.#visitorId = visitorId;
  }

  /** Sets the final result, and announces it. `isSafe` is set later if the outbox has to store the events first. */
  settle(result: ConversionResult, isSafe = true): ConversionResult {
    this.result = result;
    // The outbox may have stored the events before this call.
    this.isSafe ||= isSafe;
    const { goalKey } = this;
    // A conversion is settled with a final outcome, which is neither of the two others.
    const outcome = result.outcome as Exclude<TrackOutcome, 'accepted' | 'timeout'>;
    this.#runtime.emit('conversion', { visitorId: this.#visitorId, goalKey, outcome });
    return result;
  }

  report(): TrackedConversion {
    return { goalKey: this.goalKey, ...(this.isSafe ? this.result : resultOf('timeout')) };
  }
}
