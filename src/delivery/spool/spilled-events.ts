/**
 * Counts the events that are on disk and not in memory, in order and by flush epoch, so that flushes can wait for them.
 */
import { type FlushEpoch, type FlushTracker, EpochRuns } from '../flush-tracker.js';
import type { QueuedEvent } from '../queued-event.js';

interface SpilledRun {
  readonly epoch: FlushEpoch;
  /** The number of the run's last event, plus one. */
  end: number;
  count: number;
  bytes: number;
}

/**
 * Events of one epoch that were stored and will not be read: they can't be read any more, or another process sends
 * them.
 */
export interface Missing {
  readonly epoch: FlushEpoch;
  readonly count: number;
  readonly bytes: number;
}

export class SpilledEvents {
  readonly #runs: EpochRuns<SpilledRun>;
  #count = 0;
  #bytes = 0;

  constructor(flushes: FlushTracker) {
    this.#runs = new EpochRuns(flushes, (last, { end, count, bytes }) => {
      last.end = end;
      last.count += count;
      last.bytes += bytes;
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  push(number: number, { epoch, bytes }: QueuedEvent): void {
    this.#count += 1;
    this.#bytes += bytes;
    this.#runs.push({ epoch, end: number + 1, count: 1, bytes });
  }

  /**
   * Removes the event of this number, which was read from disk. Returns its epoch, and the events before it that were
   * stored and not found; the epoch is undefined if the event is not known here.
   */
  take(number: number, bytes: number): { epoch: FlushEpoch | undefined; missing: Missing[] } {
    const missing = this.#close(({ end }) => end <= number);
    const run = this.#runs.first;
    if (run === undefined || run.count === 0) return { epoch: undefined, missing };
    run.count -= 1;
    run.bytes -= bytes;
    this.#count -= 1;
    this.#bytes -= bytes;
    return { epoch: run.epoch, missing: [...missing, ...this.#close(({ end }) => end === number + 1)] };
  }

  /** Removes all events and returns them as missing. */
  clear(): Missing[] {
    return this.#close(() => true);
  }

  #close(isOver: (run: SpilledRun) => boolean): Missing[] {
    const missing: Missing[] = [];
    for (const { epoch, count, bytes } of this.#runs.take(isOver)) {
      this.#count -= count;
      this.#bytes -= bytes;
      if (count > 0) missing.push({ epoch, count, bytes });
    }
    return missing;
  }
}
