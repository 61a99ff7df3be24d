/** Schedules the commit of one visitor for later, when the response head is sent or the response is closed. */
import type { OutgoingResponse } from '../model/http.js';
import { asConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';

export class CommitScheduler {
  #isDue = false;
  #isWatching = false;

  constructor(
    private readonly runtime: Runtime,
    private readonly work: { commit(): unknown },
    /** The response of the request; undefined for jobs. */
    private readonly response: OutgoingResponse | undefined,
  ) {}

  /** Commits later, never at once, so that a commit does not delay the code that records. */
  schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.runtime.scheduleCommit(this);
  }

  onTick(): void {
    this.#isDue = false;
    const { response } = this;
    try {
      if (response === undefined || response.headersSent || response.closed) return void this.work.commit();
      // Listeners are added only now, if the head is not sent yet: nearly all responses have sent it by now, and a
      // listener costs time (bench/http).
      if (this.#isWatching) return;
      this.#isWatching = true;
      const commit = (): void => this.schedule();
      response.onHead(commit);
      response.onClose(commit);
    } catch (error) {
      // Nobody would catch an error there: it would end the process, and leave out the visitors after this
      // one.
      this.runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be committed'));
    }
  }
}
