/**
 * Reads events that are on disk alone back into memory, in order, whenever the sender is about to run out of events:
 * the logs that dead processes left first, then the events of our own log that did not fit into memory.
 */
import type { OutboxCore } from '../queue-backend.js';
import { isTooOld, QueuedEvent } from '../queued-event.js';
import type { StoredEvent } from './log-frames.js';
import type { SpoolLog } from './log.js';
import { type Missing, SpilledEvents } from './spilled-events.js';

export interface DiskReaderOptions {
  readonly core: OutboxCore;
  /** Bytes that may wait in memory. */
  readonly memoryBytes: number;
  /** Our own log, while there is one. */
  readonly log: () => SpoolLog | undefined;
  /** A stored event was read into memory. */
  readonly loaded: () => void;
  /** No event of our own is on disk alone: later ones may be sent from memory. */
  readonly caughtUp: () => void;
  /** The visitor of this event was erased after it was stored. */
  readonly isErased: (event: QueuedEvent) => boolean;
  /** A part of the log can't be read now. */
  readonly met: (error: unknown) => void;
}

/** The share of the memory that is kept for events that are read back. */
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

  /** Bytes of the events that are on disk alone, in our own log. */
  get bytes(): number {
    return this.#spilled.bytes;
  }

  get count(): number {
    return this.#spilled.count;
  }

  /** There is something to read. */
  get hasWork(): boolean {
    return this.#orphans.length > 0 || this.#spilled.count > 0;
  }

  /** Events of orphan logs that are in memory and not finalized. */
  get orphanEvents(): number {
    return this.#orphans.reduce((sum, { open }) => sum + open, 0);
  }

  /** These events are on disk alone from now on. */
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

  /** Reads if the sender runs low, and there is something to read; `isDue` if the caller knows that there may be. */
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

  /** Gives up what is on disk alone: another process sends it or, with a reason, nobody does. */
  giveUp(reason?: 'corrupt'): void {
    this.#release(this.#spilled.clear(), reason);
    this.#orphans = [];
  }

  /** Nothing more is read. */
  stop(): void {
    this.#isStopped = true;
  }

  async idle(): Promise<void> {
    await this.#loading;
  }

  /** The steps of the close, one for each orphan log. */
  closing(): (() => Promise<void>)[] {
    return this.#orphans.map((each) => () => (each.isRead && each.open === 0 ? each.remove() : each.close()));
  }

  /** The sender has events to send that fill such a share of the memory. */
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
    // Events that were stored and can't be found are lost.
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

  /** Gives an event to the sender, unless it is not to be sent any more. */
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

  /** These spooled events are not read any more. */
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

/** The slot of an event in the spool: its number in a log, and whether it is in memory, too. */
export class EventSlot {
  /** The log of the event, once it is stored there. */
  log: SpoolLog | OrphanLog | undefined;
  finalized = false;

  constructor(
    public number: number,
    /** The event stays in memory until it is finalized, and is sent from there. */
    public retained: boolean,
  ) {}
}

export const slotOf = (event: QueuedEvent): EventSlot => event.slot as EventSlot;

/** A log that a dead process has left, while it is read and sent here. */
export class OrphanLog {
  /** Events that were read and are not finalized. */
  open = 0;
  #isRead = false;
  /** The number that the next event should have. */
  #next: number;

  constructor(private readonly log: SpoolLog) {
    this.#next = log.first;
  }

  /** All events were read. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** The next events, and how many are missing before and between them. */
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
