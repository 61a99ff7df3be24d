/**
 * A bounded map that forgets whole generations of entries at once: nearly no entry that was added is asked for again. A
 * time for each entry would take more memory.
 */

export interface GenerationalMapOptions {
  /** The most entries. If there are more, the oldest quarter of them is dropped, or less. */
  max: number;
  /** Milliseconds for which an entry stays at least, while there is room. It stays a quarter longer at most. */
  age: number;
}

/**
 * The number of generations that the age and the room are divided into. A search looks into each of them, so that many
 * would make an unknown key expensive (bench/heap: visitors with an unknown id).
 */
const SHARES = 4;

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
    this.#size = Math.ceil(max / SHARES);
    // There is room for full generations, and for generations that were closed by age before they were full.
    this.#maxGenerations = 2 * SHARES + 1;
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

  /** Returns the value of an entry, which stays where it is; undefined if the map does not hold the key. */
  get(key: string): Value | undefined {
    this.#dropExpired(performance.now());
    return this.#generations.findLast(({ entries }) => entries.has(key))?.entries.get(key);
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
