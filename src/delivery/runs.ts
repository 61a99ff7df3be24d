/** Events that follow each other and are of one cohort: some numbers for many, however many flushes there were. */
import type { Cohort, Cohorts } from './flush-tracker.js';

export interface Run {
  readonly cohort: Cohort;
}

/** Runs from which on those whose cohorts became one do, too. */
const MERGE_FROM = 1000;

export class Runs<Each extends Run> {
  #runs: Each[] = [];
  #start = 0;
  #mergeAt = MERGE_FROM;

  /** `join` adds a run to the one before it. */
  constructor(
    private readonly waiting: Cohorts,
    private readonly join: (last: Each, next: Each) => void,
  ) {}

  get length(): number {
    return this.#runs.length - this.#start;
  }

  /** The oldest one. */
  get first(): Each | undefined {
    return this.#runs[this.#start];
  }

  /** The oldest ones first. */
  slice(count: number): Each[] {
    return this.#runs.slice(this.#start, this.#start + count);
  }

  push(run: Each): void {
    this.#append(run);
    if (this.length < this.#mergeAt) return;
    const runs = this.#runs.slice(this.#start);
    this.#reset([]);
    for (const each of runs) this.#append(each);
    this.#mergeAt = Math.max(MERGE_FROM, 2 * this.length);
  }

  /** Removes and returns the oldest ones for as long as `isOver` says so. */
  take(isOver: (run: Each) => boolean): Each[] {
    const from = this.#start;
    while (this.first !== undefined && isOver(this.first)) this.#start += 1;
    const taken = this.#runs.slice(from, this.#start);
    // Nothing is moved for each of them.
    if (this.#start * 2 > this.#runs.length) this.#reset(this.#runs.slice(this.#start));
    return taken;
  }

  /** Removes and returns those of which `isOver` says so, wherever they are. */
  remove(isOver: (run: Each) => boolean): Each[] {
    const removed: Each[] = [];
    const kept: Each[] = [];
    for (const run of this.slice(this.length)) (isOver(run) ? removed : kept).push(run);
    if (removed.length > 0) this.#reset(kept);
    return removed;
  }

  #append(run: Each): void {
    const last = this.#runs.at(-1);
    const isLike = this.length > 0 && this.waiting.of(last!.cohort) === this.waiting.of(run.cohort);
    if (isLike) this.join(last!, run);
    else this.#runs.push(run);
  }

  #reset(runs: Each[]): void {
    this.#runs = runs;
    this.#start = 0;
  }
}
