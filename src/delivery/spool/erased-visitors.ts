import { hashOf } from '../../utils/node/hash.js';
import { isTooOld } from '../queued-event.js';

/** Some 20 MB. More within 72 hours: of those that come first, what is on disk alone is sent after all. */
const MAX = 100_000;

/** What was accepted of a visitor up to a time, in milliseconds since the epoch, is not sent. */
export interface Tombstone {
  readonly hash: string;
  readonly at: number;
}

export class ErasedVisitors {
  /** By the hash of the visitor's id; the latest last. */
  readonly #times = new Map<string, number>();
  #latest = -Infinity;

  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** False where that was known. */
  add({ hash, at }: Tombstone): boolean {
    const known = this.#times.get(hash);
    if (known !== undefined && known >= at) return false;
    this.#times.delete(hash);
    this.#times.set(hash, at);
    this.#latest = Math.max(this.#latest, at);
    this.#prune();
    return true;
  }

  /** True for an event that was accepted at that time, before its visitor was forgotten. */
  covers({ visitorId, at }: { readonly visitorId: string; readonly at: number }): boolean {
    // Nearly all events are younger, and hashes cost more than all the rest.
    return at <= this.#latest && (this.#times.get(hashOf(visitorId)) ?? -Infinity) >= at;
  }

  /** What is older than what is sent has nothing left to say. */
  #prune(): void {
    const now = Date.now();
    for (const [hash, at] of this.#times) {
      if (this.#times.size <= MAX && !isTooOld(at, now)) return;
      this.#times.delete(hash);
    }
  }
}
