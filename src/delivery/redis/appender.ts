/**
 * Takes confirmed events into Redis, one commit at a time. A commit whose answer is lost is made again under the same
 * number: Redis knows it by that. Where Redis fails for long, events may go to the endpoint without it.
 */
import { tooLong } from '../../redis/client.js';
import type { OutboxCore, QueuedEvent } from '../outbox.js';
import type { Trouble } from '../trouble.js';
import type { RedisStream } from './stream.js';
import type { Timers } from './timers.js';

export interface AppenderOptions {
  readonly core: OutboxCore;
  readonly timers: Timers;
  readonly trouble: Trouble;
  /** undefined until the project is known. */
  readonly stream: () => RedisStream | undefined;
  /** Milliseconds of failure after which events go without Redis; undefined where this process sends nothing. */
  readonly bypassAfter: number | undefined;
  /** They are in Redis under this id. */
  readonly stored: (events: readonly QueuedEvent[], id: string, bytes: number | undefined) => void;
  /** It is in Redis, and was sent from here all the same. */
  readonly needless: (id: string) => void;
}

/** Milliseconds between two commits. */
const COMMIT_INTERVAL = 3;
/** What is waiting for a slow Redis goes in large ones; a fast one makes small ones. */
const COMMIT_BYTES = 512 * 1024;
/** Milliseconds that Redis may take for a commit before it counts as failing; and for the last one. */
const COMMIT_LIMIT = 5_000;
const LAST_LIMIT = 1_000;
/** Commits of which it is remembered that they were sent without Redis. */
const MAX_BYPASSED = 1_000;
/** Milliseconds: how often to ask for the project. */
const PROJECT_POLL = 100;

interface Commit {
  readonly number: number;
  readonly events: readonly QueuedEvent[];
}

export class Appender {
  readonly #options: AppenderOptions;
  #buffer: QueuedEvent[] = [];
  #bufferBytes = 0;
  #next = 0;
  /** Made, and not known to be in Redis. */
  #commit: Commit | undefined;
  #storing: Promise<void> | undefined;
  #committedAt = -Infinity;
  #isDue = false;
  /** By performance.now(). */
  #failingSince: number | undefined;
  /** Numbers of commits that may be in Redis, too, and were sent from here. */
  readonly #bypassed = new Set<number>();
  #isLast = false;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** Bytes that wait for Redis. */
  get bytes(): number {
    return this.#bufferBytes;
  }

  get oldest(): QueuedEvent | undefined {
    return this.#commit?.events[0] ?? this.#buffer[0];
  }

  keep(event: QueuedEvent): void {
    this.#buffer.push(event);
    this.#bufferBytes += event.bytes;
  }

  /** Sees to it that what was kept is stored soon. */
  plan(): void {
    if (this.#isDue || this.#storing !== undefined || !this.#hasWork) return;
    this.#isDue = true;
    const { trouble, timers } = this.#options;
    const wait = trouble.isFailing ? trouble.delay : COMMIT_INTERVAL;
    timers.later(Math.max(0, this.#committedAt + wait - performance.now()), () => {
      this.#isDue = false;
      this.start();
    });
  }

  /** Stores at once. */
  start(): void {
    const { stream: streamNow, timers } = this.#options;
    if (this.#storing !== undefined || !this.#hasWork) return;
    const stream = streamNow();
    if (stream === undefined) return void timers.later(PROJECT_POLL, () => this.plan());
    this.#committedAt = performance.now();
    this.#storing = this.#store(stream).finally(() => {
      this.#storing = undefined;
      this.plan();
    });
  }

  /** Stores at once, for the last time: what Redis does not take now goes without it. */
  finish(): void {
    this.#isLast = true;
    if (this.#options.trouble.isFailing && this.#storing !== undefined) return this.#bypass();
    this.start();
    this.#options.timers.later(LAST_LIMIT, () => this.#bypass());
  }

  /** Until what is being stored is, or is not. */
  async idle(): Promise<void> {
    await this.#storing;
  }

  /** Redis has a commit of ours under this id. One that is `needless` was sent from here already. */
  confirm(number: number, id: string, bytes?: number): 'stored' | 'known' | 'needless' {
    if (this.#bypassed.delete(number)) return 'needless';
    const commit = this.#commit;
    if (commit?.number !== number) return 'known';
    this.#commit = undefined;
    for (const event of commit.events) this.#bufferBytes -= event.bytes;
    this.#options.stored(commit.events, id, bytes);
    return 'stored';
  }

  get #hasWork(): boolean {
    return this.#commit !== undefined || this.#buffer.length > 0;
  }

  async #store(stream: RedisStream): Promise<void> {
    const { trouble, timers } = this.#options;
    const commit = (this.#commit ??= { number: this.#next++, events: this.#take() });
    const { number, events } = commit;
    const late = timers.every(COMMIT_LIMIT, () => {
      this.#failed(tooLong());
    });
    try {
      const { id, bytes } = await stream.append(number, events[0]!.at, events);
      if (this.confirm(number, id, bytes) === 'needless' && id !== '') this.#options.needless(id);
      this.#failingSince = undefined;
      trouble.worksAgain();
    } catch (error) {
      this.#failed(error);
    } finally {
      late();
    }
  }

  #take(): readonly QueuedEvent[] {
    let count = 0;
    for (let bytes = 0; count < this.#buffer.length && bytes < COMMIT_BYTES; count++) {
      bytes += this.#buffer[count]!.bytes;
    }
    return this.#buffer.splice(0, count);
  }

  #failed(error: unknown): void {
    const { trouble, bypassAfter = Infinity } = this.#options;
    this.#failingSince ??= performance.now();
    trouble.failed(error);
    if (this.#isLast || performance.now() - this.#failingSince >= bypassAfter) this.#bypass();
  }

  #bypass(): void {
    const { bypassAfter, core } = this.#options;
    if (bypassAfter === undefined) return;
    const commit = this.#commit;
    if (commit !== undefined) this.#remember(commit.number);
    const events = [...(commit?.events ?? []), ...this.#buffer];
    this.#commit = undefined;
    this.#buffer = [];
    this.#bufferBytes = 0;
    for (const event of events) core.sender.push(event);
    core.sender.start();
  }

  #remember(number: number): void {
    this.#bypassed.add(number);
    const [oldest] = this.#bypassed;
    if (this.#bypassed.size > MAX_BYPASSED) this.#bypassed.delete(oldest!);
  }
}
