/**
 * Reads events that are on disk alone back into memory, in order, whenever the sender is about to run out of events.
 * The logs that dead processes left come first, then the events of this process's own log.
 */
import type { OutboxCore } from '../queue-backend.js';
import { isTooOld, QueuedEvent } from '../queued-event.js';
import type { StoredEvent } from './log-frames.js';
import type { SpoolLog } from './log.js';
import { type Missing, SpilledEvents } from './spilled-events.js';

export interface DiskReaderOptions {
  readonly core: OutboxCore;
  /** Bytes of events that may wait in memory. */
  readonly memoryBytes: number;
  /** Returns the log of this process; undefined while there is none. */
  readonly log: () => SpoolLog | undefined;
  /** Called for each stored event that was read into memory and goes to the sender. */
  readonly loaded: () => void;
  /** Called when no event of this process's log is on disk alone any more: later events may be sent from memory. */
  readonly caughtUp: () => void;
  /** True if the visitor of the event was erased after the event was accepted. */
  readonly isErased: (event: QueuedEvent) => boolean;
  /** Called with the error if a part of a log can't be read now. */
  readonly met: (error: unknown) => void;
}

/** The share of `memoryBytes` that is kept for events which are read back from disk. */
export const LOADED_SHARE = 0.25;

export class DiskReader {
  readonly #options: DiskReaderOptions;
  readonly #spilled: SpilledEvents;
  #orphans: OrphanLog[] = [];
  #loading: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: DiskReaderOptions) {
    this.#options = options;
    this.#spilled = new SpilledEvents(options.core.flushes);
  }

  /** Bytes of the events of this process's log that are on disk alone. */
  get bytes(): number {
    return this.#spilled.bytes;
  }

  get count(): number {
    return this.#spilled.count;
  }

  /** True if events on disk are to be read. */
  get hasWork(): boolean {
    return this.#orphans.length > 0 || this.#spilled.count > 0;
  }

  /** The number of events of orphan logs that are in memory and not finalized. */
  get orphanEvents(): number {
    return this.#orphans.reduce((sum, { open }) => sum + open, 0);
  }

  /** Notes that these events of this process's log are on disk alone from now on. */
  spill(events: readonly QueuedEvent[], log: SpoolLog): void {
    if (events.length === 0) return;
    if (this.#spilled.count === 0) log.seek(slotOf(events[0]!).number);
    for (const event of events) this.#spilled.push(slotOf(event).number, event);
    this.#options.core.ledger.spool(events.length);
  }

  adopt(log: SpoolLog): void {
    this.#orphans.push(new OrphanLog(log));
    this.load(true);
  }

  /**
   * Reads events from disk if the sender is about to run out of events. Does nothing if no events are to be read,
   * unless `isDue` is set: then `caughtUp` is called in that case, too.
   */
  load(isDue: boolean): void {
    if (this.#loading !== undefined || this.#isStopped || this.#isSupplied(LOADED_SHARE / 2)) return;
    if (!isDue && !this.hasWork) return;
    this.#loading = this.#loadAll()
      .catch((error: unknown) => this.#options.met(error))
      .finally(() => {
        this.#loading = undefined;
        this.#options.core.sender.start();
      });
  }

  /**
   * Gives up all events that are on disk alone. Without a reason, another process sends them. With a reason they are
   * lost, and the ledger counts them as dropped for it.
   */
  giveUp(reason?: 'corrupt'): void {
    this.#release(this.#spilled.clear(), reason);
    this.#orphans = [];
  }

  /** Ends reading for good. */
  stop(): void {
    this.#isStopped = true;
  }

  async idle(): Promise<void> {
    await this.#loading;
  }

  /**
   * Returns the steps of the close, one for each orphan log. A log without events to send is removed; any other is
   * closed and left to other processes.
   */
  closing(): (() => Promise<void>)[] {
    return this.#orphans.map((each) => () => (each.isRead && each.open === 0 ? each.remove() : each.close()));
  }

  /** True if the events that wait in the sender take more than this share of the memory. */
  #isSupplied(share: number): boolean {
    const { core, memoryBytes } = this.#options;
    return core.sender.queuedBytes > memoryBytes * share;
  }

  async #loadAll(): Promise<void> {
    const hasRoom = (): boolean => !this.#isStopped && !this.#isSupplied(LOADED_SHARE);
    for (const orphan of [...this.#orphans]) {
      while (hasRoom() && !orphan.isRead) await this.#loadOrphan(orphan);
      if (orphan.isRead && orphan.open === 0) await this.#finish(orphan);
    }
    while (hasRoom() && this.#spilled.count > 0) await this.#loadSpilled();
    if (this.#spilled.count === 0) this.#options.caughtUp();
  }

  async #loadOrphan(orphan: OrphanLog): Promise<void> {
    const { missing, events } = await orphan.read((error) => this.#options.met(error));
    if (this.#isStopped || !this.#orphans.includes(orphan)) return;
    const { core } = this.#options;
    core.ledger.accept(missing + events.length);
    core.ledger.drop(missing, 'corrupt');
    for (const stored of events) {
      const event = core.adopt(stored.event, stored.at);
      this.#bring(event, stored, orphan);
      if (!slotOf(event).finalized) orphan.open += 1;
    }
    core.sender.start();
  }

  async #finish(orphan: OrphanLog): Promise<void> {
    this.#orphans = this.#orphans.filter((each) => each !== orphan);
    await orphan.remove();
  }

  async #loadSpilled(): Promise<void> {
    const { core, log: logNow, met } = this.#options;
    const log = logNow();
    const events = (await log?.read(met)) ?? [];
    if (this.#isStopped || log === undefined || log !== logNow()) return;
    // If stored events are not found in the log, they are lost.
    if (events.length === 0) return this.#release(this.#spilled.clear(), 'corrupt');
    for (const stored of events) {
      const { epoch, missing } = this.#spilled.take(stored.number, stored.event.bytes);
      this.#release(missing, 'corrupt');
      if (epoch === undefined) continue;
      core.ledger.spool(-1);
      this.#bring(new QueuedEvent(stored.event, epoch, stored.at), stored, log);
    }
    core.sender.start();
  }

  /**
   * Gives an event that was read from disk to the sender. If it is too old, or its visitor was erased, it is dropped
   * instead.
   */
  #bring(event: QueuedEvent, { number, at }: StoredEvent, log: SpoolLog | OrphanLog): void {
    const { core, loaded, isErased } = this.#options;
    const slot = new EventSlot(number, true);
    slot.log = log;
    event.slot = slot;
    const reason = isTooOld(at, Date.now()) ? 'expired' : isErased(event) ? 'forgotten' : undefined;
    if (reason !== undefined) {
      slot.finalized = true;
      core.finalize([event], (count) => core.ledger.drop(count, reason));
      return;
    }
    loaded();
    core.sender.push(event);
  }

  /**
   * Ends events that were stored and will not be read, for flushes and for `queueBytes`. With a reason the ledger
   * counts them as dropped.
   */
  #release(missing: readonly Missing[], reason: 'corrupt' | undefined): void {
    const { core } = this.#options;
    for (const { epoch, count, bytes } of missing) {
      if (reason !== undefined) {
        core.ledger.spool(-count);
        core.ledger.drop(count, reason);
      }
      core.release(bytes);
      core.flushes.leave(epoch, count);
    }
  }
}

/** The data that the spool keeps with an event: its number in a log, and whether it is in memory, too. */
export class EventSlot {
  /** The log in which the event is stored; undefined before it is stored. */
  log: SpoolLog | OrphanLog | undefined;
  finalized = false;

  constructor(
    public number: number,
    /**
     * True if the event stays in memory until it is finalized, and is sent from there. Otherwise it is on disk alone
     * once it is stored.
     */
    public retained: boolean,
  ) {}
}

export const slotOf = (event: QueuedEvent): EventSlot => event.slot as EventSlot;

/** A log that a dead process left, while this process reads it and sends its events. */
export class OrphanLog {
  /** The number of events that were read and are not finalized. */
  open = 0;
  #isRead = false;
  /** The number that the next event in the log has if no event is missing. */
  #next: number;

  constructor(private readonly log: SpoolLog) {
    this.#next = log.first;
  }

  /** True once all events of the log were read. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Returns the next events, and the number of events that are missing before and between them. */
  async read(onError: (error: unknown) => void): Promise<{ missing: number; events: StoredEvent[] }> {
    const events = await this.log.read(onError);
    if (events.length === 0) this.#isRead = true;
    let missing = 0;
    for (const { number } of events) {
      missing += number - this.#next;
      this.#next = number + 1;
    }
    return { missing, events };
  }

  acknowledge(end: number): Promise<void> {
    return this.log.acknowledge(end);
  }

  close(): Promise<void> {
    return this.log.close({ remove: false });
  }

  remove(): Promise<void> {
    return this.log.close({ remove: true });
  }
}
