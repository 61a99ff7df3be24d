/** Who waits for what this process put into Redis, until it is gone from there, whoever sent it. */
import { type FlushEpoch, type FlushTracker, EpochRuns } from '../../../delivery/flush-tracker.js';
import { compareIds } from './event-stream.js';

/** From one id to another, both included. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** Commits that follow each other. */
interface AwaitedRun extends Range {
  readonly cohort: FlushEpoch;
  end: string;
  /** Events that are not known to be gone. */
  count: number;
}

/** Runs that are asked for at once. */
const MAX_RANGES = 8;

export class FlushRanges {
  /** In the order of their ids. */
  readonly #runs: EpochRuns<AwaitedRun>;

  constructor(private readonly waiting: FlushTracker) {
    this.#runs = new EpochRuns(waiting, (last, { end, count }) => {
      last.end = end;
      last.count += count;
    });
  }

  /** In the order of the ids. */
  push(cohort: FlushEpoch, id: string): void {
    this.#runs.push({ cohort, start: id, end: id, count: 1 });
  }

  /** The oldest ones, which may be gone without anybody telling. */
  ranges(): readonly Range[] {
    return this.#runs.slice(MAX_RANGES).map(({ start, end }) => ({ start, end }));
  }

  /** So many events of a commit are gone. */
  settle(id: string, events: number): void {
    let left = events;
    // One commit may be in several runs: its events are of several cohorts.
    for (const run of this.#runs.slice(this.#runs.length)) {
      if (left === 0 || compareIds(run.start, id) > 0) break;
      if (compareIds(id, run.end) > 0) continue;
      const count = Math.min(left, run.count);
      left -= count;
      run.count -= count;
      this.waiting.leave(run.cohort, count);
    }
    this.#runs.remove(({ count }) => count === 0);
  }

  /** All of a range is gone, if nothing has joined it since it was asked for. */
  releaseRange(range: Range): void {
    this.#leave(this.#runs.remove(({ start, end }) => start === range.start && end === range.end));
  }

  release(isGone: (id: string) => boolean): void {
    this.#leave(this.#runs.remove(({ end }) => isGone(end)));
  }

  #leave(gone: readonly AwaitedRun[]): void {
    for (const { cohort, count } of gone) this.waiting.leave(cohort, count);
  }
}
