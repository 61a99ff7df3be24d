/**
 * Remembers which visitors were erased, by any process of the fleet, and up to which commit. Redis says so when it is
 * asked for commits.
 */
import { hashOf } from '../../../utils/node/hash.js';
import { BEGIN, compareIds, type ErasedVisitor } from './event-stream.js';

/** The number of erasures that Redis keeps. */
export const MAX_ERASED = 20_000;

export class ErasedVisitors {
  /** The last commit of which no event is to be sent, by the hash of the visitor's id. */
  readonly #upTo = new Map<string, string>();
  /** Hashes of visitors that Redis is being told of. */
  readonly #asked = new Set<readonly string[]>();
  #latest = BEGIN;
  #since = 0;

  /** The serial of the last erasure that this process has heard of. */
  get since(): number {
    return this.#since;
  }

  /**
   * Visitors of these hashes are erased as soon as Redis hears of it: commits that it gives out until then are older.
   */
  ask(hashes: readonly string[]): () => void {
    this.#asked.add(hashes);
    return () => void this.#asked.delete(hashes);
  }

  /** Adds erasures that Redis told. Returns false if they were known. */
  add(erasures: readonly ErasedVisitor[]): boolean {
    let isNews = false;
    for (const { hash, upTo, serial } of erasures) {
      this.#since = Math.max(this.#since, serial);
      const known = this.#upTo.get(hash);
      if (known !== undefined && compareIds(known, upTo) >= 0) continue;
      isNews = true;
      this.#upTo.set(hash, upTo);
      if (compareIds(upTo, this.#latest) > 0) this.#latest = upTo;
      const [oldest] = this.#upTo.keys();
      if (this.#upTo.size > MAX_ERASED) this.#upTo.delete(oldest!);
    }
    return isNews;
  }

  /** False for a commit that came after all erasures: no visitor need be looked up. */
  concern(id: string): boolean {
    return this.#asked.size > 0 || (this.#upTo.size > 0 && compareIds(id, this.#latest) <= 0);
  }

  /** True if the visitor of an event in this commit was erased later. */
  covers(visitorId: string, id: string): boolean {
    const hash = hashOf(visitorId);
    for (const hashes of this.#asked) if (hashes.includes(hash)) return true;
    const upTo = this.#upTo.get(hash);
    return upTo !== undefined && compareIds(id, upTo) <= 0;
  }

  /** Forgets erasures up to commits that are not in Redis any more. */
  prune(isGone: (id: string) => boolean): void {
    for (const [hash, upTo] of this.#upTo) if (isGone(upTo)) this.#upTo.delete(hash);
  }

  /** Redis has lost what was in it. */
  restart(): void {
    this.#since = 0;
  }
}
