/**
 * A map that forgets: what was not used for longest beyond a size, and what was not set for longer than an age. As fast
 * as `lru-cache`, which takes its memory, and 10 ms, at the start, and starts timers to read the clock less often.
 */
export interface Recent<Value> {
  readonly size: number;
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  /** Removes an entry and returns what it held. */
  take(key: string): Value | undefined;
}

export interface RecentOptions {
  /** Entries at most. */
  max: number;
  /** Milliseconds since an entry was last set. Default: no limit. */
  age?: number;
}

class Entry<Value> {
  /** Towards the one that was used last; the ends of the list are one entry of no key. */
  newer: Entry<Value> = this;
  older: Entry<Value> = this;

  constructor(
    readonly key: string,
    public value: Value,
    /** By `performance.now()`. */
    public expires: number,
  ) {}
}

export function recent<Value>({ max, age = Infinity }: RecentOptions): Recent<Value> {
  const entries = new Map<string, Entry<Value>>();
  /** A ring: `ring.older` was used last, `ring.newer` not for longest. */
  const ring = new Entry<Value | undefined>('', undefined, Infinity) as Entry<Value>;

  const now = (): number => (age === Infinity ? 0 : performance.now());

  function link(entry: Entry<Value>): void {
    const { older: last } = ring;
    entry.newer = ring;
    entry.older = last;
    last.newer = ring.older = entry;
  }

  function unlink(entry: Entry<Value>): void {
    const { newer, older } = entry;
    newer.older = older;
    older.newer = newer;
    // What is old and dead would keep its neighbours, young and dead, until the next full garbage collection.
    entry.newer = entry.older = entry;
  }

  function forget(entry: Entry<Value>): void {
    unlink(entry);
    entries.delete(entry.key);
  }

  function find(key: string): Entry<Value> | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.expires > now()) return entry;
    forget(entry);
    return undefined;
  }

  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const entry = find(key);
      if (entry === undefined) return undefined;
      if (entry !== ring.older) {
        unlink(entry);
        link(entry);
      }
      return entry.value;
    },
    set(key, value) {
      const expires = now() + age;
      const known = entries.get(key);
      if (known !== undefined) {
        known.value = value;
        known.expires = expires;
        unlink(known);
        link(known);
        return;
      }
      const entry = new Entry(key, value, expires);
      entries.set(key, entry);
      link(entry);
      if (entries.size > max) forget(ring.newer);
    },
    take(key) {
      const entry = find(key);
      if (entry === undefined) return undefined;
      forget(entry);
      return entry.value;
    },
  };
}
