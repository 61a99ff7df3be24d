import { isTooOld, type QueuedEvent } from '../../../delivery/queued-event.js';
import { AckQueue } from './ack-queue.js';
import { ConsumerEntry, entryOf, ConsumerEntries } from './consumer-entries.js';
import { ErasedVisitors } from './erased-visitors.js';
import {
  BEGIN,
  compareIds,
  type ErasedVisitor,
  type ReadOptions,
  type RedisStream,
  type StoredCommit,
  type StreamPart,
  type StreamState,
} from './event-stream.js';
import type { FlushRanges } from './flush-ranges.js';
import { StaleConsumers } from './stale-consumers.js';

export interface StreamConsumerOptions extends StreamPart {
  readonly producer: string;
  /** Bytes of events that may wait in memory. */
  readonly memoryBytes: number;
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Milliseconds without one after which a commit is anybody's. */
  readonly lease: number;
  readonly awaited: FlushRanges;
  /** A commit of this process was read: true where it is not to be sent. */
  readonly isNeedless: (commit: StoredCommit) => boolean;
  /** What Redis said, and when it was asked, by performance.now(). */
  readonly heard: (state: StreamState, askedAt: number) => void;
}

/** Milliseconds between two looks for new commits where nothing says that there are some; while somebody waits. */
const LOOK_INTERVAL = 200;
const AWAITED_INTERVAL = 20;
/** Milliseconds from a commit of our own to a look: others follow it. */
const LOOK_SOON = 5;
/** What is read at once, some milliseconds of the event loop, and commits that are held. */
const READ_COUNT = 64;
const READ_BYTES = 512 * 1024;
const MAX_HELD = 2_000;
/** The share of the memory that what was read may fill. */
const LOADED_SHARE = 0.25;
/** Reads that may be without an answer. */
const MAX_OPEN = 5;

export class StreamConsumer {
  readonly #options: StreamConsumerOptions;
  readonly #holdings: ConsumerEntries;
  readonly #settling: AckQueue;
  readonly #silence: StaleConsumers;
  readonly #forgotten = new ErasedVisitors();
  #reading: Promise<void> | undefined;
  #open = 0;
  /** The last commit that was given to this process, as far as it has heard. */
  #lastId = BEGIN;
  #lookAt = Infinity;
  #notBefore = -Infinity;
  #cancelLook = (): void => {};
  #identity: string | undefined;
  /** Each is another name for what has none. */
  #reads = 0;
  #isEnding = false;
  /** What Redis says after that changes nothing here. */
  #isClosed = false;

  constructor(options: StreamConsumerOptions) {
    this.#options = options;
    this.#silence = new StaleConsumers(options.lease);
    this.#settling = new AckQueue({
      ...options,
      gone: ({ id, own }) => options.awaited.settle(id, own),
      heard: (state, askedAt) => this.#heard(state, askedAt),
    });
    this.#holdings = new ConsumerEntries({
      ...options,
      settled: (held) => this.#settling.add(held),
      identify: (identity) => this.#identify(identity),
      freed: () => this.look(),
      forgottenSince: () => this.#forgotten.since,
      learn: (forgettings) => this.learn(forgettings),
    });
  }

  /** Events that are held: they outlive the process. */
  get safe(): number {
    return this.#holdings.events;
  }

  /** There may be something to read. */
  look(wait = LOOK_SOON): void {
    const { core, timers } = this.#options;
    if (this.#reading !== undefined || this.#isEnding || !this.#hasRoom) return;
    const now = performance.now();
    const soon = now + (core.flushes.waits > 0 ? Math.min(wait, AWAITED_INTERVAL) : wait);
    const at = Math.max(soon, this.#notBefore);
    if (at >= this.#lookAt) return;
    this.#cancelLook();
    this.#lookAt = at;
    this.#cancelLook = timers.later(at - now, () => this.#read());
  }

  settle(batch: readonly QueuedEvent[]): void {
    this.#holdings.settle(batch);
    this.look();
  }

  /** A commit in Redis that is not to be sent. */
  discard({ id, size }: { id: string; size: number }): void {
    this.#settling.add({ id, size, own: 0 });
  }

  /** Redis is about to be told of it. The function that is returned says that it was, or was not. */
  forgetting(hashes: readonly string[]): () => void {
    return this.#forgotten.ask(hashes);
  }

  /** Visitors were forgotten: what was read of them is not sent. */
  learn(forgettings: readonly ErasedVisitor[]): void {
    if (this.#isClosed || !this.#forgotten.add(forgettings)) return;
    this.#options.core.cancel((event) => {
      const { id = '' } = entryOf(event) ?? {};
      return id !== '' && this.#forgotten.concern(id) && this.#forgotten.covers(event.visitorId, id);
    });
  }

  isOurs(): boolean {
    return this.#holdings.isOurs();
  }

  /** Nothing more is read. */
  stop(): void {
    this.#isEnding = true;
  }

  /** What is held is for others. Rejects where Redis does. */
  async end(): Promise<void> {
    await this.#reading;
    await this.#settling.end();
    await this.#options.stream()?.release();
  }

  close(): void {
    this.#isClosed = true;
  }

  get #hasRoom(): boolean {
    const { core, memoryBytes } = this.#options;
    return core.sender.queuedBytes <= (memoryBytes * LOADED_SHARE) / 2 && this.#holdings.size < MAX_HELD;
  }

  #read(): void {
    this.#lookAt = Infinity;
    const { stream: streamNow, trouble, timers, answerLimit } = this.#options;
    const stream = streamNow();
    if (this.#reading !== undefined || this.#isEnding) return;
    // There is no project yet, or there are answers that do not come.
    if (stream === undefined || this.#open >= MAX_OPEN) return this.look(LOOK_INTERVAL);
    let next = LOOK_INTERVAL;
    this.#reading = timers
      .within(answerLimit, this.#readFrom(stream))
      .then(
        (commits) => {
          trouble.worksAgain();
          if (commits > 0) next = 0;
        },
        (error: unknown) => {
          this.#silence.missed();
          trouble.failed(error);
          this.#notBefore = performance.now() + trouble.delay;
        },
      )
      .finally(() => {
        this.#reading = undefined;
        this.look(next);
      });
  }

  /** What comes late counts, too. */
  async #readFrom(stream: RedisStream): Promise<number> {
    const began = performance.now();
    this.#open += 1;
    try {
      const options = this.#whatToRead(began);
      const { commits, next, empty, forgotten, ...state } = await stream.read(options);
      if (this.#isEnding) return 0;
      this.#holdings.given(began);
      if (options.silent !== undefined) this.#silence.claimed(next);
      this.#heard(state, began);
      // Before anything of it is sent.
      this.learn(forgotten);
      const { awaited, core } = this.#options;
      for (const index of empty) awaited.releaseRange(options.ranges[index]!);
      for (const commit of commits) this.#bring(commit);
      core.sender.start();
      return commits.length;
    } finally {
      this.#open -= 1;
    }
  }

  #whatToRead(now: number): ReadOptions {
    const { producer, core, memoryBytes, awaited } = this.#options;
    return {
      most: { count: READ_COUNT, bytes: Math.min(READ_BYTES, memoryBytes * LOADED_SHARE) },
      identity: `${producer}-${this.#reads++}`,
      after: this.#lastId,
      silent: this.#silence.claim(now),
      ranges: core.flushes.waits > 0 ? awaited.ranges() : [],
      forgottenSince: this.#forgotten.since,
    };
  }

  /** Into memory, and to the sender. */
  #bring(commit: StoredCommit): void {
    const { core, producer, isNeedless } = this.#options;
    const { id, size, at } = commit;
    if (compareIds(this.#lastId, id) < 0) this.#lastId = id;
    if (this.#holdings.knows(id)) return;
    // Redis has not heard of it.
    if (this.#settling.has(id)) return this.#settling.tell();
    const isOwn = commit.producer === producer;
    if (isOwn && isNeedless(commit)) return this.discard(commit);
    // Own events were counted as being there; of others this process has not heard yet.
    if (isOwn) core.ledger.spool(-commit.events.length);
    else core.ledger.accept(commit.events.length);
    const isOld = isTooOld(at, Date.now());
    const mayBeForgotten = this.#forgotten.concern(id);
    const events: QueuedEvent[] = [];
    for (const event of commit.events) {
      if (event === undefined) core.ledger.drop(1, 'corrupt');
      else if (isOld) core.ledger.drop(1, 'expired');
      else if (mayBeForgotten && this.#forgotten.covers(event.visitorId, id))
        core.ledger.drop(1, 'forgotten');
      else events.push(core.adopt(event, at));
    }
    const held = new ConsumerEntry(id, size, isOwn ? commit.events.length : 0);
    if (events.length === 0) return this.#settling.add(held);
    this.#holdings.add(held, events);
    for (const event of events) core.sender.push(event);
  }

  #heard(state: StreamState, askedAt: number): void {
    if (this.#isClosed) return;
    const { awaited, heard } = this.#options;
    this.#silence.heard(state);
    this.#identify(state.identity);
    awaited.release(state.isGone);
    this.#forgotten.prune(state.isGone);
    heard(state, askedAt);
  }

  /** True where Redis has lost all that was in it. */
  #identify(identity: string): boolean {
    if (this.#isClosed) return true;
    const before = this.#identity;
    this.#identity = identity === '' ? undefined : identity;
    if (before === undefined || before === identity) return false;
    this.#options.trouble.tell(
      'Redis has lost what was in it: events that waited there alone are lost, those in memory are sent',
    );
    this.#holdings.letGoAll();
    this.#lastId = BEGIN;
    this.#forgotten.restart();
    this.#options.awaited.release(() => true);
    return true;
  }
}
