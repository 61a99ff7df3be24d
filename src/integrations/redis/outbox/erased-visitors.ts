/** Which visitors were forgotten, by any process of the fleet, and up to which commit. Redis says so when it is asked for commits. */
import { hashOf } from '../../../utils/node/hash.js';
import { BEGIN, compareIds, type ErasedVisitor } from './event-stream.js';

/** As many as Redis keeps. */
export const MAX_FORGOTTEN = 20_000;

export class ErasedVisitors {
  /** By the hash of the visitor's id: the last commit of which nothing is to be sent. */
  readonly #upTo = new Map<string, string>();
  /** Visitors of whom Redis is told at this moment. */
  readonly #asked = new Set<readonly string[]>();
  #latest = BEGIN;
  #since = 0;

  /** The last that was heard of. */
  get since(): number {
    return this.#since;
  }

  /** Visitors of these hashes are forgotten as soon as Redis hears of it: what it says until then came before. */
  ask(hashes: readonly string[]): () => void {
    this.#asked.add(hashes);
    return () => void this.#asked.delete(hashes);
  }

  /** What Redis said. False where that was known. */
  add(forgettings: readonly ErasedVisitor[]): boolean {
    let isNews = false;
    for (const { hash, upTo, serial } of forgettings) {
      this.#since = Math.max(this.#since, serial);
      const known = this.#upTo.get(hash);
      if (known !== undefined && compareIds(known, upTo) >= 0) continue;
      isNews = true;
      this.#upTo.set(hash, upTo);
      if (compareIds(upTo, this.#latest) > 0) this.#latest = upTo;
      const [oldest] = this.#upTo.keys();
      if (this.#upTo.size > MAX_FORGOTTEN) this.#upTo.delete(oldest!);
    }
    return isNews;
  }

  /** False for a commit that came after all of them: nobody need be looked up. */
  concern(id: string): boolean {
    return this.#asked.size > 0 || (this.#upTo.size > 0 && compareIds(id, this.#latest) <= 0);
  }

  /** True for an event of a commit, of a visitor who was forgotten later. */
  covers(visitorId: string, id: string): boolean {
    const hash = hashOf(visitorId);
    for (const hashes of this.#asked) if (hashes.includes(hash)) return true;
    const upTo = this.#upTo.get(hash);
    return upTo !== undefined && compareIds(id, upTo) <= 0;
  }

  /** Of what is not in Redis any more, nothing can come. */
  prune(isGone: (id: string) => boolean): void {
    for (const [hash, upTo] of this.#upTo) if (isGone(upTo)) this.#upTo.delete(hash);
  }

  /** Redis has lost what was in it. */
  restart(): void {
    this.#since = 0;
  }
}
