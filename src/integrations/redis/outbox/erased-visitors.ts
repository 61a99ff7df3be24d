/**
 * Remembers which visitors were erased by any process, and up to which commit their events are not to be sent. Redis
 * tells of erasures whenever it is asked for commits.
 */
import { hashOf } from '../../../utils/node/hash.js';
import { BEGIN, compareIds, type ErasedVisitor } from './event-stream.js';

/** The number of erasures that Redis and each process remember. */
export const MAX_ERASED = 20_000;

export class ErasedVisitors {
  /**
   * For each erased visitor, the id of the last commit from which no event of the visitor is to be sent. The key is the
   * hash of the visitor's id.
   */
  readonly #upTo = new Map<string, string>();
  /** The hashes of erased visitors of whom Redis is being told now. */
  readonly #asked = new Set<readonly string[]>();
  #latest = BEGIN;
  #since = 0;

  /** The serial of the last erasure that this process has heard of. */
  get since(): number {
    return this.#since;
  }

  /**
   * Counts the visitors of these hashes as erased while Redis is being told of it: commits that Redis gives out until
   * it knows are older than the erasure. The returned function ends this.
   */
  ask(hashes: readonly string[]): () => void {
    this.#asked.add(hashes);
    return () => void this.#asked.delete(hashes);
  }

  /** Adds erasures that Redis told of. Returns false if all of them were known. */
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

  /** Returns false for a commit that was made after all erasures: the visitors of its events need not be looked up. */
  concern(id: string): boolean {
    return this.#asked.size > 0 || (this.#upTo.size > 0 && compareIds(id, this.#latest) <= 0);
  }

  /**
   * Returns true if the visitor was erased after the commit of this id was made: the visitor's events in it are not to
   * be sent.
   */
  covers(visitorId: string, id: string): boolean {
    const hash = hashOf(visitorId);
    for (const hashes of this.#asked) if (hashes.includes(hash)) return true;
    const upTo = this.#upTo.get(hash);
    return upTo !== undefined && compareIds(id, upTo) <= 0;
  }

  /** Forgets erasures that concern only commits which are not in Redis any more. */
  prune(isGone: (id: string) => boolean): void {
    for (const [hash, upTo] of this.#upTo) if (isGone(upTo)) this.#upTo.delete(hash);
  }

  /** Called when Redis has lost its data: the serials of erasures begin anew. */
  restart(): void {
    this.#since = 0;
  }
}
