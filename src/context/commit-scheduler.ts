/** Schedules a commit for a later turn of the event loop, when the response has a head or is over. */
import type { OutgoingResponse } from '../model/http.js';
import { asConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';

/** The schedulers that are due in this turn of the event loop: one immediate for all. */
let due: CommitScheduler[] = [];

function commitDue(): void {
  const schedulers = due;
  due = [];
  for (const each of schedulers) each.onCommitTick();
}

export class CommitScheduler {
  #isDue = false;
  #isWatching = false;

  constructor(
    private readonly runtime: Runtime,
    private readonly work: { commit(): unknown },
    /** Undefined for jobs, which have none. */
    private readonly response: OutgoingResponse | undefined,
  ) {}

  /** Never commits in the response's own tick. */
  schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (due.push(this) === 1) setImmediate(commitDue);
  }

  onCommitTick(): void {
    this.#isDue = false;
    const { response } = this;
    try {
      if (response === undefined || response.headersSent || response.closed) return void this.work.commit();
      // Only now: nearly all responses have their head by then, and a listener costs as much as a decision.
      if (this.#isWatching) return;
      this.#isWatching = true;
      const commit = (): void => this.schedule();
      response.onHead(commit);
      response.onClose(commit);
    } catch (error) {
      // The other visitors of this immediate are committed all the same.
      this.runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be committed'));
    }
  }
}
