/** What is on disk and no longer in memory, in order: how much, and who waits for it. Some numbers for many events. */
import type { Cohort } from '../cohorts.js';
import { fifo, type Fifo } from '../fifo.js';
import type { QueuedEvent } from '../outbox.js';

interface Run {
  cohort: Cohort;
  /** The number after that of the last event. */
  end: number;
  count: number;
  bytes: number;
}

/** Events that are not there any more, although they were stored. */
export interface Missing {
  readonly cohort: Cohort;
  readonly count: number;
  readonly bytes: number;
}

/** Runs from which on those whose cohorts became one do, too. */
const MERGE_FROM = 1000;

export class Spilled {
  #runs: Fifo<Run> = fifo();
  #mergeAt = MERGE_FROM;
  #count = 0;
  #bytes = 0;

  constructor(private readonly cohortOf: (joined: Cohort) => Cohort) {}

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  push(number: number, { cohort, bytes }: QueuedEvent): void {
    this.#count += 1;
    this.#bytes += bytes;
    this.#append({ cohort, end: number + 1, count: 1, bytes });
    if (this.#runs.length >= this.#mergeAt) this.#merge();
  }

  /** Takes the event of that number, which was read; tells what is missing of those before it. */
  take(number: number, bytes: number): { cohort: Cohort | undefined; missing: Missing[] } {
    const missing = this.#close(({ end }) => end <= number);
    const run = this.#runs.first();
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

  #append(run: Run): void {
    const last = this.#runs.last();
    const cohort = this.cohortOf(run.cohort);
    if (last === undefined || this.cohortOf(last.cohort) !== cohort) {
      this.#runs.push({ ...run, cohort });
      return;
    }
    last.end = run.end;
    last.count += run.count;
    last.bytes += run.bytes;
  }

  #merge(): void {
    const runs = this.#runs.take(() => true);
    for (const run of runs) this.#append(run);
    this.#mergeAt = Math.max(MERGE_FROM, 2 * this.#runs.length);
  }

  #close(isOver: (run: Run) => boolean): Missing[] {
    const missing: Missing[] = [];
    for (const { cohort, count, bytes } of this.#runs.take(isOver)) {
      this.#count -= count;
      this.#bytes -= bytes;
      if (count > 0) missing.push({ cohort, count, bytes });
    }
    return missing;
  }
}
