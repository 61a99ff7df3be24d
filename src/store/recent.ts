/**
 * A map that forgets. Each entry is in one of its lanes, and each lane forgets by itself: what was not used for longest
 * beyond a size, and what was not used for longer than an age. One map for all lanes, since to look into a large one is
 * what costs: it is in no cache of the processor. Other than `lru-cache` it takes its memory as it needs it, not at
 * the start, and starts no timers to read the clock less often.
 */

export interface LaneOptions {
  /** Entries at most. */
  max: number;
  /** Milliseconds since an entry was last used. Default: no limit. */
  age?: number;
}

class Entry<Value> {
  /** Towards the one that was used last; the ends of a lane are one entry of no key. */
  newer: Entry<Value> = this;
  older: Entry<Value> = this;

  constructor(
    readonly key: string,
    public value: Value,
    public lane: Lane<Value> | undefined,
    /** By `performance.now()`. */
    public expires: number,
  ) {}
}

export type { Entry };

/** Entries in the order in which they were used last. */
export class Lane<Value> {
  size = 0;
  readonly max: number;
  readonly age: number;
  /** `ends.older` was used last, `ends.newer` not for longest. */
  readonly ends = new Entry<Value | undefined>('', undefined, undefined, Infinity) as Entry<Value>;

  constructor({ max, age = Infinity }: LaneOptions) {
    this.max = max;
    this.age = age;
  }

  expiry(): number {
    return this.age === Infinity ? Infinity : performance.now() + this.age;
  }
}

export class Recent<Value> {
  readonly #entries = new Map<string, Entry<Value>>();

  get size(): number {
    return this.#entries.size;
  }

  /** That is no use of it. */
  find(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expires === Infinity || entry.expires > performance.now()) return entry;
    this.remove(entry);
    return undefined;
  }

  /** Adds an entry of a key that is not there. */
  add(key: string, value: Value, lane: Lane<Value>): void {
    const entry = new Entry(key, value, lane, lane.expiry());
    this.#entries.set(key, entry);
    this.#link(entry, lane);
  }

  /** From now on it is in this lane, which it may have been before. */
  use(entry: Entry<Value>, lane: Lane<Value>): void {
    entry.expires = lane.expiry();
    if (entry === lane.ends.older) return;
    unlink(entry);
    this.#link(entry, lane);
  }

  remove(entry: Entry<Value>): void {
    unlink(entry);
    this.#entries.delete(entry.key);
  }

  #link(entry: Entry<Value>, lane: Lane<Value>): void {
    const { ends } = lane;
    const { older: last } = ends;
    entry.lane = lane;
    entry.newer = ends;
    entry.older = last;
    last.newer = ends.older = entry;
    lane.size += 1;
    if (lane.size > lane.max) this.remove(ends.newer);
  }
}

function unlink(entry: Entry<unknown>): void {
  const { newer, older, lane } = entry;
  newer.older = older;
  older.newer = newer;
  // What is old and dead would keep its neighbours, young and dead, until the next full garbage collection.
  entry.newer = entry.older = entry;
  lane!.size -= 1;
}
