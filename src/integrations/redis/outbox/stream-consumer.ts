/** Reads commits of all processes from the Redis stream, and gives their events to the sender of this process. */
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
  /** Milliseconds between two signs of life that this process gives Redis. */
  readonly beat: number;
  /** Milliseconds without a sign of life after which any other process may take over the commits of this one. */
  readonly lease: number;
  readonly flushRanges: FlushRanges;
  /** Called with each commit of this process that was read back. Returns true if its events are not to be sent. */
  readonly isNeedless: (commit: StoredCommit) => boolean;
  /** Called with the state that Redis answered, and the time of the question by performance.now(). */
  readonly heard: (state: StreamState, askedAt: number) => void;
}

/** Milliseconds between two looks for new commits: if nothing indicates new ones, and while a flush waits. */
const LOOK_INTERVAL = 200;
const FLUSH_INTERVAL = 20;
/** Milliseconds from a commit of this process to the next look: other commits follow, and are read together with it. */
const LOOK_SOON = 5;
/**
 * The most commits and bytes in one read, which takes some milliseconds of the event loop; and the most commits in
 * memory.
 */
const READ_COUNT = 64;
const READ_BYTES = 512 * 1024;
const MAX_ENTRIES = 2_000;
/** The share of `memoryBytes` that events from Redis may fill. */
const LOADED_SHARE = 0.25;
/** The most reads that may be without an answer at the same time. */
const MAX_OPEN = 5;

export class StreamConsumer {
  readonly #options: StreamConsumerOptions;
  readonly #entries: ConsumerEntries;
  readonly #acks: AckQueue;
  readonly #stale: StaleConsumers;
  readonly #erased = new ErasedVisitors();
  #reading: Promise<void> | undefined;
  #open = 0;
  /** The id of the last commit that this process received. */
  #lastId = BEGIN;
  #lookAt = Infinity;
  #notBefore = -Infinity;
  #cancelLook = (): void => {};
  #identity: string | undefined;
  /** The number of reads. Each read offers Redis another identity, for the case that Redis has none. */
  #reads = 0;
  #isEnding = false;
  /** True after the close: an answer of Redis changes nothing any more. */
  #isClosed = false;

  constructor(options: StreamConsumerOptions) {
    this.#options = options;
    this.#stale = new StaleConsumers(options.lease);
    this.#acks = new AckQueue({
      ...options,
      acknowledged: ({ id, own }) => options.flushRanges.acknowledged(id, own),
      heard: (state, askedAt) => this.#heard(state, askedAt),
    });
    this.#entries = new ConsumerEntries({
      ...options,
      finalized: (entry) => this.#acks.add(entry),
      identify: (identity) => this.#identify(identity),
      freed: () => this.look(),
      erasedSince: () => this.#erased.since,
      learn: (erasures) => this.learn(erasures),
    });
  }

  /** The number of events in memory that are in Redis, too, and so outlive the process. */
  get safe(): number {
    return this.#entries.events;
  }

  /** Plans a read after so many milliseconds, if there is room for events and no earlier read is planned. */
  look(wait = LOOK_SOON): void {
    const { core, timers } = this.#options;
    if (this.#reading !== undefined || this.#isEnding || !this.#hasRoom) return;
    const now = performance.now();
    const soon = now + (core.flushes.waits > 0 ? Math.min(wait, FLUSH_INTERVAL) : wait);
    const at = Math.max(soon, this.#notBefore);
    if (at >= this.#lookAt) return;
    this.#cancelLook();
    this.#lookAt = at;
    this.#cancelLook = timers.later(at - now, () => this.#read());
  }

  finalized(batch: readonly QueuedEvent[]): void {
    this.#entries.finalized(batch);
    this.look();
  }

  /** Has Redis delete a commit whose events are not to be sent. */
  discard({ id, size }: { id: string; size: number }): void {
    this.#acks.add({ id, size, own: 0 });
  }

  /**
   * Called before Redis is told of an erasure: from now on, events of these visitors that are read are dropped. The
   * returned function ends that; it is called when Redis has answered or failed.
   */
  erasing(hashes: readonly string[]): () => void {
    return this.#erased.ask(hashes);
  }

  /** Takes over erasures: events of these visitors that were read from Redis and wait to be sent are dropped. */
  learn(erasures: readonly ErasedVisitor[]): void {
    if (this.#isClosed || !this.#erased.add(erasures)) return;
    this.#options.core.cancel((event) => {
      const { id = '' } = entryOf(event) ?? {};
      return id !== '' && this.#erased.concern(id) && this.#erased.covers(event.visitorId, id);
    });
  }

  isOurs(): boolean {
    return this.#entries.isOurs();
  }

  /** Ends reading for good. */
  stop(): void {
    this.#isEnding = true;
  }

  /** Leaves the commits in memory to other processes, before the close. Rejects if Redis does. */
  async end(): Promise<void> {
    await this.#reading;
    await this.#acks.end();
    await this.#options.stream()?.release();
  }

  close(): void {
    this.#isClosed = true;
  }

  get #hasRoom(): boolean {
    const { core, memoryBytes } = this.#options;
    return core.sender.queuedBytes <= (memoryBytes * LOADED_SHARE) / 2 && this.#entries.size < MAX_ENTRIES;
  }

  #read(): void {
    this.#lookAt = Infinity;
    const { stream: streamNow, health, timers, answerLimit } = this.#options;
    const stream = streamNow();
    if (this.#reading !== undefined || this.#isEnding) return;
    // There is no project yet, or too many reads are without an answer.
    if (stream === undefined || this.#open >= MAX_OPEN) return this.look(LOOK_INTERVAL);
    let next = LOOK_INTERVAL;
    this.#reading = timers
      .within(answerLimit, this.#readFrom(stream))
      .then(
        (commits) => {
          health.succeeded();
          if (commits > 0) next = 0;
        },
        (error: unknown) => {
          this.#stale.missed();
          health.failed(error);
          this.#notBefore = performance.now() + health.delay;
        },
      )
      .finally(() => {
        this.#reading = undefined;
        this.look(next);
      });
  }

  /** Reads commits once. An answer that comes after the time limit counts, too. */
  async #readFrom(stream: RedisStream): Promise<number> {
    const began = performance.now();
    this.#open += 1;
    try {
      const options = this.#whatToRead(began);
      const { commits, next, empty, erased, ...state } = await stream.read(options);
      if (this.#isEnding) return 0;
      this.#entries.given(began);
      if (options.stale !== undefined) this.#stale.claimed(next);
      this.#heard(state, began);
      // The erasures are taken over before any event of the answer is sent.
      this.learn(erased);
      const { flushRanges, core } = this.#options;
      for (const index of empty) flushRanges.releaseRange(options.ranges[index]!);
      for (const commit of commits) this.#bring(commit);
      core.sender.start();
      return commits.length;
    } finally {
      this.#open -= 1;
    }
  }

  #whatToRead(now: number): ReadOptions {
    const { producer, core, memoryBytes, flushRanges } = this.#options;
    return {
      most: { count: READ_COUNT, bytes: Math.min(READ_BYTES, memoryBytes * LOADED_SHARE) },
      identity: `${producer}-${this.#reads++}`,
      after: this.#lastId,
      stale: this.#stale.claim(now),
      ranges: core.flushes.waits > 0 ? flushRanges.ranges() : [],
      erasedSince: this.#erased.since,
    };
  }

  /** Gives the events of a commit to the sender. */
  #bring(commit: StoredCommit): void {
    const { core, producer, isNeedless } = this.#options;
    const { id, size, at } = commit;
    if (compareIds(this.#lastId, id) < 0) this.#lastId = id;
    if (this.#entries.knows(id)) return;
    // This process has finalized the commit, and Redis does not know it yet.
    if (this.#acks.has(id)) return this.#acks.send();
    const isOwn = commit.producer === producer;
    if (isOwn && isNeedless(commit)) return this.discard(commit);
    // Events of this process were counted as spooled. Events of other processes are new to this ledger.
    if (isOwn) core.ledger.spool(-commit.events.length);
    else core.ledger.accept(commit.events.length);
    const isOld = isTooOld(at, Date.now());
    const mayBeErased = this.#erased.concern(id);
    const events: QueuedEvent[] = [];
    for (const event of commit.events) {
      if (event === undefined) core.ledger.drop(1, 'corrupt');
      else if (isOld) core.ledger.drop(1, 'expired');
      else if (mayBeErased && this.#erased.covers(event.visitorId, id)) core.ledger.drop(1, 'forgotten');
      else events.push(core.adopt(event, at));
    }
    const entry = new ConsumerEntry(id, size, isOwn ? commit.events.length : 0);
    if (events.length === 0) return this.#acks.add(entry);
    this.#entries.add(entry, events);
    for (const event of events) core.sender.push(event);
  }

  #heard(state: StreamState, askedAt: number): void {
    if (this.#isClosed) return;
    const { flushRanges, heard } = this.#options;
    this.#stale.heard(state);
    this.#identify(state.identity);
    flushRanges.release(state.isGone);
    this.#erased.prune(state.isGone);
    heard(state, askedAt);
  }

  /** Compares the identity that Redis answered with the identity of before. Returns true if Redis has lost its data. */
  #identify(identity: string): boolean {
    if (this.#isClosed) return true;
    const before = this.#identity;
    this.#identity = identity === '' ? undefined : identity;
    if (before === undefined || before === identity) return false;
    this.#options.health.tell(
      'Redis has lost what was in it: events that waited there alone are lost, those in memory are sent',
    );
    this.#entries.letGoAll();
    this.#lastId = BEGIN;
    this.#erased.restart();
    this.#options.flushRanges.release(() => true);
    return true;
  }
}
