/**
 * A map that forgets all of an age at once: of what came once, nearly nothing is asked for again. An entry goes into the
 * youngest generation, which is small and so in the processor's cache; what is too old, or has no more room, goes by
 * whole generations.
 */
export interface GenerationalMapOptions {
  /** Entries at most; where they are too many, the oldest eighth goes, or less. */
  max: number;
  /** Milliseconds since an entry was set, at least, while there is room; an eighth more at most. */
  age: number;
}

/** Of the age, and of the room where that is small. */
const SHARES = 8;
/** Entries: a table of so many takes some 100 KiB. */
const MAX_SIZE = 4096;

interface Generation<Value> {
  readonly entries: Map<string, Value>;
  /** By `performance.now()`: until then entries are added, and until then they stay. */
  readonly closes: number;
  readonly ends: number;
}

export class GenerationalMap<Value> {
  /** The youngest one last. */
  #generations: Generation<Value>[] = [];
  #count = 0;
  readonly #max: number;
  readonly #age: number;
  /** Entries of a generation, until it is joined with another one. */
  readonly #size: number;
  readonly #maxGenerations: number;

  constructor({ max, age }: GenerationalMapOptions) {
    this.#max = max;
    this.#age = age;
    this.#size = Math.min(MAX_SIZE, Math.ceil(max / SHARES));
    // As many as are full, and as many as were closed before they were.
    this.#maxGenerations = Math.ceil(max / this.#size) + SHARES + 1;
  }

  get size(): number {
    return this.#count;
  }

  /** For tests: what a search goes through at most. */
  get generations(): number {
    return this.#generations.length;
  }

  /** Adds an entry of a key that is not there: `take` it first where it may be. */
  add(key: string, value: Value): void {
    const now = performance.now();
    let youngest = this.#generations.at(-1);
    if (youngest === undefined || youngest.entries.size >= this.#size || now >= youngest.closes) {
      youngest = this.#open(now);
    }
    if (this.#count >= this.#max) this.#drop();
    // The only one there was may have been the one that went.
    if (this.#generations.length === 0) youngest = this.#open(now);
    youngest.entries.set(key, value);
    this.#count += 1;
  }

  /** Removes an entry and returns what it held. */
  take(key: string): Value | undefined {
    this.#forget(performance.now());
    // Who comes back mostly comes back soon.
    for (let place = this.#generations.length - 1; place >= 0; place--) {
      const { entries } = this.#generations[place]!;
      const value = entries.get(key);
      if (value === undefined) continue;
      entries.delete(key);
      this.#count -= 1;
      if (entries.size === 0 && place < this.#generations.length - 1) this.#generations.splice(place, 1);
      return value;
    }
    return undefined;
  }

  #open(now: number): Generation<Value> {
    this.#forget(now);
    if (this.#generations.length >= this.#maxGenerations) this.#join();
    const closes = now + this.#age / SHARES;
    const youngest = { entries: new Map<string, Value>(), closes, ends: closes + this.#age };
    this.#generations.push(youngest);
    return youngest;
  }

  /** Makes one of the two oldest. */
  #join(): void {
    const [oldest, next] = this.#generations.splice(0, 2) as [Generation<Value>, Generation<Value>];
    const [few, many] = [oldest.entries, next.entries].sort((one, other) => one.size - other.size) as [
      Map<string, Value>,
      Map<string, Value>,
    ];
    for (const [key, value] of few) many.set(key, value);
    this.#generations.unshift({ entries: many, closes: next.closes, ends: next.ends });
  }

  #drop(): void {
    const oldest = this.#generations.shift();
    if (oldest !== undefined) this.#count -= oldest.entries.size;
  }

  /** What is too old. */
  #forget(now: number): void {
    while (this.#generations.length > 0 && now >= this.#generations[0]!.ends) this.#drop();
  }
}
