/**
 * Lets flushes wait for the events that this process put into Redis until they are gone from there, whoever sent
 * them.
 */
import { type FlushEpoch, type FlushTracker, EpochRuns } from '../../../delivery/flush-tracker.js';
import { compareIds } from './event-stream.js';

/** From one id to another, both included. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** Commits that follow each other. */
interface FlushRun extends Range {
  readonly epoch: FlushEpoch;
  end: string;
  /** How many of its events are not known to be gone. */
  count: number;
}

/** Runs that Redis is asked about in one call. */
const MAX_RANGES = 8;

export class FlushRanges {
  /** In the order of their ids. */
  readonly #runs: EpochRuns<FlushRun>;

  constructor(private readonly flushes: FlushTracker) {
    this.#runs = new EpochRuns(flushes, (last, { end, count }) => {
      last.end = end;
      last.count += count;
    });
  }

  /** In the order of the ids. */
  push(epoch: FlushEpoch, id: string): void {
    this.#runs.push({ epoch, start: id, end: id, count: 1 });
  }

  /** The oldest runs, whose events may be gone without this process having heard. */
  ranges(): readonly Range[] {
    return this.#runs.slice(MAX_RANGES).map(({ start, end }) => ({ start, end }));
  }

  /** `events` of our events in a commit are not in Redis any more. */
  acknowledged(id: string, events: number): void {
    let left = events;
    // One commit may be in several runs: its events are of several epochs.
    for (const run of this.#runs.slice(this.#runs.length)) {
      if (left === 0 || compareIds(run.start, id) > 0) break;
      if (compareIds(id, run.end) > 0) continue;
      const count = Math.min(left, run.count);
      left -= count;
      run.count -= count;
      this.flushes.leave(run.epoch, count);
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

  #leave(gone: readonly FlushRun[]): void {
    for (const { epoch, count } of gone) this.flushes.leave(epoch, count);
  }
}
