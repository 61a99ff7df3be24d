/**
 * A map of bounded size: what was not used for longest goes first. Other than `lru-cache` it takes its memory as it
 * needs it, not at the start.
 */
class Entry<Value> {
  /** Towards the one that was used last; the ends of the list are one entry of no key. */
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
  /** `ends.older` was used last, `ends.newer` not for longest. */
  readonly #ends = new Entry<Value | undefined>('', undefined) as Entry<Value>;

  constructor({ max }: { max: number }) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** That is no use of it. */
  find(key: string): Entry<Value> | undefined {
    return this.#entries.get(key);
  }

  /** Adds an entry of a key that is not there. */
  add(key: string, value: Value): void {
    const entry = new Entry(key, value);
    this.#entries.set(key, entry);
    this.#link(entry);
    if (this.#entries.size > this.#max) this.remove(this.#ends.newer);
  }

  use(entry: Entry<Value>): void {
    if (entry === this.#ends.older) return;
    unlink(entry);
    this.#link(entry);
  }

  remove(entry: Entry<Value>): void {
    unlink(entry);
    this.#entries.delete(entry.key);
  }

  /** As `remove`, of a key that may not be there. */
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
  // What is old and dead would keep its neighbours, young and dead, until the next full garbage collection.
  entry.newer = entry.older = entry;
}
