import type { OutboxCore } from '../outbox.js';
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
  /** An event that is stored is in memory, too. */
  readonly brought: () => void;
  /** Nothing of ours is on disk alone: what came later may be sent from memory. */
  readonly caughtUp: () => void;
  /** Its visitor was forgotten after it was stored. */
  readonly isForgotten: (event: QueuedEvent) => boolean;
  /** A part of what is stored can't be read now. */
  readonly met: (error: unknown) => void;
}

/** The share of the memory that is kept for what comes back. */
export const LOADED_SHARE = 0.25;

export class DiskReader {
  readonly #options: DiskReaderOptions;
  readonly #spilled: SpilledEvents;
  #adopted: OrphanLog[] = [];
  #loading: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: DiskReaderOptions) {
    this.#options = options;
    this.#spilled = new SpilledEvents(options.core.flushes);
  }

  /** Of events that are on disk alone, in our own log. */
  get bytes(): number {
    return this.#spilled.bytes;
  }

  get count(): number {
    return this.#spilled.count;
  }

  /** There is something to bring back. */
  get hasWork(): boolean {
    return this.#adopted.length > 0 || this.#spilled.count > 0;
  }

  /** Events of others that are in memory and not settled. */
  get adopted(): number {
    return this.#adopted.reduce((sum, { open }) => sum + open, 0);
  }

  /** These are on disk alone, from now on. */
  spill(events: readonly QueuedEvent[], log: SpoolLog): void {
    if (events.length === 0) return;
    if (this.#spilled.count === 0) log.seek(slotOf(events[0]!).number);
    for (const event of events) this.#spilled.push(slotOf(event).number, event);
    this.#options.core.ledger.spool(events.length);
  }

  adopt(log: SpoolLog): void {
    this.#adopted.push(new OrphanLog(log));
    this.load(true);
  }

  /** `isDue` where there is something to bring back. */
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

  /** What is on disk alone is somebody else's, or, with a reason, nobody's. */
  forget(reason?: 'corrupt'): void {
    this.#release(this.#spilled.clear(), reason);
    this.#adopted = [];
  }

  /** Nothing more is read. */
  stop(): void {
    this.#isStopped = true;
  }

  async idle(): Promise<void> {
    await this.#loading;
  }

  /** What there is to do at the end for each log of others. */
  closing(): (() => Promise<void>)[] {
    return this.#adopted.map((each) => () => (each.isRead && each.open === 0 ? each.remove() : each.close()));
  }

  /** The sender has as much to send, in shares of the memory. */
  #isSupplied(share: number): boolean {
    const { core, memoryBytes } = this.#options;
    return core.sender.queuedBytes > memoryBytes * share;
  }

  async #loadAll(): Promise<void> {
    const hasRoom = (): boolean => !this.#isStopped && !this.#isSupplied(LOADED_SHARE);
    for (const adopted of [...this.#adopted]) {
      while (hasRoom() && !adopted.isRead) await this.#loadAdopted(adopted);
      if (adopted.isRead && adopted.open === 0) await this.#finish(adopted);
    }
    while (hasRoom() && this.#spilled.count > 0) await this.#loadSpilled();
    if (this.#spilled.count === 0) this.#options.caughtUp();
  }

  async #loadAdopted(adopted: OrphanLog): Promise<void> {
    const { missing, events } = await adopted.read((error) => this.#options.met(error));
    if (this.#isStopped || !this.#adopted.includes(adopted)) return;
    const { core } = this.#options;
    core.ledger.accept(missing + events.length);
    core.ledger.drop(missing, 'corrupt');
    for (const stored of events) {
      const event = core.adopt(stored.event, stored.at);
      this.#bring(event, stored, adopted);
      if (!slotOf(event).settled) adopted.open += 1;
    }
    core.sender.start();
  }

  async #finish(adopted: OrphanLog): Promise<void> {
    this.#adopted = this.#adopted.filter((each) => each !== adopted);
    await adopted.remove();
  }

  async #loadSpilled(): Promise<void> {
    const { core, log: logNow, met } = this.#options;
    const log = logNow();
    const events = (await log?.read(met)) ?? [];
    if (this.#isStopped || log === undefined || log !== logNow()) return;
    // What was stored and can't be found is gone.
    if (events.length === 0) return this.#release(this.#spilled.clear(), 'corrupt');
    for (const stored of events) {
      const { cohort, missing } = this.#spilled.take(stored.number, stored.event.bytes);
      this.#release(missing, 'corrupt');
      if (cohort === undefined) continue;
      core.ledger.spool(-1);
      this.#bring(new QueuedEvent(stored.event, cohort, stored.at), stored, log);
    }
    core.sender.start();
  }

  /** Into memory, and to the sender; unless it is not to be sent. */
  #bring(event: QueuedEvent, { number, at }: StoredEvent, log: SpoolLog | OrphanLog): void {
    const { core, brought, isForgotten } = this.#options;
    const place = new EventSlot(number, true);
    place.log = log;
    event.slot = place;
    const reason = isTooOld(at, Date.now()) ? 'expired' : isForgotten(event) ? 'forgotten' : undefined;
    if (reason !== undefined) {
      place.settled = true;
      core.finalize([event], (count) => core.ledger.drop(count, reason));
      return;
    }
    brought();
    core.sender.push(event);
  }

  /** Of what was spooled. */
  #release(missing: readonly Missing[], reason: 'corrupt' | undefined): void {
    const { core } = this.#options;
    const { ledger, flushes: waiting } = core;
    for (const { cohort, count, bytes } of missing) {
      if (reason !== undefined) {
        ledger.spool(-count);
        ledger.drop(count, reason);
      }
      core.release(bytes);
      waiting.leave(cohort, count);
    }
  }
}

export class EventSlot {
  /** Its log, once it is stored there. */
  log: SpoolLog | OrphanLog | undefined;
  settled = false;

  constructor(
    public number: number,
    /** In memory until it is settled, and sent from there. */
    public retained: boolean,
  ) {}
}

export const slotOf = (event: QueuedEvent): EventSlot => event.slot as EventSlot;

/** A log that a dead process has left, while it is read and sent here. */
export class OrphanLog {
  /** Events that were read and are not settled. */
  open = 0;
  #isRead = false;
  /** The number that the next event should have. */
  #next: number;

  constructor(private readonly log: SpoolLog) {
    this.#next = log.first;
  }

  /** All of it was read. */
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

  settle(end: number): Promise<void> {
    return this.log.settle(end);
  }

  close(): Promise<void> {
    return this.log.close({ remove: false });
  }

  remove(): Promise<void> {
    return this.log.close({ remove: true });
  }
}
