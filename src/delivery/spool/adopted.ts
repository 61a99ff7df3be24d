/** A log that a dead process has left, while it is read and sent here. */
import type { StoredEvent } from './log-frames.js';
import type { SpoolLog } from './log.js';

export class Adopted {
  /** Events that were read and are not settled. */
  open = 0;
  #isRead = false;
  /** The number that the next event should have. */
  #next: number;

  constructor(private readonly log: SpoolLog) {
    this.#next = log.first;
  }

  /** All of it was read. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** The next events, and how many are missing before and between them. */
  async read(onError: (error: unknown) => void): Promise<{ missing: number; events: StoredEvent[] }> {
    const events = await this.log.read(onError);
    if (events.length === 0) this.#isRead = true;
    let missing = 0;
    for (const { number } of events) {
      missing += number - this.#next;
      this.#next = number + 1;
    }
    return { missing, events };
  }

  settle(end: number): Promise<void> {
    return this.log.settle(end);
  }

  close(): Promise<void> {
    return this.log.close({ remove: false });
  }

  remove(): Promise<void> {
    return this.log.close({ remove: true });
  }
}
