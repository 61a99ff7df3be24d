import type { QueuedEvent } from '../../../delivery/queued-event.js';
import type { ErasedVisitor, StreamPart } from './event-stream.js';

export interface ConsumerEntriesOptions extends StreamPart {
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Milliseconds without one after which a commit is anybody's. */
  readonly lease: number;
  /** All events of a commit are settled. */
  readonly settled: (held: ConsumerEntry) => void;
  /** Redis has said which one it is, besides. True where it has lost all that was in it. */
  readonly identify: (identity: string) => boolean;
  /** The last that was heard of who was forgotten; and what Redis has said of it. */
  readonly forgottenSince: () => number;
  readonly learn: (forgettings: readonly ErasedVisitor[]) => void;
  /** There is less than before. */
  readonly freed: () => void;
}

/** Milliseconds that Redis may take to say whether commits are still ours. */
const CHECK_LIMIT = 1_000;
/** The share of the lease for which nobody else can have become the owner. */
const SURE_SHARE = 0.5;
/** Commits that Redis has lost while they were held here, and might find again. */
const MAX_LOST = 2_000;

/** A commit in memory. */
export class ConsumerEntry {
  /** Events that are not settled. */
  open = 0;

  constructor(
    readonly id: string,
    readonly size: number,
    /** Events that this process put into Redis. */
    readonly own: number,
  ) {}
}

/** Of an event that was read; undefined for one that went round Redis. */
export const entryOf = (event: QueuedEvent): ConsumerEntry | undefined =>
  event.slot as ConsumerEntry | undefined;

export class ConsumerEntries {
  readonly #options: ConsumerEntriesOptions;
  readonly #held = new Map<string, ConsumerEntry>();
  /** Not in Redis any more, or so it said, and still to be sent. */
  readonly #lost = new Map<string, ConsumerEntry>();
  #renewing: Promise<void> | undefined;
  /** By performance.now(): when Redis was last asked and is sure to know that we live. */
  #renewedAt = -Infinity;
  #isBlind = false;

  constructor(options: ConsumerEntriesOptions) {
    this.#options = options;
    options.timers.every(options.beat, () => this.#renew());
  }

  get size(): number {
    return this.#held.size;
  }

  /** Events that outlive the process. */
  get events(): number {
    let events = 0;
    for (const { open } of this.#held.values()) events += open;
    return events;
  }

  /** Redis gave some out no earlier than that, by performance.now(). */
  given(at: number): void {
    this.#renewedAt = this.#held.size === 0 ? at : Math.min(this.#renewedAt, at);
  }

  add(held: ConsumerEntry, events: readonly QueuedEvent[]): void {
    held.open = events.length;
    this.#held.set(held.id, held);
    for (const event of events) event.slot = held;
  }

  /** True where this commit is here already. One that Redis had lost, and has again, is held again. */
  knows(id: string): boolean {
    if (this.#held.has(id)) return true;
    const found = this.#lost.get(id);
    if (found === undefined) return false;
    this.#lost.delete(id);
    if (found.open === 0) this.#options.settled(found);
    else this.#held.set(id, found);
    return true;
  }

  settle(batch: readonly QueuedEvent[]): void {
    for (const event of batch) {
      const held = entryOf(event);
      if (held === undefined) continue;
      held.open -= 1;
      // What Redis has lost stays known: it might find it again.
      if (held.open === 0 && this.#held.delete(held.id)) this.#options.settled(held);
    }
  }

  /** False while it is open whether what is held is still ours to send. */
  isOurs(): boolean {
    if (this.#held.size === 0 || this.#isSure) return true;
    if (!this.#isBlind) this.#renew();
    return this.#isBlind;
  }

  /** Redis has lost all: held no longer, sent from memory all the same. */
  letGoAll(): void {
    this.#letGo([...this.#held.keys()]);
  }

  get #isSure(): boolean {
    return performance.now() - this.#renewedAt < this.#options.lease * SURE_SHARE;
  }

  #renew(): void {
    const { stream: streamNow, timers, core, answerLimit, forgottenSince, learn } = this.#options;
    const stream = streamNow();
    if (this.#renewing !== undefined || this.#held.size === 0 || stream === undefined) return;
    const began = performance.now();
    // A Redis that does not answer stops no delivery.
    const inTime = timers.later(CHECK_LIMIT, () => {
      this.#isBlind = true;
      core.sender.start();
    });
    this.#renewing = timers
      .within(answerLimit, stream.renew([...this.#held.keys()], forgottenSince()))
      .then(
        ({ identity, theirs, gone, forgotten }) => {
          this.#isBlind = false;
          learn(forgotten);
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
    if (this.#options.identify(identity)) return;
    this.#forget(theirs);
    // Settled by whoever took them; if nobody can have, Redis has lost them, and what is in memory is all that is left.
    if (wasSilent) this.#forget(gone);
    else this.#letGo(gone);
    this.#options.freed();
  }

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
    const theirs = new Set<ConsumerEntry>();
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held !== undefined) theirs.add(held);
      this.#held.delete(id);
    }
    const isTheirs = (event: QueuedEvent): boolean => {
      const held = entryOf(event);
      return held !== undefined && theirs.has(held);
    };
    core.finalize(core.sender.takeBack(isTheirs), (count) => core.ledger.spool(count));
  }
}
