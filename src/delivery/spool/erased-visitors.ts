/**
 * Remembers which visitors were erased and when, so that the spool sends no event of theirs that was accepted before.
 */
import { hashOf } from '../../utils/node/hash.js';
import { isTooOld } from '../queued-event.js';

/**
 * The number of erased visitors that are remembered. If more visitors are erased within 72 hours, events of the first
 * ones that are on disk alone are sent after all.
 */
const MAX = 100_000;

/**
 * The note that a visitor was erased: events of the visitor that were accepted up to the time `at`, in milliseconds
 * since the epoch, are not sent. `hash` is the hash of the visitor's id.
 */
export interface Tombstone {
  readonly hash: string;
  readonly at: number;
}

export class ErasedVisitors {
  /** The time of each visitor's erasure by the hash of the visitor's id, the erasure that was added last at the end. */
  readonly #times = new Map<string, number>();
  #latest = -Infinity;

  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** Adds a tombstone. Returns false if this erasure, or a later one of the visitor, was known. */
  add({ hash, at }: Tombstone): boolean {
    const known = this.#times.get(hash);
    if (known !== undefined && known >= at) return false;
    this.#times.delete(hash);
    this.#times.set(hash, at);
    this.#latest = Math.max(this.#latest, at);
    this.#prune();
    return true;
  }

  /** True if the visitor of the event was erased after the event was accepted. */
  covers({ visitorId, at }: { readonly visitorId: string; readonly at: number }): boolean {
    // Nearly all events are younger than the latest erasure, which is cheap to see. The hash costs more than all the
    // rest.
    return at <= this.#latest && (this.#times.get(hashOf(visitorId)) ?? -Infinity) >= at;
  }

  /**
   * Removes tombstones that are older than every event that may still be sent. Beyond `MAX`, removes the first ones,
   * too.
   */
  #prune(): void {
    const now = Date.now();
    for (const [hash, at] of this.#times) {
      if (this.#times.size <= MAX && !isTooOld(at, now)) return;
      this.#times.delete(hash);
    }
  }
}
