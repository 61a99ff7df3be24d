/** Who waits for what this process put into Redis, until it is gone from there, whoever sent it. */
import type { Cohort, Cohorts } from '../cohorts.js';
import { fifo } from '../fifo.js';

interface Run {
  cohort: Cohort;
  /** The id of its last commit. */
  end: string;
  count: number;
}

export class Awaited {
  readonly #runs = fifo<Run>();

  constructor(private readonly waiting: Cohorts) {}

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** In the order of the ids. */
  push(cohort: Cohort, id: string): void {
    const last = this.#runs.last();
    if (last !== undefined && this.waiting.of(last.cohort) === this.waiting.of(cohort)) {
      last.end = id;
      last.count += 1;
    } else {
      this.#runs.push({ cohort, end: id, count: 1 });
    }
  }

  release(isGone: (id: string) => boolean): void {
    for (const { cohort, count } of this.#runs.take(({ end }) => isGone(end))) {
      for (let left = count; left > 0; left--) this.waiting.leave(cohort);
    }
  }
}
