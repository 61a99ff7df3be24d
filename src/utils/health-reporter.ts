/**
 * Tells when the outages of a part of the system must be reported: once at the start of an outage, and once at its end.
 */
export class HealthReporter {
  #failures = 0;

  /** The number of failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Returns true if this failure begins an outage. */
  failed(): boolean {
    this.#failures += 1;
    return this.#failures === 1;
  }

  /** Returns true if this success ends an outage. */
  succeeded(): boolean {
    const wasFailing = this.isFailing;
    this.#failures = 0;
    return wasFailing;
  }
}
