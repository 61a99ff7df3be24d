/**
 * Decides when the commits of other consumers (processes) may be taken over: once a consumer has been silent for the
 * time of a lease. Redis knows for how long a consumer was silent. Redis does not know whether it was reachable itself
 * all the time, nor whether its clock was set.
 */
import { BEGIN, GIVEN_UP, type ReadOptions, type StreamState } from './event-stream.js';

/**
 * Times as shares of the lease: between two looks for silent consumers; how far the clock of Redis may jump; and for
 * how long a decision to take over commits is valid.
 */
const LOOK_SHARE = 0.25;
const CLOCK_SHARE = 0.25;
const DECISION_SHARE = 0.5;

export class StaleConsumers {
  /**
   * The time, by performance.now(), since when Redis has always answered. `#lookAt` is the time when the next look is
   * due.
   */
  #heardSince: number | undefined;
  #lookAt = -Infinity;
  /** The id of the commit at which the next look goes on. */
  #from = BEGIN;
  /** The time that Redis told last, and when it told it, by performance.now(). */
  #clock: { redis: number; here: number } | undefined;

  constructor(private readonly lease: number) {}

  /**
   * Returns which commits Redis is to be asked for; undefined if no look is due. After an outage of Redis, this process
   * cannot tell whether other consumers are dead, since they may not have reached Redis, either: it asks only for
   * commits that were given up. `until` keeps Redis from carrying out a request that it takes up too late.
   */
  claim(now: number): ReadOptions['stale'] {
    if (now < this.#lookAt || this.#clock === undefined) return undefined;
    this.#lookAt = now + this.lease * LOOK_SHARE;
    const hasHeard = this.#heardSince !== undefined && now - this.#heardSince > this.lease;
    const until = Math.round(this.#clock.redis + (now - this.#clock.here) + this.lease * DECISION_SHARE);
    return { milliseconds: hasHeard ? this.lease : GIVEN_UP, from: this.#from, until };
  }

  /** Notes the id at which the look ended and the next look goes on; undefined if the look saw all commits. */
  claimed(next: string | undefined): void {
    this.#from = next ?? BEGIN;
    if (next !== undefined) this.#lookAt = -Infinity;
  }

  heard({ now }: StreamState): void {
    const here = performance.now();
    const jump = this.#clock && now - this.#clock.redis - (here - this.#clock.here);
    // If the clock of Redis was set, all other consumers look silent.
    if (Math.abs(jump ?? 0) > this.lease * CLOCK_SHARE) this.#heardSince = undefined;
    // The time counts from the answer on, not from the question: Redis may have hung in between.
    this.#heardSince ??= here;
    this.#clock = { redis: now, here };
  }

  /** Notes that Redis has not answered a call. */
  missed(): void {
    this.#heardSince = undefined;
  }
}
