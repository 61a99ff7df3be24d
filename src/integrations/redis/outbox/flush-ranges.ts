/**
 * Lets a flush wait until the events that this process put into Redis are gone from there, whichever process sends
 * them.
 */
import { type FlushEpoch, type FlushTracker, EpochRuns } from '../../../delivery/flush-tracker.js';
import { compareIds } from './event-stream.js';

/** A range of commit ids, including `start` and `end`. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** Commits that follow each other and hold events of one flush epoch. */
interface FlushRun extends Range {
  readonly epoch: FlushEpoch;
  end: string;
  /** The number of events in the run that may still be in Redis. */
  count: number;
}

/** The most runs that Redis is asked about in one call. */
const MAX_RANGES = 8;

export class FlushRanges {
  /** The runs, in the order of their ids. */
  readonly #runs: EpochRuns<FlushRun>;

  constructor(private readonly flushes: FlushTracker) {
    this.#runs = new EpochRuns(flushes, (last, { end, count }) => {
      last.end = end;
      last.count += count;
    });
  }

  /** Adds an event of the commit `id`. Calls have to come in the order of the ids. */
  push(epoch: FlushEpoch, id: string): void {
    this.#runs.push({ epoch, start: id, end: id, count: 1 });
  }

  /** Returns the ranges of the oldest runs. Other processes may have sent their events, which only Redis can tell. */
  ranges(): readonly Range[] {
    return this.#runs.slice(MAX_RANGES).map(({ start, end }) => ({ start, end }));
  }

  /**
   * Notes that as many events as `events`, which this process had put into the commit `id`, are not in Redis any more.
   */
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

  /**
   * Notes that all events of a range are gone from Redis. Does nothing if the run has grown since Redis was asked for
   * the range.
   */
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
