/** Tells Redis of commits that are settled, until it has heard. */
import type { StreamPart, StreamState } from './event-stream.js';

/** A commit of which nothing is to be sent any more. */
export interface AcknowledgedCommit {
  readonly id: string;
  readonly size: number;
  /** Events of it that this process put into Redis. */
  readonly own: number;
}

export interface AckQueueOptions extends StreamPart {
  readonly gone: (commit: AcknowledgedCommit) => void;
  /** What Redis said, and when it was asked, by performance.now(). */
  readonly heard: (state: StreamState, askedAt: number) => void;
}

/** Commits that Redis is told of at once. */
const AT_ONCE = 2_000;
/** Milliseconds until it is told again. */
const AGAIN = 200;

export class AckQueue {
  readonly #settled = new Map<string, AcknowledgedCommit>();
  #telling: Promise<void> | undefined;

  constructor(private readonly options: AckQueueOptions) {}

  /** True where Redis may not have heard of it. */
  has(id: string): boolean {
    return this.#settled.has(id);
  }

  add(commit: AcknowledgedCommit): void {
    this.#settled.set(commit.id, commit);
    this.tell();
  }

  tell(): void {
    const { stream: streamNow, timers, trouble, answerLimit, gone, heard } = this.options;
    const stream = streamNow();
    if (this.#telling !== undefined || this.#settled.size === 0 || stream === undefined) return;
    const commits = [...this.#settled.values()].slice(0, AT_ONCE);
    const began = performance.now();
    let wait = 0;
    this.#telling = timers
      .within(answerLimit, stream.settle(commits))
      .then(
        (state) => {
          for (const commit of commits) {
            this.#settled.delete(commit.id);
            gone(commit);
          }
          heard(state, began);
        },
        (error: unknown) => {
          trouble.met(error);
          wait = AGAIN;
        },
      )
      .finally(() => {
        this.#telling = undefined;
        if (wait === 0) this.tell();
        else timers.later(wait, () => this.tell());
      });
  }

  /** For the last time. Rejects where Redis does. */
  async end(): Promise<void> {
    await this.#telling;
    if (this.#settled.size > 0) await this.options.stream()?.settle([...this.#settled.values()]);
  }
}
