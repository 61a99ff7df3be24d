/**
 * Finds the events of a batch that the tracking endpoint refuses, so that the others are delivered. Pure: it says which
 * events to post next, and is told what became of them.
 *
 * First, quarters of the batch are posted, until the endpoint takes one: if it refuses four in a row, it refuses
 * everything, and no event is to blame. Then a binary search finds each refused event. A later event of a visitor is
 * not posted while an earlier one is undecided.
 */
interface Isolatable {
  readonly visitorId: string;
}

/**
 * - `certain` the endpoint said that the events are wrong (such as 400): an event is given up once it was refused alone
 * - `doubtful` the endpoint itself may have failed (403, 5xx): an event is given up once it was refused alone twice,
 *   after the endpoint has taken other events of the batch
 */
export type Certainty = 'certain' | 'doubtful';

/** The events to give up after a refusal; `endpoint` if the search ends without a result. */
export type Verdict<T> = readonly T[] | 'endpoint';

const PARTS = 4;
/** The most POSTs for one search. */
const MAX_POSTS = 64;
const NONE: readonly never[] = [];

export class Isolation<T extends Isolatable> {
  readonly #undecided: Set<T>;
  /** The parts that the search begins with. */
  readonly #parts: T[][];
  /** The parts that were refused before the endpoint took one. */
  readonly #refusedParts: T[][] = [];
  /** True once the endpoint has taken events of this batch. */
  #isProven = false;
  /** Events of which one at least is refused; undefined if nothing is known of the events that are left. */
  #suspect: readonly T[] | undefined;
  /** Events that were refused alone once. */
  readonly #candidates = new Set<T>();
  #posts = 0;
  #refusedInARow = 0;

  /**
   * @param round the number of searches in this batch that ended with `endpoint`: each makes the first parts smaller
   */
  constructor(
    private readonly batch: readonly T[],
    readonly certainty: Certainty,
    round = 0,
  ) {
    this.#undecided = new Set(batch);
    const quarter = Math.ceil(batch.length / PARTS);
    const length = Math.max(1, Math.ceil(quarter / 2 ** round));
    const starts = Array.from({ length: PARTS }, (_, index) => index * quarter);
    this.#parts = starts.map((start) => batch.slice(start, start + length)).filter((part) => part.length > 0);
  }

  /** True once the endpoint has taken events of this batch. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** The events that are neither accepted nor given up, in order. */
  get undecided(): T[] {
    return this.batch.filter((event) => this.#undecided.has(event));
  }

  /** Returns the events to post next; none if the search is over. */
  next(): T[] {
    return this.#isProven ? this.#nextOfSearch() : this.#nextPart();
  }

  #nextPart(): T[] {
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      const free = this.#free(new Set(part));
      if (free.length > 0) return free;
    }
    // All other events are of visitors whose earlier events were refused.
    const first = this.#refusedParts.at(-1) ?? NONE;
    return first.slice(0, Math.ceil(first.length / 2));
  }

  #nextOfSearch(): T[] {
    const suspect = this.#suspect;
    if (suspect !== undefined) return suspect.slice(0, Math.ceil(suspect.length / 2));
    const rest = this.#free(this.#undecided);
    if (rest.length > 0) return rest;
    const [candidate] = this.#candidates;
    return candidate === undefined ? [] : [candidate];
  }

  /**
   * Returns the undecided events in `wanted` that wait for no earlier event of their visitor, and are no candidates.
   */
  #free(wanted: ReadonlySet<T>): T[] {
    const blocked = new Set<string>();
    return this.batch.filter((event) => {
      if (!this.#undecided.has(event) || blocked.has(event.visitorId)) return false;
      if (wanted.has(event) && !this.#candidates.has(event)) return true;
      blocked.add(event.visitorId);
      return false;
    });
  }

  /** Notes that the endpoint took these events, which `next` returned. */
  accepted(posted: readonly T[]): void {
    this.#posts += 1;
    this.#refusedInARow = 0;
    const isFirst = !this.#isProven;
    this.#isProven = true;
    this.#decide(posted);
    const accepted = new Set(posted);
    if (!isFirst) this.#suspect = left(this.#suspect, (event) => !accepted.has(event));
    else if (this.certainty === 'certain') {
      // One event at least is wrong: if no part was refused before, it is among all that are left.
      const among = this.#refusedParts[0] ?? this.undecided;
      this.#suspect = left(among, (event) => this.#undecided.has(event));
    }
  }

  /** Notes that the endpoint refused these events, which `next` returned. */
  refused(posted: readonly T[]): Verdict<T> {
    this.#posts += 1;
    this.#refusedInARow += 1;
    const [only] = posted;
    if (only === undefined) return 'endpoint';
    const isSingle = posted.length === 1;
    if (!this.#isProven) {
      this.#refusedParts.push([...posted]);
      const isLast = posted.length === 1 && this.#parts.length === 0;
      return isLast || this.#refusedParts.length >= PARTS ? 'endpoint' : NONE;
    }
    if (this.#posts >= MAX_POSTS || (this.certainty === 'doubtful' && this.#isDown)) return 'endpoint';
    this.#suspect = isSingle ? undefined : posted;
    if (!isSingle) return NONE;
    if (this.certainty === 'doubtful' && !this.#candidates.has(only)) {
      this.#candidates.add(only);
      return NONE;
    }
    this.#decide(posted);
    return posted;
  }

  /** True if so many POSTs in a row were refused that the endpoint seems to fail again. */
  get #isDown(): boolean {
    return this.#refusedInARow > 2 * Math.ceil(Math.log2(this.batch.length)) + PARTS;
  }

  #decide(events: readonly T[]): void {
    for (const event of events) {
      this.#undecided.delete(event);
      this.#candidates.delete(event);
    }
  }
}

function left<T>(events: readonly T[] | undefined, stays: (event: T) => boolean): readonly T[] | undefined {
  const rest = events?.filter(stays);
  return rest !== undefined && rest.length > 0 ? rest : undefined;
}
