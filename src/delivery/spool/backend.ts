/**
 * Keeps events on disk until they are delivered. Each event is written within some milliseconds. The oldest events stay
 * in memory, too, and are sent from there. Events for which memory has no room are on disk alone, and are read again
 * when their turn comes. While the disk fails, events wait in memory.
 */
import { codeOf, ConvertError } from '../../utils/errors.js';
import { hashOf } from '../../utils/node/hash.js';
import { TimerGroup } from '../../utils/node/timers.js';
import { type OutboxCore, QueueBackendBase } from '../queue-backend.js';
import { type QueuedEvent, wereKept } from '../queued-event.js';
import { StorageHealth } from '../storage-health.js';
import { DiskReader, type EventSlot, LOADED_SHARE, OrphanLog, slotOf } from './disk-reader.js';
import { ErasedVisitors, type Tombstone } from './erased-visitors.js';
import { writeAtExit } from './exit.js';
import type { SpoolFiles } from './files.js';
import type { SpoolFolderOptions } from './folder.js';
import { FolderOwnership, type SpoolLifecycle } from './folder-ownership.js';
import type { SpoolLog } from './log.js';
import { WriteLoop, type Written } from './write-loop.js';

export interface SpoolBackendOptions extends SpoolFolderOptions {
  readonly files: SpoolFiles;
  readonly root: string;
  readonly maxBytes: number;
  /** Bytes of events that may wait in memory. */
  readonly memoryBytes: number;
}

/** A new event stays in memory, too, only while the events in memory take at most this share of `memoryBytes`. */
const RETAINED_SHARE = 0.4;
/** The time between two attempts to use a disk that fails, in milliseconds. */
const DISK_BACKOFF = { min: 1_000, max: 30_000 };

export class SpoolBackend extends QueueBackendBase {
  override readonly outlives = true;
  readonly maxBytes: number;
  readonly #options: SpoolBackendOptions;
  readonly #timers = new TimerGroup();
  readonly #health: StorageHealth;
  readonly #erased = new ErasedVisitors();
  readonly #reader: DiskReader;
  readonly #writes: WriteLoop;
  readonly #ownership: FolderOwnership;
  /** The number of events that are both in memory and on disk. */
  #stored = 0;
  /**
   * For each log of which newer events were finalized before older ones: the number after the newest of these. A crash
   * meanwhile sends them twice.
   */
  readonly #overtaking = new Map<SpoolLog | OrphanLog | undefined, number>();
  #lifecycle: SpoolLifecycle = 'open';
  readonly #cancelExit: () => void;

  constructor(core: OutboxCore, options: SpoolBackendOptions) {
    super(core);
    this.#options = options;
    this.maxBytes = options.maxBytes;
    this.#health = new StorageHealth(core.ledger, DISK_BACKOFF, textsFor(options.root));
    const common = {
      core,
      timers: this.#timers,
      health: this.#health,
      lifecycle: () => this.#lifecycle,
      met: (error: unknown) => this.#met(error),
    };
    this.#reader = new DiskReader({
      ...common,
      memoryBytes: options.memoryBytes,
      log: () => this.#ownership.spool?.log,
      loaded: () => (this.#stored += 1),
      caughtUp: () => this.#writes.retainAll(),
      isErased: (event) => this.#erased.covers(event),
    });
    this.#writes = new WriteLoop({
      ...common,
      erased: this.#erased,
      spool: () => this.#ownership.spool,
      stored: (events, written) => this.#wereStored(events, written),
      lost: (spool, owner) => this.#ownership.lost(spool, owner),
    });
    this.#cancelExit = writeAtExit(() => this.#writes.writeNow());
    this.#ownership = new FolderOwnership({
      ...options,
      ...common,
      project: () => core.project(),
      isWriting: () => this.#writes.isWriting,
      opened: () => this.#writes.start(),
      otherFormats: (count) => this.#health.otherFormats(count),
      lost: (owner, path) => (owner === 'taken' ? this.#leaveToOthers() : this.#recover(path)),
      learned: (tombstones) => this.#learn(tombstones),
      orphaned: (log) => this.#reader.adopt(log),
      looked: () => this.#reader.load(this.#writes.hasUnretained),
    });
  }

  override hasRoom(bytes: number, share: number): boolean {
    const reserved = this.#reader.hasWork ? LOADED_SHARE : 0;
    return this.#memoryBytes + bytes <= this.#options.memoryBytes * (1 - reserved) * share;
  }

  get #memoryBytes(): number {
    return this.core.queueBytes - this.#reader.bytes;
  }

  keep(event: QueuedEvent): void {
    // Another process may have erased the visitor before the event was confirmed.
    if (this.#erased.covers(event)) {
      this.core.finalize([event], (count) => this.core.ledger.drop(count, 'forgotten'));
      return;
    }
    const hasRoom = this.#memoryBytes <= this.#options.memoryBytes * RETAINED_SHARE;
    this.#writes.add(event, hasRoom && this.#reader.count === 0);
  }

  kept(): void {
    this.#ownership.openAwaited();
    this.#writes.plan();
    this.core.sender.start();
  }

  override finalized(batch: readonly QueuedEvent[]): void {
    const ends = new Map(this.#overtaking);
    for (const event of batch) {
      const slot = slotOf(event);
      slot.finalized = true;
      const log = this.#logOf(slot);
      if (slot.log !== undefined) this.#stored -= 1;
      ends.set(log, Math.max(ends.get(log) ?? 0, slot.number + 1));
      if (log instanceof OrphanLog) log.open -= 1;
    }
    this.#overtaking.clear();
    for (const [log, end] of ends) {
      const mark = Math.min(end, this.#firstPostponed(log));
      if (mark < end) this.#overtaking.set(log, end);
      if (!(log instanceof OrphanLog)) this.#writes.finalizedBelow(mark);
      if (log !== undefined) void log.acknowledge(mark);
    }
    if (this.#health.isFailing) this.#writes.dropFinalized();
    this.#reader.load(this.#writes.hasUnretained);
  }

  /** The log that an event is stored in, or will be. */
  #logOf({ log }: EventSlot): SpoolLog | OrphanLog | undefined {
    return log ?? this.#ownership.spool?.log;
  }

  /** The number of the first event of the log that newer events may overtake. It must not fall below the mark. */
  #firstPostponed(log: SpoolLog | OrphanLog | undefined): number {
    let first = Infinity;
    for (const event of this.core.sender.postponed()) {
      const slot = slotOf(event);
      if (this.#logOf(slot) === log) first = Math.min(first, slot.number);
    }
    return first;
  }

  override cancelled(events: readonly QueuedEvent[]): void {
    // The events that are not stored yet get new numbers.
    this.#overtaking.clear();
    for (const event of events) {
      const slot = slotOf(event);
      slot.finalized = true;
      if (slot.log !== undefined) this.#stored -= 1;
      if (slot.log instanceof OrphanLog) slot.log.open -= 1;
    }
    this.#writes.compact();
    this.#reader.load(true);
  }

  override async erase(visitorIds: ReadonlySet<string>, at: number): Promise<void> {
    const tombstones = [...visitorIds].map((id) => ({ hash: hashOf(id), at }));
    for (const each of tombstones) this.#erased.add(each);
    this.#writes.erase(at, ({ visitorId }) => visitorIds.has(visitorId));
    this.#ownership.openAwaited();
    await this.#ownership.opened();
    try {
      const folder = this.#ownership.spool?.folder;
      if (folder === undefined) throw Object.assign(new Error('not open'), { code: 'ENOTOPEN' });
      await folder.tombstones.add(tombstones);
    } catch (error) {
      throw new ConvertError(
        'CONVERT_SPOOL',
        `that a visitor was forgotten can not be written to the spool (${codeOf(error)}): events that wait on disk ` +
          `may be sent; call it again (${this.#options.root})`,
        { cause: error },
      );
    }
  }

  override isOurs(): boolean {
    return this.#ownership.isOurs();
  }

  override hurry(): void {
    if (!this.#writes.isEmpty && !this.#health.isFailing && this.#lifecycle === 'open') this.#writes.start();
  }

  override volatile(): number {
    return this.core.ledger.pending - this.#stored;
  }

  override otherFormats(): number {
    return this.#health.formats;
  }

  override stopReading(): void {
    this.#reader.stop();
  }

  override async close(): Promise<void> {
    this.#lifecycle = 'closing';
    this.#timers.stop();
    await this.#ownership.idle();
    await this.#writes.idle();
    await this.#ownership.verify();
    do {
      this.#writes.start();
      await this.#writes.idle();
      // If this process lost its log to another one, or the folder was deleted, a new log takes the events that are not
      // stored.
      await this.#ownership.opened();
    } while (!this.#writes.isEmpty && !this.#health.isFailing && this.#ownership.spool);
    await this.#reader.idle();
    const { count, orphanEvents } = this.#reader;
    const remove = count === 0 && this.#stored === orphanEvents && this.#writes.isEmpty;
    // If one step fails, the next ones still run: they leave the other logs to other processes.
    for (const step of [...this.#reader.closing(), ...this.#ownership.closing({ remove })]) {
      await step().catch((error: unknown) => this.#met(error));
    }
  }

  override closed(): void {
    this.#lifecycle = 'closed';
    this.#cancelExit();
    this.core.ledger.spool(this.#stored);
    this.#stored = 0;
  }

  #wereStored(events: readonly QueuedEvent[], { log, retained, spilled }: Written): void {
    this.#stored += retained;
    wereKept(events);
    this.#reader.spill(spilled, log);
    this.#reader.load(false);
  }

  /** Takes over tombstones that other processes may have written, and drops the events of the erased visitors. */
  #learn(tombstones: readonly Tombstone[]): void {
    const isNews = tombstones.map((each) => this.#erased.add(each)).includes(true);
    if (!isNews || this.#lifecycle === 'closed') return;
    const isErased = (event: QueuedEvent): boolean => this.#erased.covers(event);
    this.#writes.dropErased(isErased);
    this.core.cancel(isErased);
  }

  /**
   * Called when another process took over the log of this one, which it took for dead. That process sends the stored
   * events, so they are given up here.
   */
  #leaveToOthers(): void {
    const gone = this.core.sender.takeBack((event) => slotOf(event).log !== undefined);
    this.#stored -= gone.length;
    this.core.finalize(gone, (count) => this.core.ledger.spool(count));
    this.#reader.giveUp();
  }

  /** Called when somebody deleted the folder. Only the events in memory are left; they are stored again. */
  #recover(path: string): void {
    this.#health.tell(
      `somebody deleted the spool folder ${path}: what was on disk alone is lost, and the folder is made again`,
    );
    this.#reader.giveUp('corrupt');
    this.#overtaking.clear();
    this.#writes.storeAgain(this.core.sender.events());
    this.#stored = 0;
  }

  /** Reports an error, except during the close: a file that is to be synced may have just been removed then. */
  #met(error: unknown): void {
    if (this.#lifecycle === 'open') this.#health.met(error);
  }
}

const textsFor = (root: string): ConstructorParameters<typeof StorageHealth>[2] => ({
  failing: (code) =>
    `events can not be written to the spool (${code}): they wait in memory until it works again, and are lost ` +
    `with the process (${root})`,
  worksAgain: 'events are written to the spool again',
  met: (code) => `a part of the spool can not be read or synced (${code}; ${root})`,
  otherFormats:
    'the spool holds events in the format of another version of this package; they are left to it' +
    ` (${root})`,
});
