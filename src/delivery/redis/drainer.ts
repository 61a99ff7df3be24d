/**
 * Sends what is in Redis, whoever put it there. A commit that was read is held until all of its events are settled, and
 * Redis hears of it every two seconds; one that it hears nothing of for ten is read by another process.
 */
import { tooLong } from '../../redis/client.js';
import { isTooOld } from '../age.js';
import type { OutboxCore, QueuedEvent } from '../outbox.js';
import type { Trouble } from '../trouble.js';
import { BEGIN, GIVEN_UP, type RedisStream, type StoredCommit, type StreamState } from './stream.js';
import type { Timers } from './timers.js';

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
  /** A commit of this process was read. */
  readonly isNeedless: (commit: StoredCommit) => boolean;
  readonly heard: (state: StreamState) => void;
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
/** Milliseconds that Redis may take for an answer before it counts as failing; and to say whether commits are still ours. */
const READ_LIMIT = 5_000;
const CHECK_LIMIT = 1_000;
/** The share of the lease for which nobody else can have become the owner. */
const SURE_SHARE = 0.5;

/** A commit in memory. */
class Held {
  /** Events that are not settled. */
  open = 0;

  constructor(
    readonly id: string,
    readonly size: number,
  ) {}
}

const heldBy = (event: QueuedEvent): Held | undefined => event.place as Held | undefined;

export class Drainer {
  readonly #options: DrainerOptions;
  readonly #held = new Map<string, Held>();
  /** Settled, and still in Redis. */
  #settled: Pick<Held, 'id' | 'size'>[] = [];
  #reading: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #lookAt = Infinity;
  #cancelLook = (): void => {};
  /** By performance.now(): when Redis was last asked and is sure to know that we live; since when it has always answered. */
  #renewedAt = -Infinity;
  #heardSince: number | undefined;
  #claimAt = -Infinity;
  #claimFrom = BEGIN;
  #isBlind = false;
  #identity: string | undefined;
  /** Each is another name for what has none. */
  #reads = 0;
  #isEnding = false;

  constructor(options: DrainerOptions) {
    this.#options = options;
    const { timers, beat } = options;
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
    const at = performance.now() + (core.waiting.waits > 0 ? Math.min(wait, AWAITED_INTERVAL) : wait);
    if (at >= this.#lookAt) return;
    this.#cancelLook();
    this.#lookAt = at;
    this.#cancelLook = timers.later(at - performance.now(), () => this.#read());
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
  discard(commit: Pick<StoredCommit, 'id' | 'size'>): void {
    this.#settled.push(commit);
    this.#tellSettled();
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
    await this.#settling;
    if (this.#settled.length > 0) await this.#options.stream()?.settle(this.#settled.splice(0));
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
    const stream = this.#options.stream();
    if (this.#reading !== undefined || this.#isEnding) return;
    // There is no project yet.
    if (stream === undefined) return this.look(LOOK_INTERVAL);
    const { trouble, timers } = this.#options;
    const inTime = timers.later(READ_LIMIT, () => this.#failed(tooLong()));
    let next = LOOK_INTERVAL;
    this.#reading = this.#readFrom(stream)
      .then((commits) => {
        trouble.worksAgain();
        if (commits > 0) next = 0;
      })
      .catch((error: unknown) => {
        this.#failed(error);
        next = trouble.delay;
      })
      .finally(() => {
        inTime();
        this.#reading = undefined;
        this.look(next);
      });
  }

  #failed(error: unknown): void {
    this.#heardSince = undefined;
    this.#options.trouble.failed(error);
  }

  async #readFrom(stream: RedisStream): Promise<number> {
    const began = performance.now();
    const { producer, heard, core, memoryBytes } = this.#options;
    const identity = `${producer}-${this.#reads++}`;
    const most = { count: READ_COUNT, bytes: Math.min(READ_BYTES, memoryBytes * LOADED_SHARE) };
    const state = await stream.read(most, identity, this.#claimable(began));
    if (this.#isEnding) return 0;
    this.#heardSince ??= began;
    this.#identify(state.identity);
    this.#renewedAt = this.#held.size === 0 ? began : Math.min(this.#renewedAt, began);
    this.#claimFrom = state.next ?? BEGIN;
    if (state.next !== undefined) this.#claimAt = -Infinity;
    for (const commit of state.commits) if (!this.#held.has(commit.id)) this.#bring(commit);
    core.sender.start();
    heard(state);
    return state.commits.length;
  }

  /**
   * How long others have to have been silent for their commits to be ours, where it is time to ask. Who could not hear for a
   * while knows nothing of the silence of others: they may have been where we were.
   */
  #claimable(now: number): { milliseconds: number; from: string } | undefined {
    const { lease } = this.#options;
    if (now < this.#claimAt) return undefined;
    this.#claimAt = now + lease / 4;
    const hasHeard = this.#heardSince !== undefined && now - this.#heardSince > lease;
    return { milliseconds: hasHeard ? lease : GIVEN_UP, from: this.#claimFrom };
  }

  /** Into memory, and to the sender. */
  #bring(commit: StoredCommit): void {
    const { core, producer, isNeedless } = this.#options;
    const held = new Held(commit.id, commit.size);
    const isOwn = commit.producer === producer;
    if (isOwn && isNeedless(commit)) return this.discard(commit);
    // Own events were counted as being there; of others this process has not heard yet.
    if (isOwn) core.ledger.spool(-commit.events.length);
    else core.ledger.accept(commit.events.length);
    const isOld = isTooOld(commit.at, Date.now());
    const events: QueuedEvent[] = [];
    for (const event of commit.events) {
      if (event === undefined) core.ledger.drop(1, 'corrupt');
      else if (isOld) core.ledger.drop(1, 'expired');
      else events.push(core.adopt(event, commit.at));
    }
    held.open = events.length;
    if (events.length === 0) return this.discard(commit);
    this.#held.set(commit.id, held);
    for (const event of events) {
      event.place = held;
      core.sender.push(event);
    }
  }

  #close(held: Held): void {
    // Else it was lost meanwhile.
    if (!this.#held.delete(held.id)) return;
    this.#settled.push(held);
    this.#tellSettled();
  }

  #tellSettled(): void {
    const stream = this.#options.stream();
    if (this.#settling !== undefined || this.#settled.length === 0 || stream === undefined) return;
    const settled = this.#settled.splice(0, MAX_HELD);
    this.#settling = stream
      .settle(settled)
      .then(
        (state) => {
          this.#options.heard(state);
          return 0;
        },
        () => {
          // The next look at Redis says that it fails.
          this.#settled.unshift(...settled);
          return LOOK_INTERVAL;
        },
      )
      .then((wait) => {
        this.#settling = undefined;
        if (wait === 0) this.#tellSettled();
        else this.#options.timers.later(wait, () => this.#tellSettled());
      });
  }

  #renew(): void {
    const stream = this.#options.stream();
    if (this.#renewing !== undefined || this.#held.size === 0 || stream === undefined) return;
    const ids = [...this.#held.keys()];
    const began = performance.now();
    // A Redis that does not answer stops no delivery.
    const cancel = this.#options.timers.later(CHECK_LIMIT, () => {
      this.#isBlind = true;
      this.#options.core.sender.start();
    });
    this.#renewing = stream
      .renew(ids)
      .then(
        ({ identity, ours }) => {
          this.#isBlind = false;
          this.#renewed(began, identity, new Set(ids.filter((id) => !ours.has(id))));
        },
        () => {
          this.#isBlind = true;
        },
      )
      .finally(() => {
        cancel();
        this.#renewing = undefined;
        this.#options.core.sender.start();
      });
  }

  #renewed(began: number, identity: string, missing: ReadonlySet<string>): void {
    const wasSilent = began - this.#renewedAt >= this.#options.lease;
    this.#renewedAt = began;
    if (this.#identify(identity) || missing.size === 0) return;
    // Nobody else can have taken them: Redis has lost them, and what is in memory is all that is left.
    if (!wasSilent) return this.#letGo((id) => missing.has(id));
    this.#forget((event) => missing.has(heldBy(event)?.id ?? ''));
    for (const id of missing) this.#held.delete(id);
  }

  /** True where Redis has lost what was in it. */
  #identify(identity: string): boolean {
    const before = this.#identity;
    this.#identity = identity === '' ? undefined : identity;
    if (before === undefined || before === identity) return false;
    this.#options.trouble.tell(
      'Redis has lost what was in it: events that waited there alone are lost, those in memory are sent',
    );
    this.#letGo(() => true);
    return true;
  }

  /** Held no longer; sent from memory all the same. */
  #letGo(isLost: (id: string) => boolean): void {
    for (const event of this.#options.core.sender.events()) {
      if (isLost(heldBy(event)?.id ?? '')) event.place = undefined;
    }
    for (const id of this.#held.keys()) if (isLost(id)) this.#held.delete(id);
  }

  /** Others send these. */
  #forget(isTheirs: (event: QueuedEvent) => boolean): void {
    const { core } = this.#options;
    core.settle(core.sender.forget(isTheirs), (count) => core.ledger.spool(count));
  }
}
