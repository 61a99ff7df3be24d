/** What is on disk and no longer in memory, in order: how much, and who waits for it. */
import { type FlushEpoch, type FlushTracker, EpochRuns } from '../flush-tracker.js';
import type { QueuedEvent } from '../queued-event.js';

interface SpilledRun {
  readonly cohort: FlushEpoch;
  /** The number after that of the last event. */
  end: number;
  count: number;
  bytes: number;
}

/** Events that are not there any more, although they were stored. */
export interface Missing {
  readonly cohort: FlushEpoch;
  readonly count: number;
  readonly bytes: number;
}

export class SpilledEvents {
  readonly #runs: EpochRuns<SpilledRun>;
  #count = 0;
  #bytes = 0;

  constructor(waiting: FlushTracker) {
    this.#runs = new EpochRuns(waiting, (last, { end, count, bytes }) => {
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

  push(number: number, { epoch: cohort, bytes }: QueuedEvent): void {
    this.#count += 1;
    this.#bytes += bytes;
    this.#runs.push({ cohort, end: number + 1, count: 1, bytes });
  }

  /** Takes the event of that number, which was read; tells what is missing of those before it. */
  take(number: number, bytes: number): { cohort: FlushEpoch | undefined; missing: Missing[] } {
    const missing = this.#close(({ end }) => end <= number);
    const run = this.#runs.first;
    if (run === undefined || run.count === 0) return { cohort: undefined, missing };
    run.count -= 1;
    run.bytes -= bytes;
    this.#count -= 1;
    this.#bytes -= bytes;
    return { cohort: run.cohort, missing: [...missing, ...this.#close(({ end }) => end === number + 1)] };
  }

  /** All of it, as missing. */
  clear(): Missing[] {
    return this.#close(() => true);
  }

  #close(isOver: (run: SpilledRun) => boolean): Missing[] {
    const missing: Missing[] = [];
    for (const { cohort, count, bytes } of this.#runs.take(isOver)) {
      this.#count -= count;
      this.#bytes -= bytes;
      if (count > 0) missing.push({ cohort, count, bytes });
    }
    return missing;
  }
}
