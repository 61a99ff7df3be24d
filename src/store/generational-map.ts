/**
 * A bounded map that forgets whole generations of entries at once.
 *
 * An entry goes into the youngest generation, which is small and so stays in the cache of the processor. If entries are
 * too old, or there is no more room, a whole generation is dropped: nearly no entry that was added is asked for again.
 * One `Map` with a time for each entry takes more time and memory (bench/heap: new visitors).
 */

export interface GenerationalMapOptions {
  /** The most entries. If there are more, the oldest eighth of them is dropped, or less. */
  max: number;
  /** Milliseconds for which an entry stays at least, while there is room. It stays an eighth longer at most. */
  age: number;
}

/** The number of generations that the age is divided into. The room is divided into as many if it is small. */
const SHARES = 8;
/** The most entries of a generation: a larger table would not stay in the cache of the processor. */
const MAX_SIZE = 4096;

interface Generation<Value> {
  readonly entries: Map<string, Value>;
  /** The time, by `performance.now()`, after which no entry is added to this generation. */
  readonly closes: number;
  /** The time, by `performance.now()`, when the entries of this generation are dropped. */
  readonly ends: number;
}

export class GenerationalMap<Value> {
  /** The generations, the youngest one last. */
  #generations: Generation<Value>[] = [];
  #count = 0;
  readonly #max: number;
  readonly #age: number;
  /** The number of entries with which a generation is full. A generation that was merged from two may have more. */
  readonly #size: number;
  readonly #maxGenerations: number;

  constructor({ max, age }: GenerationalMapOptions) {
    this.#max = max;
    this.#age = age;
    this.#size = Math.min(MAX_SIZE, Math.ceil(max / SHARES));
    // There is room for full generations, and for generations that were closed by age before they were full.
    this.#maxGenerations = Math.ceil(max / this.#size) + SHARES + 1;
  }

  get size(): number {
    return this.#count;
  }

  /** For tests: the number of maps that a search looks into at most. */
  get generations(): number {
    return this.#generations.length;
  }

  /** Adds an entry under a key that the map does not hold: `take` the key first if it may be there. */
  add(key: string, value: Value): void {
    const now = performance.now();
    let youngest = this.#generations.at(-1);
    if (youngest === undefined || youngest.entries.size >= this.#size || now >= youngest.closes) {
      youngest = this.#open(now);
    }
    if (this.#count >= this.#max) this.#dropOldest();
    // The generation that was dropped may have been the only one.
    if (this.#generations.length === 0) youngest = this.#open(now);
    youngest.entries.set(key, value);
    this.#count += 1;
  }

  /** Removes an entry and returns its value; undefined if the map does not hold the key. */
  take(key: string): Value | undefined {
    this.#dropExpired(performance.now());
    // Visitors who come back mostly come back soon: the youngest generation is searched first.
    for (let index = this.#generations.length - 1; index >= 0; index--) {
      const { entries } = this.#generations[index]!;
      const value = entries.get(key);
      if (value === undefined) continue;
      entries.delete(key);
      this.#count -= 1;
      if (entries.size === 0 && index < this.#generations.length - 1) this.#generations.splice(index, 1);
      return value;
    }
    return undefined;
  }

  #open(now: number): Generation<Value> {
    this.#dropExpired(now);
    if (this.#generations.length >= this.#maxGenerations) this.#mergeOldest();
    const closes = now + this.#age / SHARES;
    const youngest = { entries: new Map<string, Value>(), closes, ends: closes + this.#age };
    this.#generations.push(youngest);
    return youngest;
  }

  /** Merges the two oldest generations into one. */
  #mergeOldest(): void {
    const [oldest, next] = this.#generations.splice(0, 2) as [Generation<Value>, Generation<Value>];
    const [few, many] = [oldest.entries, next.entries].sort((one, other) => one.size - other.size) as [
      Map<string, Value>,
      Map<string, Value>,
    ];
    for (const [key, value] of few) many.set(key, value);
    this.#generations.unshift({ entries: many, closes: next.closes, ends: next.ends });
  }

  #dropOldest(): void {
    const oldest = this.#generations.shift();
    if (oldest !== undefined) this.#count -= oldest.entries.size;
  }

  #dropExpired(now: number): void {
    while (this.#generations.length > 0 && now >= this.#generations[0]!.ends) this.#dropOldest();
  }
}
