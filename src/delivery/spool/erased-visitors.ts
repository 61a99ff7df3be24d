/**
 * Remembers which visitors were erased and when, so that events that were accepted before are not sent from the
 * spool.
 */
import { hashOf } from '../../utils/node/hash.js';
import { isTooOld } from '../queued-event.js';

/**
 * Some 20 MB. With more visitors within 72 hours, events of the first ones that are on disk alone are sent after all.
 */
const MAX = 100_000;

/** Events of a visitor that were accepted up to a time, in milliseconds since the epoch, are not sent. */
export interface Tombstone {
  readonly hash: string;
  readonly at: number;
}

export class ErasedVisitors {
  /** The times of erasures by the hash of the visitor's id, the latest last. */
  readonly #times = new Map<string, number>();
  #latest = -Infinity;

  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** Returns false if that was known. */
  add({ hash, at }: Tombstone): boolean {
    const known = this.#times.get(hash);
    if (known !== undefined && known >= at) return false;
    this.#times.delete(hash);
    this.#times.set(hash, at);
    this.#latest = Math.max(this.#latest, at);
    this.#prune();
    return true;
  }

  /** True for an event that was accepted before its visitor was erased. */
  covers({ visitorId, at }: { readonly visitorId: string; readonly at: number }): boolean {
    // Nearly all events are younger, and a hash costs more than all the rest.
    return at <= this.#latest && (this.#times.get(hashOf(visitorId)) ?? -Infinity) >= at;
  }

  /** A tombstone that is older than every event that may be sent is of no use. */
  #prune(): void {
    const now = Date.now();
    for (const [hash, at] of this.#times) {
      if (this.#times.size <= MAX && !isTooOld(at, now)) return;
      this.#times.delete(hash);
    }
  }
}
