/**
 * A map that forgets all of an age at once: of what came once, nearly nothing is asked for again. An entry goes into the
 * youngest generation, which is small and so in the processor's cache; a generation that is too old, or one too many, is
 * dropped whole.
 */
export interface GenerationsOptions {
  /** Entries at most. */
  max: number;
  /** Milliseconds since an entry was set, at most; at least seven eighths of it, unless there is no more room. */
  age: number;
}

/** Of its age, and of its room where that is small. */
const SHARES = 8;
/** Entries: a table of so many takes some 100 KiB. */
const MAX_SIZE = 4096;

interface Generation<Value> {
  readonly entries: Map<string, Value>;
  /** By `performance.now()`: until then entries are added, and until then they stay. */
  readonly closes: number;
  readonly ends: number;
}

export class Generations<Value> {
  /** The youngest one last. */
  #generations: Generation<Value>[] = [];
  readonly #max: number;
  /** Of a generation. */
  readonly #size: number;
  readonly #age: number;

  constructor({ max, age }: GenerationsOptions) {
    this.#max = max;
    this.#size = Math.min(MAX_SIZE, Math.ceil(max / SHARES));
    this.#age = age;
  }

  get size(): number {
    return this.#generations.reduce((size, { entries }) => size + entries.size, 0);
  }

  get(key: string): Value | undefined {
    this.#forget();
    // Who comes back mostly comes back soon.
    for (let place = this.#generations.length - 1; place >= 0; place--) {
      const value = this.#generations[place]!.entries.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Of a key that is not there: `take` it first where it may be. */
  add(key: string, value: Value): void {
    this.#youngest().entries.set(key, value);
  }

  /** Removes an entry and returns what it held. */
  take(key: string): Value | undefined {
    this.#forget();
    for (let place = this.#generations.length - 1; place >= 0; place--) {
      const { entries } = this.#generations[place]!;
      const value = entries.get(key);
      if (value === undefined) continue;
      entries.delete(key);
      return value;
    }
    return undefined;
  }

  #youngest(): Generation<Value> {
    const now = performance.now();
    const last = this.#generations.at(-1);
    if (last !== undefined && last.entries.size < this.#size && now < last.closes) return last;
    this.#forget();
    while (this.size > this.#max - this.#size) this.#generations.shift();
    // The last entry of a generation is an eighth of the age younger than the first one.
    const next = {
      entries: new Map<string, Value>(),
      closes: now + this.#age / SHARES,
      ends: now + this.#age,
    };
    this.#generations.push(next);
    return next;
  }

  /** What is too old. */
  #forget(): void {
    const [oldest] = this.#generations;
    if (oldest === undefined) return;
    const now = performance.now();
    if (now >= oldest.ends) this.#generations = this.#generations.filter(({ ends }) => now < ends);
  }
}
