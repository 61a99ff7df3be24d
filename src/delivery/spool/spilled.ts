/** What is on disk and no longer in memory, in order: how much, and who waits for it. Some numbers for many events. */
import type { Cohort } from '../cohorts.js';
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

export class Spilled {
  #runs: Run[] = [];
  #count = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  push(number: number, { cohort, bytes }: QueuedEvent): void {
    this.#count += 1;
    this.#bytes += bytes;
    const last = this.#runs.at(-1);
    if (last?.cohort === cohort) {
      last.end = number + 1;
      last.count += 1;
      last.bytes += bytes;
    } else {
      this.#runs.push({ cohort, end: number + 1, count: 1, bytes });
    }
  }

  /** Takes the event of that number, which was read; tells what is missing of those before it. */
  take(number: number, bytes: number): { cohort: Cohort | undefined; missing: Missing[] } {
    const missing: Missing[] = [];
    while (this.#runs[0] !== undefined && this.#runs[0].end <= number) missing.push(...this.#close());
    const run = this.#runs[0];
    if (run === undefined || run.count === 0) return { cohort: undefined, missing };
    run.count -= 1;
    run.bytes -= bytes;
    this.#count -= 1;
    this.#bytes -= bytes;
    if (run.end === number + 1) missing.push(...this.#close());
    return { cohort: run.cohort, missing };
  }

  /** All of it, as missing. */
  clear(): Missing[] {
    const missing: Missing[] = [];
    while (this.#runs.length > 0) missing.push(...this.#close());
    return missing;
  }

  #close(): Missing[] {
    const { cohort, count, bytes } = this.#runs.shift()!;
    this.#count -= count;
    this.#bytes -= bytes;
    return count > 0 ? [{ cohort, count, bytes }] : [];
  }
}
