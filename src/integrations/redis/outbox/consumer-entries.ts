/** Keeps track of the commits that Redis gave to this process: their events are in memory and wait to be sent. */
import type { QueuedEvent } from '../../../delivery/queued-event.js';
import type { ErasedVisitor, StreamPart } from './event-stream.js';

export interface ConsumerEntriesOptions extends StreamPart {
  /** Milliseconds between two signs of life that this process gives Redis. */
  readonly beat: number;
  /** Milliseconds without a sign of life after which any other process may take over the commits of this one. */
  readonly lease: number;
  /** Called when all events of a commit are finalized. */
  readonly finalized: (entry: ConsumerEntry) => void;
  /** Called with the identity that Redis answered. Returns true if Redis has lost its data. */
  readonly identify: (identity: string) => boolean;
  /**
   * Returns the serial of the last erasure that this process has heard of. `learn` is called with erasures that Redis
   * told of.
   */
  readonly erasedSince: () => number;
  readonly learn: (erasures: readonly ErasedVisitor[]) => void;
  /** Called after entries were removed, so that there is room for others. */
  readonly freed: () => void;
}

/**
 * Milliseconds that Redis may take to say whether this process still holds its commits. After that, events are sent
 * without an answer.
 */
const CHECK_LIMIT = 1_000;
/**
 * The share of the lease, from the last sign of life on, within which no other process can have taken over a commit.
 */
const SURE_SHARE = 0.5;
/**
 * The most commits in memory that are remembered although Redis has lost them: after another failover Redis may have
 * them again.
 */
const MAX_LOST = 2_000;

/** A commit that Redis gave to this process, and whose events are in memory. */
export class ConsumerEntry {
  /** The number of events of the commit that are not finalized (delivered or given up). */
  open = 0;

  constructor(
    readonly id: string,
    readonly size: number,
    /** The number of its events that this process put into Redis. */
    readonly own: number,
  ) {}
}

/** Returns the entry of an event that was read from Redis; undefined for an event that is sent without Redis. */
export const entryOf = (event: QueuedEvent): ConsumerEntry | undefined =>
  event.slot as ConsumerEntry | undefined;

export class ConsumerEntries {
  readonly #options: ConsumerEntriesOptions;
  readonly #entries = new Map<string, ConsumerEntry>();
  /** Entries that Redis has lost, as far as it said. Their events are still sent from memory. */
  readonly #lost = new Map<string, ConsumerEntry>();
  #renewing: Promise<void> | undefined;
  /** The time, by performance.now(), at which the last call began that showed Redis that this process is alive. */
  #renewedAt = -Infinity;
  #isBlind = false;

  constructor(options: ConsumerEntriesOptions) {
    this.#options = options;
    options.timers.every(options.beat, () => this.#renew());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The number of events in memory that Redis has, too, and that so outlive the process. */
  get events(): number {
    let events = 0;
    for (const { open } of this.#entries.values()) events += open;
    return events;
  }

  /**
   * Notes that Redis gave commits to this process at the time `at`, by performance.now(), or later: the lease of these
   * commits began then.
   */
  given(at: number): void {
    this.#renewedAt = this.#entries.size === 0 ? at : Math.min(this.#renewedAt, at);
  }

  add(entry: ConsumerEntry, events: readonly QueuedEvent[]): void {
    entry.open = events.length;
    this.#entries.set(entry.id, entry);
    for (const event of events) event.slot = entry;
  }

  /**
   * Returns true if this process has the commit of this id already. If Redis had lost the commit and has it again, the
   * commit becomes an entry again.
   */
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
      // An entry that Redis has lost stays known, since Redis may have it again later.
      if (entry.open === 0 && this.#entries.delete(entry.id)) this.#options.finalized(entry);
    }
  }

  /**
   * True if this process may send the events of its entries. False while Redis is asked whether another process has
   * taken them over; if Redis can not say, true again.
   */
  isOurs(): boolean {
    if (this.#entries.size === 0 || this.#isSure) return true;
    if (!this.#isBlind) this.#renew();
    return this.#isBlind;
  }

  /** Called when Redis has lost its data. The events of all entries are still sent from memory. */
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
    // If Redis does not answer in time, the events are sent all the same.
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
    // The silence is measured until now: Redis may have been asked in time and have carried out the call late.
    const wasSilent = performance.now() - this.#renewedAt >= this.#options.lease;
    this.#renewedAt = began;
    if (this.#options.identify(identity)) return;
    this.#leave(theirs);
    // After the silence of a whole lease, another process may have taken over the commits that are gone, and finalized
    // them. Otherwise Redis has lost these commits, and their events are in memory only.
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

  /** Gives up these commits, since other processes send their events. */
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
