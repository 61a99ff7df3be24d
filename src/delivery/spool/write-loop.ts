/**
 * Writes events to the log of the spool, all that came within a few milliseconds at once. Events that can not be
 * written stay in memory, in order, until the disk works again.
 */
import { codeOf } from '../../utils/errors.js';
import type { TimerGroup } from '../../utils/node/timers.js';
import type { OutboxCore } from '../queue-backend.js';
import { type QueuedEvent, takeBytes } from '../queued-event.js';
import type { StorageHealth } from '../storage-health.js';
import { EventSlot, slotOf } from './disk-reader.js';
import type { ErasedVisitors } from './erased-visitors.js';
import type { Ownership } from './folder.js';
import type { OpenSpool, SpoolLifecycle } from './folder-ownership.js';
import type { SpoolLog } from './log.js';

export interface WriteLoopOptions {
  readonly core: OutboxCore;
  readonly timers: TimerGroup;
  readonly health: StorageHealth;
  readonly erased: ErasedVisitors;
  readonly lifecycle: () => SpoolLifecycle;
  readonly spool: () => OpenSpool | undefined;
  /** These events are stored, as far as their slots are not finalized. */
  readonly stored: (events: readonly QueuedEvent[], written: Written) => void;
  readonly lost: (spool: OpenSpool, owner: 'taken' | 'deleted') => void;
  /** An error that begins no outage. */
  readonly met: (error: unknown) => void;
}

export interface Written {
  readonly log: SpoolLog;
  /** How many of the events stay in memory, too. */
  readonly retained: number;
  /** Events that are on disk alone from now on. */
  readonly spilled: readonly QueuedEvent[];
}

/** Milliseconds between two commits: with a timer and a disk, an event is stored within 5. */
const COMMIT_INTERVAL = 3;
const COMMIT_BYTES = 256 * 1024;
/** Milliseconds between the events of a commit: all are stored with the time of the first one. */
const COMMIT_SPAN = 1_000;
/** Times at which visitors were erased while some events were not stored yet. */
const MAX_ERASURES = 1_000;
/** Events of the largest size that are, together, shorter than what a log reads at once. */
const EXIT_EVENTS = 100;
/** Milliseconds between two syncs: a power cut loses the events of this time. */
const SYNC_INTERVAL = 100;

export class WriteLoop {
  readonly #options: WriteLoopOptions;
  /** The number of the next event. */
  #next = 0;
  /** The events that are not stored yet: those that are being written, and those that come after them. */
  #writing: readonly QueuedEvent[] = [];
  #buffer: QueuedEvent[] = [];
  /** How many of these are not retained. */
  #unretained = 0;
  /** Times at which visitors were erased here, the latest last. */
  #erasures: number[] = [];
  /** All events below this number are finalized. */
  #mark = 0;
  #commit: Promise<void> | undefined;
  #commitAt = -Infinity;
  #syncAt = -Infinity;
  #isDue = false;

  constructor(options: WriteLoopOptions) {
    this.#options = options;
  }

  /** A commit is under way. */
  get isWriting(): boolean {
    return this.#commit !== undefined;
  }

  /** No event waits for a commit. */
  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  /** Some events will be on disk alone. */
  get hasUnretained(): boolean {
    return this.#unretained > 0;
  }

  /** The event is to be stored. `mayRetain`: it may stay in memory, too, if all older ones do. */
  add(event: QueuedEvent, mayRetain: boolean): void {
    const slot = new EventSlot(this.#next++, mayRetain && !this.hasUnretained);
    event.slot = slot;
    this.#buffer.push(event);
    if (slot.retained) this.#options.core.sender.push(event);
    else this.#unretained += 1;
  }

  /** Stores the buffer soon. */
  plan(): void {
    const { health, timers, spool, lifecycle } = this.#options;
    if (this.#isDue || this.isWriting || this.isEmpty || health.isFailing) return;
    if (spool() === undefined || lifecycle() !== 'open') return;
    this.#isDue = true;
    timers.later(Math.max(0, this.#commitAt + COMMIT_INTERVAL - performance.now()), () => {
      this.#isDue = false;
      this.start();
    });
  }

  /** Stores the buffer now, unless a commit is under way. */
  start(): void {
    const spool = this.#options.spool();
    if (this.isWriting || spool === undefined) return;
    this.#commitAt = performance.now();
    this.#commit = this.#store(spool).finally(() => {
      this.#commit = undefined;
      this.plan();
    });
  }

  /** Resolves when the commit that is under way is over. */
  async idle(): Promise<void> {
    await this.#commit;
  }

  /** All events below this number are finalized. */
  finalizedBelow(end: number): void {
    this.#mark = Math.max(this.#mark, end);
  }

  /** Events that are delivered from memory before they are stored are so in order: the first ones. */
  dropFinalized(): void {
    const first = this.#buffer.findIndex((event) => !slotOf(event).finalized);
    this.#buffer.splice(0, first === -1 ? this.#buffer.length : first);
  }

  /** Visitors were erased at that time, in milliseconds since the epoch. */
  erase(at: number, isErased: (event: QueuedEvent) => boolean): void {
    this.#erasures = [...this.#erasures, at].slice(-MAX_ERASURES);
    this.dropErased(isErased);
  }

  /** Drops events of erased visitors that are not stored yet, and not with the sender. */
  dropErased(isErased: (event: QueuedEvent) => boolean): void {
    this.#drop(this.#buffer.filter((event) => !slotOf(event).retained && isErased(event)));
    this.compact();
  }

  /** Takes finalized events out of the buffer: the numbers of the events that are written follow each other. */
  compact(): void {
    const left = this.#buffer.filter((event) => !slotOf(event).finalized);
    if (left.length === this.#buffer.length) return;
    let number = Math.max(this.#next - this.#buffer.length, this.#mark);
    for (const event of left) slotOf(event).number = number++;
    this.#next = number;
    this.#buffer = left;
  }

  /** Gives to the sender all that is not stored yet, so that it need not be read again. */
  retainAll(): void {
    for (const event of [...this.#writing, ...this.#buffer]) {
      const slot = slotOf(event);
      if (slot.retained || slot.finalized) continue;
      if (this.#options.erased.covers(event)) {
        this.#drop([event]);
        continue;
      }
      slot.retained = true;
      this.#unretained -= 1;
      this.#options.core.sender.push(event);
    }
  }

  /** The log is lost: these events of the sender, and all that is not retained, are stored again under new numbers. */
  storeAgain(sent: readonly QueuedEvent[]): void {
    const events = [...sent, ...this.#buffer.filter((event) => !slotOf(event).retained)];
    for (const event of events) event.slot = new EventSlot(this.#next++, slotOf(event).retained);
    this.#buffer = events;
  }

  /** The process exits: writes what is not stored yet, synchronously. */
  writeNow(): void {
    const unstored = [...this.#writing, ...this.#buffer];
    const first = unstored.findIndex((event) => !slotOf(event).finalized);
    // An event that is finalized after one that is not was of an erased visitor, who has a tombstone.
    const events = first === -1 ? [] : unstored.slice(first);
    const log = this.#options.spool()?.log;
    // No frame may be longer than what is read at once.
    for (let start = 0; start < events.length; start += EXIT_EVENTS) {
      const some = events.slice(start, start + EXIT_EVENTS);
      log?.writeNow(slotOf(some[0]!).number, some[0]!.at, some);
    }
  }

  async #store(spool: OpenSpool): Promise<void> {
    const { health, timers, lifecycle, lost } = this.#options;
    const events = this.#takeCommit();
    if (events.length === 0) {
      // All events were delivered meanwhile: whether the disk works again is still to be seen.
      if (health.isFailing) timers.later(health.delay, () => this.start());
      return;
    }
    this.#writing = events;
    try {
      const owner = await write(spool, events);
      if (lifecycle() === 'closed') return;
      if (owner !== 'ours') {
        this.#putBack(events);
        return lost(spool, owner);
      }
      this.#writing = [];
      this.#stored(events, spool.log);
      health.succeeded();
      this.#sync(spool.log);
    } catch (error) {
      if (lifecycle() === 'closed') return;
      this.#putBack(events);
      if (codeOf(error) === 'ENOENT') spool.folder.doubt();
      health.failed(error);
      timers.later(health.delay, () => this.start());
    }
  }

  #takeCommit(): readonly QueuedEvent[] {
    this.dropFinalized();
    const { at = 0 } = this.#buffer[0] ?? {};
    // All events that are stored together were accepted on one side of every erasure.
    const erasedAt = this.#erasures.find((each) => each >= at) ?? Infinity;
    return takeBytes(this.#buffer, COMMIT_BYTES, Math.min(erasedAt, at + COMMIT_SPAN));
  }

  /** These events were not stored. */
  #putBack(events: readonly QueuedEvent[]): void {
    const { erased } = this.#options;
    this.#writing = [];
    this.#buffer = [...events, ...this.#buffer];
    if (!erased.isEmpty) this.dropErased((event) => erased.covers(event));
  }

  #stored(events: readonly QueuedEvent[], log: SpoolLog): void {
    const spilled: QueuedEvent[] = [];
    let retained = 0;
    for (const event of events) {
      const slot = slotOf(event);
      if (slot.finalized) continue;
      slot.log = log;
      if (slot.retained) retained += 1;
      else spilled.push(event);
    }
    this.#options.stored(events, { log, retained, spilled });
    // Last: an event that is added meanwhile must not overtake the spilled ones.
    this.#unretained -= spilled.length;
  }

  #drop(unretained: readonly QueuedEvent[]): void {
    for (const event of unretained) slotOf(event).finalized = true;
    this.#unretained -= unretained.length;
    const { core } = this.#options;
    if (unretained.length > 0) core.finalize(unretained, (count) => core.ledger.drop(count, 'forgotten'));
  }

  #sync(log: SpoolLog): void {
    if (this.#syncAt === Infinity) return;
    const wait = Math.max(0, this.#syncAt + SYNC_INTERVAL - performance.now());
    this.#syncAt = Infinity;
    this.#options.timers.later(wait, () => {
      void log
        .sync()
        .catch(this.#options.met)
        .finally(() => (this.#syncAt = performance.now()));
    });
  }
}

/** Asks before and after: a process may be stopped anywhere, and its log taken for that of a dead one. */
async function write({ folder, log }: OpenSpool, events: readonly QueuedEvent[]): Promise<Ownership> {
  const ask = async (): Promise<Ownership> => (folder.isSure(log) ? 'ours' : folder.verify(log));
  const first = events[0]!;
  const owner = await ask();
  if (owner !== 'ours') return owner;
  await log.write(slotOf(first).number, first.at, events);
  return ask();
}
