/**
 * Writes events to the log of the spool; the events of a few milliseconds are written at once. Events that can not be
 * written stay in memory, in order, until the disk works again.
 *
 * The file has over 300 lines since it is one class and its options: all of its methods change the same list of events.
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
  /** Called when these events were written. An event whose slot is finalized by then does not count as stored. */
  readonly stored: (events: readonly QueuedEvent[], written: Written) => void;
  readonly lost: (spool: OpenSpool, owner: 'taken' | 'deleted') => void;
  /** Called with an error after which the disk still counts as working. */
  readonly met: (error: unknown) => void;
}

export interface Written {
  readonly log: SpoolLog;
  /** The number of stored events that stay in memory, too. */
  readonly retained: number;
  /** The stored events that are on disk alone from now on. */
  readonly spilled: readonly QueuedEvent[];
}

/**
 * Milliseconds between two commits, which write events to the log. With the delay of a timer and a disk, an event is
 * stored within 5 milliseconds.
 */
const COMMIT_INTERVAL = 3;
const COMMIT_BYTES = 256 * 1024;
/**
 * Milliseconds between the first and the last event of a commit at most: all are stored with the time of the first one.
 */
const COMMIT_SPAN = 1_000;
/** The number of latest erasures whose times are kept in `#erasures`. */
const MAX_ERASURES = 1_000;
/**
 * Events that are written at once at the exit. So many events of the largest size are shorter than what a log reads at
 * once.
 */
const EXIT_EVENTS = 100;
/**
 * Milliseconds between two syncs of the log to the disk. A power cut loses the events that were written in this time.
 */
const SYNC_INTERVAL = 100;

export class WriteLoop {
  readonly #options: WriteLoopOptions;
  /** The number that the next event gets in the log. */
  #next = 0;
  /** The events that are not stored yet: the events of the commit under way, and the events that wait for a commit. */
  #writing: readonly QueuedEvent[] = [];
  #buffer: QueuedEvent[] = [];
  /** The number of events that are not stored yet and will be on disk alone. */
  #unretained = 0;
  /** The times at which this process erased visitors, in milliseconds since the epoch, the latest last. */
  #erasures: number[] = [];
  /** All events of the log below this number are finalized. */
  #mark = 0;
  #commit: Promise<void> | undefined;
  #commitAt = -Infinity;
  #syncAt = -Infinity;
  #isDue = false;

  constructor(options: WriteLoopOptions) {
    this.#options = options;
  }

  /** True while a commit is under way. */
  get isWriting(): boolean {
    return this.#commit !== undefined;
  }

  /** True if no event waits for a commit. */
  get isEmpty(): boolean {
    return this.#buffer.length === 0;
  }

  /** True if some events that are not stored yet will be on disk alone. */
  get hasUnretained(): boolean {
    return this.#unretained > 0;
  }

  /**
   * Adds an event that is to be stored. If `mayRetain` is set and all older events stay in memory, this one does, too.
   */
  add(event: QueuedEvent, mayRetain: boolean): void {
    const slot = new EventSlot(this.#next++, mayRetain && !this.hasUnretained);
    event.slot = slot;
    this.#buffer.push(event);
    if (slot.retained) this.#options.core.sender.push(event);
    else this.#unretained += 1;
  }

  /** Plans a commit of the waiting events, unless one is planned or under way or the disk fails. */
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

  /** Begins a commit of the waiting events now, unless one is under way. */
  start(): void {
    const spool = this.#options.spool();
    if (this.isWriting || spool === undefined) return;
    this.#commitAt = performance.now();
    this.#commit = this.#store(spool).finally(() => {
      this.#commit = undefined;
      this.plan();
    });
  }

  /** Resolves when the commit under way, if any, is over. */
  async idle(): Promise<void> {
    await this.#commit;
  }

  /** Notes that all events of the log below the number `end` are finalized. */
  finalizedBelow(end: number): void {
    this.#mark = Math.max(this.#mark, end);
  }

  /**
   * Removes finalized events from the beginning of the buffer: they need not be stored. Events that are delivered from
   * memory before they are stored are always the first ones.
   */
  dropFinalized(): void {
    const first = this.#buffer.findIndex((event) => !slotOf(event).finalized);
    this.#buffer.splice(0, first === -1 ? this.#buffer.length : first);
  }

  /** Notes that visitors were erased at the time `at`, in milliseconds since the epoch, and drops their events. */
  erase(at: number, isErased: (event: QueuedEvent) => boolean): void {
    this.#erasures = [...this.#erasures, at].slice(-MAX_ERASURES);
    this.dropErased(isErased);
  }

  /** Drops events of erased visitors that neither are stored nor belong to the sender. */
  dropErased(isErased: (event: QueuedEvent) => boolean): void {
    this.#drop(this.#buffer.filter((event) => !slotOf(event).retained && isErased(event)));
    this.compact();
  }

  /**
   * Takes finalized events out of the buffer and gives the others new numbers: the numbers of written events must
   * follow each other.
   */
  compact(): void {
    const left = this.#buffer.filter((event) => !slotOf(event).finalized);
    if (left.length === this.#buffer.length) return;
    let number = Math.max(this.#next - this.#buffer.length, this.#mark);
    for (const event of left) slotOf(event).number = number++;
    this.#next = number;
    this.#buffer = left;
  }

  /** Gives the sender all events that are not stored yet, so that they need not be read back from disk. */
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

  /**
   * Called when the log is lost. The events of the sender (`sent`) and the waiting events that the sender does not have
   * get new numbers, and are stored again.
   */
  storeAgain(sent: readonly QueuedEvent[]): void {
    const events = [...sent, ...this.#buffer.filter((event) => !slotOf(event).retained)];
    for (const event of events) event.slot = new EventSlot(this.#next++, slotOf(event).retained);
    this.#buffer = events;
  }

  /** Writes the events that are not stored yet synchronously, since the process exits. */
  writeNow(): void {
    const unstored = [...this.#writing, ...this.#buffer];
    const first = unstored.findIndex((event) => !slotOf(event).finalized);
    // From the first event on that is not finalized, all events are written. If a later one is finalized, its visitor
    // was erased, and the visitor's tombstone keeps it from being sent.
    const events = first === -1 ? [] : unstored.slice(first);
    const log = this.#options.spool()?.log;
    // No frame may be longer than what a log reads at once.
    for (let start = 0; start < events.length; start += EXIT_EVENTS) {
      const some = events.slice(start, start + EXIT_EVENTS);
      log?.writeNow(slotOf(some[0]!).number, some[0]!.at, some);
    }
  }

  async #store(spool: OpenSpool): Promise<void> {
    const { health, timers, lifecycle, lost } = this.#options;
    const events = this.#takeCommit();
    if (events.length === 0) {
      // All events were delivered from memory meanwhile. So a later attempt has to show whether the disk works again.
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
    // All events of a commit are stored with the time of the first one. So the commit ends before the next erasure: an
    // event that was accepted after the erasure must not look older than it.
    const erasedAt = this.#erasures.find((each) => each >= at) ?? Infinity;
    return takeBytes(this.#buffer, COMMIT_BYTES, Math.min(erasedAt, at + COMMIT_SPAN));
  }

  /** Puts events that could not be stored back at the front of the buffer. */
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
    // The count is lowered last: an event that is added meanwhile must not overtake the spilled events.
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

/**
 * Writes events to the log if this process still owns it, and returns whether it does. It checks before and after the
 * write: a process may be stopped at any moment, and another one may take its log over meanwhile.
 */
async function write({ folder, log }: OpenSpool, events: readonly QueuedEvent[]): Promise<Ownership> {
  const ask = async (): Promise<Ownership> => (folder.isSure(log) ? 'ours' : folder.verify(log));
  const first = events[0]!;
  const owner = await ask();
  if (owner !== 'ours') return owner;
  await log.write(slotOf(first).number, first.at, events);
  return ask();
}
