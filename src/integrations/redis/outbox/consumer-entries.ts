/** Keeps track of the commits that Redis gave to this process: their events are in memory and wait to be sent. */
import type { QueuedEvent } from '../../../delivery/queued-event.js';
import type { ErasedVisitor, StreamPart } from './event-stream.js';

export interface ConsumerEntriesOptions extends StreamPart {
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Milliseconds without a sign of life after which any process may take a commit over. */
  readonly lease: number;
  /** All events of a commit are finalized. */
  readonly finalized: (entry: ConsumerEntry) => void;
  /** Redis told its identity. Returns true if it has lost its data. */
  readonly identify: (identity: string) => boolean;
  /** The serial of the last erasure that was heard of; and erasures that Redis told. */
  readonly erasedSince: () => number;
  readonly learn: (erasures: readonly ErasedVisitor[]) => void;
  /** There are fewer entries than before. */
  readonly freed: () => void;
}

/** Milliseconds that Redis may take to say whether the commits are still ours. */
const CHECK_LIMIT = 1_000;
/** The share of the lease within which no other process can have taken a commit over. */
const SURE_SHARE = 0.5;
/** Commits in memory that Redis has lost and might find again, after a failover back. */
const MAX_LOST = 2_000;

/** A commit in memory. */
export class ConsumerEntry {
  /** Events that are not finalized. */
  open = 0;

  constructor(
    readonly id: string,
    readonly size: number,
    /** How many of its events this process put into Redis. */
    readonly own: number,
  ) {}
}

/** The entry of an event that was read; undefined for an event that was sent without Redis. */
export const entryOf = (event: QueuedEvent): ConsumerEntry | undefined =>
  event.slot as ConsumerEntry | undefined;

export class ConsumerEntries {
  readonly #options: ConsumerEntriesOptions;
  readonly #entries = new Map<string, ConsumerEntry>();
  /** Entries that are not in Redis any more, as far as it said, and still have to be sent. */
  readonly #lost = new Map<string, ConsumerEntry>();
  #renewing: Promise<void> | undefined;
  /** The time, by performance.now(), when the last call began that showed Redis that this process is alive. */
  #renewedAt = -Infinity;
  #isBlind = false;

  constructor(options: ConsumerEntriesOptions) {
    this.#options = options;
    options.timers.every(options.beat, () => this.#renew());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Events that outlive the process. */
  get events(): number {
    let events = 0;
    for (const { open } of this.#entries.values()) events += open;
    return events;
  }

  /** Redis gave out commits, no earlier than that, by performance.now(). */
  given(at: number): void {
    this.#renewedAt = this.#entries.size === 0 ? at : Math.min(this.#renewedAt, at);
  }

  add(entry: ConsumerEntry, events: readonly QueuedEvent[]): void {
    entry.open = events.length;
    this.#entries.set(entry.id, entry);
    for (const event of events) event.slot = entry;
  }

  /** True if this commit is here already. A commit that Redis had lost, and has again, becomes an entry again. */
  knows(id: string): boolean {
    if (this.#entries.has(id)) return true;
    const found = this.#lost.get(id);
    if (found === undefined) return false;
    this.#lost.delete(id);
    if (found.open === 0) this.#options.finalized(found);
    else this.#entries.set(id, found);
    return true;
  }

  finalized(batch: readonly QueuedEvent[]): void {
    for (const event of batch) {
      const entry = entryOf(event);
      if (entry === undefined) continue;
      entry.open -= 1;
      // An entry that Redis has lost stays known: Redis might find it again.
      if (entry.open === 0 && this.#entries.delete(entry.id)) this.#options.finalized(entry);
    }
  }

  /** False while it is not known whether the entries are still ours to send. */
  isOurs(): boolean {
    if (this.#entries.size === 0 || this.#isSure) return true;
    if (!this.#isBlind) this.#renew();
    return this.#isBlind;
  }

  /** Redis has lost its data: the events are sent from memory all the same. */
  letGoAll(): void {
    this.#letGo([...this.#entries.keys()]);
  }

  get #isSure(): boolean {
    return performance.now() - this.#renewedAt < this.#options.lease * SURE_SHARE;
  }

  #renew(): void {
    const { stream: streamNow, timers, core, answerLimit, erasedSince, learn } = this.#options;
    const stream = streamNow();
    if (this.#renewing !== undefined || this.#entries.size === 0 || stream === undefined) return;
    const began = performance.now();
    // A Redis that does not answer stops no delivery.
    const inTime = timers.later(CHECK_LIMIT, () => {
      this.#isBlind = true;
      core.sender.start();
    });
    this.#renewing = timers
      .within(answerLimit, stream.renew([...this.#entries.keys()], erasedSince()))
      .then(
        ({ identity, theirs, gone, erased }) => {
          this.#isBlind = false;
          learn(erased);
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
    // Measured until now: Redis may have been asked in time and have answered late.
    const wasSilent = performance.now() - this.#renewedAt >= this.#options.lease;
    this.#renewedAt = began;
    if (this.#options.identify(identity)) return;
    this.#leave(theirs);
    // Another process took them over and finalized them. If none can have, Redis has lost them: only memory has them.
    if (wasSilent) this.#leave(gone);
    else this.#letGo(gone);
    this.#options.freed();
  }

  #letGo(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      this.#entries.delete(id);
      this.#lost.set(id, entry);
      const [oldest] = this.#lost.keys();
      if (this.#lost.size > MAX_LOST) this.#lost.delete(oldest!);
    }
  }

  /** Other processes send the events of these commits. */
  #leave(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const { core } = this.#options;
    const theirs = new Set<ConsumerEntry>();
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) theirs.add(entry);
      this.#entries.delete(id);
    }
    const isTheirs = (event: QueuedEvent): boolean => {
      const entry = entryOf(event);
      return entry !== undefined && theirs.has(entry);
    };
    core.finalize(core.sender.takeBack(isTheirs), (count) => core.ledger.spool(count));
  }
}
