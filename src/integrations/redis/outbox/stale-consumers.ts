/**
 * Decides when the commits of other consumers may be taken over: they have been silent for the time of a lease. Redis
 * knows how long a consumer was silent, but not whether Redis itself was reachable all the time, nor whether its
 * clock was set.
 */
import { BEGIN, GIVEN_UP, type ReadOptions, type StreamState } from './event-stream.js';

/** Shares of the lease: between two looks; how far a clock may jump; for how long a decision holds. */
const LOOK_SHARE = 0.25;
const CLOCK_SHARE = 0.25;
const DECISION_SHARE = 0.5;

export class StaleConsumers {
  /** The time, by performance.now(), since when Redis has always answered; the next field is when a look is due. */
  #heardSince: number | undefined;
  #lookAt = -Infinity;
  /** The id of the commit at which the next look goes on. */
  #from = BEGIN;
  /** The last time that Redis told, and when it did, by performance.now(). */
  #clock: { redis: number; here: number } | undefined;

  constructor(private readonly lease: number) {}

  /**
   * Returns what Redis is to be asked for; undefined if no look is due. After an outage of Redis, this process cannot
   * tell whether other consumers are dead: they may not have reached Redis, either. A request that Redis takes up too
   * late must not be carried out.
   */
  claim(now: number): ReadOptions['stale'] {
    if (now < this.#lookAt || this.#clock === undefined) return undefined;
    this.#lookAt = now + this.lease * LOOK_SHARE;
    const hasHeard = this.#heardSince !== undefined && now - this.#heardSince > this.lease;
    const until = Math.round(this.#clock.redis + (now - this.#clock.here) + this.lease * DECISION_SHARE);
    return { milliseconds: hasHeard ? this.lease : GIVEN_UP, from: this.#from, until };
  }

  /** The look ended there; undefined if it came to the end. */
  claimed(next: string | undefined): void {
    this.#from = next ?? BEGIN;
    if (next !== undefined) this.#lookAt = -Infinity;
  }

  heard({ now }: StreamState): void {
    const here = performance.now();
    const jump = this.#clock && now - this.#clock.redis - (here - this.#clock.here);
    // If the clock of Redis was set, all other consumers look silent.
    if (Math.abs(jump ?? 0) > this.lease * CLOCK_SHARE) this.#heardSince = undefined;
    // From the answer on, not from the question: Redis may have hung in between.
    this.#heardSince ??= here;
    this.#clock = { redis: now, here };
  }

  /** Redis has not answered. */
  missed(): void {
    this.#heardSince = undefined;
  }
}
