/**
 * Tells Redis which commits are finalized, so that Redis deletes them. A call that fails is repeated until Redis
 * answers.
 */
import type { StreamPart, StreamState } from './event-stream.js';

/** A commit of which no event is to be sent any more. */
export interface AcknowledgedCommit {
  readonly id: string;
  readonly size: number;
  /** The number of its events that this process put into Redis. */
  readonly own: number;
}

export interface AckQueueOptions extends StreamPart {
  readonly acknowledged: (commit: AcknowledgedCommit) => void;
  /** Called with the state that Redis answered, and the time of the question by performance.now(). */
  readonly heard: (state: StreamState, askedAt: number) => void;
}

/** The most commits in one call to Redis. */
const AT_ONCE = 2_000;
/** Milliseconds until a failed call is repeated. */
const AGAIN = 200;

export class AckQueue {
  readonly #commits = new Map<string, AcknowledgedCommit>();
  #acknowledging: Promise<void> | undefined;

  constructor(private readonly options: AckQueueOptions) {}

  /** True if Redis may not know yet that the commit is finalized. */
  has(id: string): boolean {
    return this.#commits.has(id);
  }

  add(commit: AcknowledgedCommit): void {
    this.#commits.set(commit.id, commit);
    this.send();
  }

  send(): void {
    const { stream: streamNow, timers, health, answerLimit, acknowledged, heard } = this.options;
    const stream = streamNow();
    if (this.#acknowledging !== undefined || this.#commits.size === 0 || stream === undefined) return;
    const commits = [...this.#commits.values()].slice(0, AT_ONCE);
    const began = performance.now();
    let wait = 0;
    this.#acknowledging = timers
      .within(answerLimit, stream.acknowledge(commits))
      .then(
        (state) => {
          for (const commit of commits) {
            this.#commits.delete(commit.id);
            acknowledged(commit);
          }
          heard(state, began);
        },
        (error: unknown) => {
          health.met(error);
          wait = AGAIN;
        },
      )
      .finally(() => {
        this.#acknowledging = undefined;
        if (wait === 0) this.send();
        else timers.later(wait, () => this.send());
      });
  }

  /** Tells Redis of the finalized commits that are left, before the close. Rejects if Redis does. */
  async end(): Promise<void> {
    await this.#acknowledging;
    if (this.#commits.size > 0) await this.options.stream()?.acknowledge([...this.#commits.values()]);
  }
}
