/** Who waits for what this process put into Redis, until it is gone from there, whoever sent it. */
import type { Cohort, Cohorts } from '../cohorts.js';
import { compareIds } from './stream.js';

/** From one id to another, both included. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** Commits that follow each other, of events of one cohort. */
interface Run extends Range {
  cohort: Cohort;
  end: string;
  /** Events that are not known to be gone. */
  count: number;
}

/** Runs from which on those whose cohorts became one do, too. */
const MERGE_FROM = 1000;
/** Runs that are asked for at once. */
const MAX_RANGES = 8;

export class Awaited {
  /** In the order of their ids. */
  #runs: Run[] = [];
  #mergeAt = MERGE_FROM;

  constructor(private readonly waiting: Cohorts) {}

  /** In the order of the ids. */
  push(cohort: Cohort, id: string): void {
    this.#append(this.#runs, { cohort, start: id, end: id, count: 1 });
    if (this.#runs.length >= this.#mergeAt) this.#merge();
  }

  /** The oldest ones, which may be gone without anybody telling. */
  ranges(): readonly Range[] {
    return this.#runs.slice(0, MAX_RANGES).map(({ start, end }) => ({ start, end }));
  }

  /** So many events of a commit are gone. */
  settle(id: string, events: number): void {
    let left = events;
    // One commit may be in several runs: its events are of several cohorts.
    for (const run of this.#runs) {
      if (left === 0 || compareIds(run.start, id) > 0) break;
      if (compareIds(id, run.end) > 0) continue;
      const count = Math.min(left, run.count);
      left -= count;
      run.count -= count;
      this.#leave(run.cohort, count);
    }
    this.#runs = this.#runs.filter(({ count }) => count > 0);
  }

  /** All of a range is gone, if nothing has joined it since it was asked for. */
  releaseRange(range: Range): void {
    this.#release(({ start, end }) => start === range.start && end === range.end);
  }

  release(isGone: (id: string) => boolean): void {
    this.#release(({ end }) => isGone(end));
  }

  #release(isGone: (run: Run) => boolean): void {
    const kept: Run[] = [];
    const gone: Run[] = [];
    for (const run of this.#runs) (isGone(run) ? gone : kept).push(run);
    this.#runs = kept;
    for (const { cohort, count } of gone) this.#leave(cohort, count);
  }

  #leave(cohort: Cohort, count: number): void {
    for (let left = count; left > 0; left--) this.waiting.leave(cohort);
  }

  #append(runs: Run[], run: Run): void {
    const last = runs.at(-1);
    const cohort = this.waiting.of(run.cohort);
    if (last === undefined || this.waiting.of(last.cohort) !== cohort) {
      runs.push({ ...run, cohort });
      return;
    }
    last.end = run.end;
    last.count += run.count;
  }

  #merge(): void {
    const merged: Run[] = [];
    for (const run of this.#runs) this.#append(merged, run);
    this.#runs = merged;
    this.#mergeAt = Math.max(MERGE_FROM, 2 * merged.length);
  }
}
