/**
 * Whether others have been silent for so long that what they hold is anybody's. Redis tells how long; what it can't tell is
 * whether it was reachable, nor whether its clock was set.
 */
import { BEGIN, GIVEN_UP, type ReadOptions, type StreamState } from './event-stream.js';

/** Of the lease: between two looks; what a clock may be off; for which what was decided holds. */
const LOOK_SHARE = 0.25;
const CLOCK_SHARE = 0.25;
const DECISION_SHARE = 0.5;

export class StaleConsumers {
  /** By performance.now(): since when Redis has always answered, and when others are looked at again. */
  #heardSince: number | undefined;
  #lookAt = -Infinity;
  /** Where to go on. */
  #from = BEGIN;
  /** What Redis took the time for, and when that was, by performance.now(). */
  #clock: { redis: number; here: number } | undefined;

  constructor(private readonly lease: number) {}

  /**
   * What to ask for now, if it is time to. Who could not hear for a while knows nothing of the silence of others: they may
   * have been where we were. And what is asked and not answered for long must not be done then.
   */
  claim(now: number): ReadOptions['silent'] {
    if (now < this.#lookAt || this.#clock === undefined) return undefined;
    this.#lookAt = now + this.lease * LOOK_SHARE;
    const hasHeard = this.#heardSince !== undefined && now - this.#heardSince > this.lease;
    const until = Math.round(this.#clock.redis + (now - this.#clock.here) + this.lease * DECISION_SHARE);
    return { milliseconds: hasHeard ? this.lease : GIVEN_UP, from: this.#from, until };
  }

  /** What was claimed ends there, and may go on. */
  claimed(next: string | undefined): void {
    this.#from = next ?? BEGIN;
    if (next !== undefined) this.#lookAt = -Infinity;
  }

  heard({ now }: StreamState): void {
    const here = performance.now();
    const jump = this.#clock && now - this.#clock.redis - (here - this.#clock.here);
    // A clock that was set makes all the others look silent.
    if (Math.abs(jump ?? 0) > this.lease * CLOCK_SHARE) this.#heardSince = undefined;
    // Not since it was asked: that may have been before it hung.
    this.#heardSince ??= here;
    this.#clock = { redis: now, here };
  }

  /** Redis has not answered. */
  missed(): void {
    this.#heardSince = undefined;
  }
}
