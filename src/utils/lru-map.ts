/**
 * A map of bounded size that drops the entry which was not used for longest. Unlike `lru-cache` it takes memory as it
 * needs it, not at the start. A plain `Map` whose oldest key is deleted takes much more time for each entry that is
 * added once the map is full (bench/heap: visitors with an unknown id).
 */
class Entry<Value> {
  /** The next entry in the order of use, which was used later. The entries form a ring, which `#ends` closes. */
  newer: Entry<Value> = this;
  older: Entry<Value> = this;

  constructor(
    readonly key: string,
    public value: Value,
  ) {}
}

export type { Entry };

export class LruMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #max: number;
  /**
   * An entry without a key that closes the ring: `#ends.older` was used last, and `#ends.newer` was not used for
   * longest.
   */
  readonly #ends = new Entry<Value | undefined>('', undefined) as Entry<Value>;

  constructor({ max }: { max: number }) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the entry under a key. This does not count as a use of the entry. */
  find(key: string): Entry<Value> | undefined {
    return this.#entries.get(key);
  }

  /** Adds an entry under a key that the map does not hold. */
  add(key: string, value: Value): void {
    const entry = new Entry(key, value);
    this.#entries.set(key, entry);
    this.#link(entry);
    if (this.#entries.size > this.#max) this.remove(this.#ends.newer);
  }

  /** Marks an entry as the one that was used last. */
  use(entry: Entry<Value>): void {
    if (entry === this.#ends.older) return;
    unlink(entry);
    this.#link(entry);
  }

  remove(entry: Entry<Value>): void {
    unlink(entry);
    this.#entries.delete(entry.key);
  }

  /** Removes the entry under a key, if the map holds one. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.remove(entry);
  }

  #link(entry: Entry<Value>): void {
    const { older: last } = this.#ends;
    entry.newer = this.#ends;
    entry.older = last;
    last.newer = this.#ends.older = entry;
  }
}

function unlink(entry: Entry<unknown>): void {
  const { newer, older } = entry;
  newer.older = older;
  older.newer = newer;
  // A removed entry in V8's old space would keep its removed neighbours alive until the next full garbage collection.
  entry.newer = entry.older = entry;
}
