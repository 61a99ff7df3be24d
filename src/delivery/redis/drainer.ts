/**
 * Sends what is in Redis, whoever put it there. A commit that was read is held until all of its events are settled, and
 * Redis hears of it every two seconds; one that it hears nothing of for ten is read by another process.
 */
import { isTooOld } from '../age.js';
import type { OutboxCore, QueuedEvent } from '../outbox.js';
import type { Trouble } from '../trouble.js';
import type { Awaited } from './awaited.js';
import { Settling } from './settling.js';
import { Silence } from './silence.js';
import {
  BEGIN,
  compareIds,
  type ReadOptions,
  type RedisStream,
  type StoredCommit,
  type StreamState,
} from './stream.js';
import type { Timers } from '../timers.js';

export interface DrainerOptions {
  readonly core: OutboxCore;
  readonly timers: Timers;
  readonly trouble: Trouble;
  readonly stream: () => RedisStream | undefined;
  readonly producer: string;
  /** Bytes of events that may wait in memory. */
  readonly memoryBytes: number;
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Milliseconds without one after which a commit is anybody's. */
  readonly lease: number;
  /** Milliseconds that Redis may take for an answer before it counts as failing. */
  readonly answerLimit: number;
  readonly awaited: Awaited;
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
/** Milliseconds that Redis may take to say whether commits are still ours. */
const CHECK_LIMIT = 1_000;
/** Reads that may be without an answer. */
const MAX_OPEN = 5;
/** The share of the lease for which nobody else can have become the owner. */
const SURE_SHARE = 0.5;
/** Commits that Redis has lost while they were held here, and might find again. */
const MAX_LOST = 2_000;

/** A commit in memory. */
class Held {
  /** Events that are not settled. */
  open = 0;

  constructor(
    readonly id: string,
    readonly size: number,
    /** Events that this process put into Redis. */
    readonly own: number,
  ) {}
}

const heldBy = (event: QueuedEvent): Held | undefined => event.place as Held | undefined;

export class Drainer {
  readonly #options: DrainerOptions;
  readonly #held = new Map<string, Held>();
  readonly #settling: Settling;
  readonly #silence: Silence;
  /** Not in Redis any more, or so it said, and still to be sent. */
  readonly #lost = new Map<string, Held>();
  #reading: Promise<void> | undefined;
  #open = 0;
  /** The last commit that was given to this process, as far as it has heard. */
  #lastId = BEGIN;
  #renewing: Promise<void> | undefined;
  #lookAt = Infinity;
  #notBefore = -Infinity;
  #cancelLook = (): void => {};
  /** By performance.now(): when Redis was last asked and is sure to know that we live. */
  #renewedAt = -Infinity;
  #isBlind = false;
  #identity: string | undefined;
  /** Each is another name for what has none. */
  #reads = 0;
  #isEnding = false;

  constructor(options: DrainerOptions) {
    this.#options = options;
    const { timers, beat, lease, awaited } = options;
    this.#silence = new Silence(lease);
    this.#settling = new Settling({
      ...options,
      gone: ({ id, own }) => {
        if (own > 0) awaited.settle(id, own);
      },
      heard: (state, askedAt) => this.#heard(state, askedAt),
    });
    timers.every(beat, () => this.#renew());
  }

  /** Events that are held: they outlive the process. */
  get safe(): number {
    let events = 0;
    for (const { open } of this.#held.values()) events += open;
    return events;
  }

  /** There may be something to read. */
  look(wait = LOOK_SOON): void {
    const { core, timers } = this.#options;
    if (this.#reading !== undefined || this.#isEnding || !this.#hasRoom) return;
    const now = performance.now();
    const soon = now + (core.waiting.waits > 0 ? Math.min(wait, AWAITED_INTERVAL) : wait);
    const at = Math.max(soon, this.#notBefore);
    if (at >= this.#lookAt) return;
    this.#cancelLook();
    this.#lookAt = at;
    this.#cancelLook = timers.later(at - now, () => this.#read());
  }

  settle(batch: readonly QueuedEvent[]): void {
    for (const event of batch) {
      const held = heldBy(event);
      if (held === undefined) continue;
      held.open -= 1;
      if (held.open === 0) this.#close(held);
    }
    this.look();
  }

  /** A commit in Redis that is not to be sent. */
  discard({ id, size, own = 0 }: { id: string; size: number; own?: number }): void {
    this.#settling.add({ id, size, own });
  }

  /** False while it is open whether what is held is still ours to send. */
  isOurs(): boolean {
    if (this.#held.size === 0 || this.#isSure) return true;
    if (!this.#isBlind) this.#renew();
    return this.#isBlind;
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

  get #hasRoom(): boolean {
    const { core, memoryBytes } = this.#options;
    return core.sender.queuedBytes <= (memoryBytes * LOADED_SHARE) / 2 && this.#held.size < MAX_HELD;
  }

  get #isSure(): boolean {
    return performance.now() - this.#renewedAt < this.#options.lease * SURE_SHARE;
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
      const { commits, next, empty, ...state } = await stream.read(options);
      if (this.#isEnding) return 0;
      this.#renewedAt = this.#held.size === 0 ? began : Math.min(this.#renewedAt, began);
      if (options.silent !== undefined) this.#silence.claimed(next);
      this.#heard(state, began);
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
      ranges: core.waiting.waits > 0 ? awaited.ranges() : [],
    };
  }

  /** Into memory, and to the sender. */
  #bring(commit: StoredCommit): void {
    const { core, producer, isNeedless } = this.#options;
    const { id, size, at } = commit;
    if (compareIds(this.#lastId, id) < 0) this.#lastId = id;
    if (this.#held.has(id)) return;
    // Redis has not heard of it, or has forgotten.
    if (this.#settling.has(id)) return this.#settling.tell();
    const found = this.#lost.get(id);
    if (found !== undefined) return this.#takeBack(found);
    const isOwn = commit.producer === producer;
    if (isOwn && isNeedless(commit)) return this.discard(commit);
    // Own events were counted as being there; of others this process has not heard yet.
    if (isOwn) core.ledger.spool(-commit.events.length);
    else core.ledger.accept(commit.events.length);
    const isOld = isTooOld(at, Date.now());
    const events: QueuedEvent[] = [];
    for (const event of commit.events) {
      if (event === undefined) core.ledger.drop(1, 'corrupt');
      else if (isOld) core.ledger.drop(1, 'expired');
      else events.push(core.adopt(event, at));
    }
    const held = new Held(id, size, isOwn ? commit.events.length : 0);
    held.open = events.length;
    if (events.length === 0) return this.discard(held);
    this.#held.set(id, held);
    for (const event of events) {
      event.place = held;
      core.sender.push(event);
    }
  }

  #takeBack(held: Held): void {
    this.#lost.delete(held.id);
    if (held.open === 0) this.discard(held);
    else this.#held.set(held.id, held);
  }

  #close(held: Held): void {
    // What Redis has lost stays known: it might find it again.
    if (this.#held.delete(held.id)) this.discard(held);
  }

  #renew(): void {
    const { stream: streamNow, timers, core, answerLimit } = this.#options;
    const stream = streamNow();
    if (this.#renewing !== undefined || this.#held.size === 0 || stream === undefined) return;
    const began = performance.now();
    // A Redis that does not answer stops no delivery.
    const inTime = timers.later(CHECK_LIMIT, () => {
      this.#isBlind = true;
      core.sender.start();
    });
    this.#renewing = timers
      .within(answerLimit, stream.renew([...this.#held.keys()]))
      .then(
        ({ identity, theirs, gone }) => {
          this.#isBlind = false;
          this.#renewed(began, identity, theirs, gone);
        },
        () => {
          this.#isBlind = true;
        },
      )
      .finally(() => {
        inTime();
        this.#renewing = undefined;
        core.sender.start();
      });
  }

  #renewed(began: number, identity: string, theirs: readonly string[], gone: readonly string[]): void {
    // Until now: it may have been asked in time and have answered late.
    const wasSilent = performance.now() - this.#renewedAt >= this.#options.lease;
    this.#renewedAt = began;
    if (this.#identify(identity)) return;
    this.#forget(theirs);
    // Settled by whoever took them; if nobody can have, Redis has lost them, and what is in memory is all that is left.
    if (wasSilent) this.#forget(gone);
    else this.#letGo(gone);
    this.look();
  }

  #heard(state: StreamState, askedAt: number): void {
    const { awaited, heard } = this.#options;
    this.#silence.heard(state);
    this.#identify(state.identity);
    awaited.release(state.isGone);
    heard(state, askedAt);
  }

  /** True where Redis has lost all that was in it. */
  #identify(identity: string): boolean {
    const before = this.#identity;
    this.#identity = identity === '' ? undefined : identity;
    if (before === undefined || before === identity) return false;
    this.#options.trouble.tell(
      'Redis has lost what was in it: events that waited there alone are lost, those in memory are sent',
    );
    this.#letGo([...this.#held.keys()]);
    this.#lastId = BEGIN;
    this.#options.awaited.release(() => true);
    return true;
  }

  /** Held no longer; sent from memory all the same. */
  #letGo(ids: readonly string[]): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held === undefined) continue;
      this.#held.delete(id);
      this.#lost.set(id, held);
      const [oldest] = this.#lost.keys();
      if (this.#lost.size > MAX_LOST) this.#lost.delete(oldest!);
    }
  }

  /** Others send these. */
  #forget(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const { core } = this.#options;
    const theirs = new Set<Held>();
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held !== undefined) theirs.add(held);
      this.#held.delete(id);
    }
    const isTheirs = (event: QueuedEvent): boolean => {
      const held = heldBy(event);
      return held !== undefined && theirs.has(held);
    };
    core.settle(core.sender.forget(isTheirs), (count) => core.ledger.spool(count));
  }
}
