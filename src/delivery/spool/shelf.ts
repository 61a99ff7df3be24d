/**
 * Keeps events on disk until they are settled. Each event goes into the log within 5 ms; the oldest ones stay in memory,
 * too, and are sent from there; what does not fit waits on disk alone and is read again when its turn comes. Where the
 * disk fails, events wait in memory until it works again.
 */
import { codeOf } from '../failure.js';
import { isTooOld } from '../age.js';
import { QueuedEvent, type OutboxCore, type Shelf } from '../outbox.js';
import type { Destination } from '../port.js';
import { Trouble } from '../trouble.js';
import { Adopted } from './adopted.js';
import { writeAtExit } from './exit.js';
import type { SpoolFiles } from './files.js';
import { SpoolFolder, type Ownership, type SpoolFolderOptions } from './folder.js';
import type { StoredEvent } from './frames.js';
import type { SpoolLog } from './log.js';
import { Spilled, type Missing } from './spilled.js';

export interface SpoolShelfOptions extends SpoolFolderOptions {
  readonly files: SpoolFiles;
  readonly root: string;
  readonly maxBytes: number;
  /** Bytes that may wait in memory. */
  readonly memoryBytes: number;
  readonly destination: () => Destination | undefined;
}

/** Milliseconds between two commits: with what a timer and a disk take, 5 from an event to its commit. */
const COMMIT_INTERVAL = 3;
const COMMIT_BYTES = 256 * 1024;
/** Of the largest size, they are shorter than what a log reads at once. */
const EXIT_EVENTS = 100;
/** Milliseconds between two syncs: what a power cut can take. */
const SYNC_INTERVAL = 100;
/** Milliseconds: how often to ask for the project, and to look for logs of dead processes. */
const PROJECT_POLL = 100;
const ADOPTION_INTERVAL = 3_000;
/** Milliseconds that a disk may take to say whether our logs are still ours. */
const CHECK_LIMIT = 1_000;
/** The share of the memory up to which events stay in it; and what is kept for what comes back from the disk. */
const RETAINED_SHARE = 0.4;
const LOADED_SHARE = 0.25;
/** Milliseconds between two attempts on a disk that fails. */
const DISK_BACKOFF = { min: 1_000, max: 30_000 };
/** Milliseconds that a disk may take at the end. */
const CLOSE_LIMIT = 1_000;

/** Where an event of a spool is. */
class Place {
  /** Its log, once it is stored there. */
  log: SpoolLog | Adopted | undefined;
  settled = false;

  constructor(
    readonly number: number,
    /** In memory until it is settled, and sent from there. */
    public retained: boolean,
  ) {}
}

const placeOf = (event: QueuedEvent): Place => event.place as Place;

export class SpoolShelf implements Shelf {
  readonly maxBytes: number;
  readonly #core: OutboxCore;
  readonly #options: SpoolShelfOptions;
  #folder: SpoolFolder | undefined;
  #log: SpoolLog | undefined;
  /** The number of the next event. */
  #next = 0;
  /** Not stored yet: what is being written, and what comes after it. */
  #writing: readonly QueuedEvent[] = [];
  #buffer: QueuedEvent[] = [];
  /** Of these, those that are not retained. */
  #unretained = 0;
  readonly #spilled: Spilled;
  #adopted: Adopted[] = [];
  /** In memory and stored. */
  #safe = 0;

  #opening: Promise<void>;
  /** Asked again in a while, or with the first event. */
  #awaitsProject = false;
  #checking: Promise<void> | undefined;
  /** Whether the logs are still ours can't be asked. */
  #isBlind = false;
  #adopting: Promise<void> | undefined;
  #commit: Promise<void> | undefined;
  #commitAt = -Infinity;
  #loading: Promise<void> | undefined;
  readonly #trouble: Trouble;
  #syncAt = -Infinity;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isDue = false;
  #closing = false;
  /** What a disk does after the time limit of the close changes nothing here. */
  #isClosed = false;
  readonly #atExit: () => void;

  constructor(core: OutboxCore, options: SpoolShelfOptions) {
    this.#core = core;
    this.#options = options;
    this.maxBytes = options.maxBytes;
    this.#spilled = new Spilled((cohort) => core.waiting.of(cohort));
    this.#trouble = new Trouble(core.ledger, DISK_BACKOFF, {
      failing: (code) =>
        `events can not be written to the spool (${code}): they wait in memory until it works again, and are lost ` +
        `with the process (${options.root})`,
      worksAgain: 'events are written to the spool again',
      met: (code) => `a part of the spool can not be read or synced (${code}; ${options.root})`,
    });
    this.#atExit = writeAtExit(() => this.#writeNow());
    this.#opening = this.#open();
  }

  hasRoom(bytes: number, share: number): boolean {
    return this.#memoryBytes + bytes <= this.#options.memoryBytes * (1 - LOADED_SHARE) * share;
  }

  get #memoryBytes(): number {
    return this.#core.queueBytes - this.#spilled.bytes;
  }

  keep(event: QueuedEvent): void {
    const hasOlder = this.#spilled.count > 0 || this.#unretained > 0;
    const place = new Place(
      this.#next++,
      !hasOlder && this.#memoryBytes <= this.#options.memoryBytes * RETAINED_SHARE,
    );
    event.place = place;
    this.#buffer.push(event);
    if (place.retained) this.#core.sender.push(event);
    else this.#unretained += 1;
  }

  kept(): void {
    this.#openAwaited();
    this.#plan();
    this.#core.sender.start();
  }

  settled(batch: readonly QueuedEvent[]): void {
    const ends = new Map<SpoolLog | Adopted, number>();
    for (const event of batch) {
      const place = placeOf(event);
      place.settled = true;
      const log = place.log ?? this.#log;
      if (place.log !== undefined) this.#safe -= 1;
      if (log !== undefined) ends.set(log, place.number + 1);
      if (log instanceof Adopted) log.open -= 1;
    }
    for (const [log, end] of ends) void log.settle(end);
    if (this.#trouble.isFailing) this.#dropSettled();
    this.#load();
  }

  isOurs(): boolean {
    const [folder, log] = [this.#folder, this.#log];
    if (folder === undefined || log === undefined || folder.isSure(log)) return true;
    if (this.#checking !== undefined) return this.#isBlind;
    // A disk that does not answer stops no delivery.
    this.#later(CHECK_LIMIT, () => {
      this.#isBlind = this.#checking !== undefined;
    });
    this.#checking = folder
      .verify(log)
      .then(
        (owner) => {
          this.#isBlind = false;
          // What is being written asks by itself, and has to come back first.
          if (owner !== 'ours' && this.#commit === undefined) this.#lost(folder, owner);
        },
        () => {
          this.#isBlind = true;
        },
      )
      .finally(() => {
        this.#checking = undefined;
      });
    return this.#isBlind;
  }

  hurry(): void {
    if (this.#buffer.length > 0 && !this.#trouble.isFailing && !this.#closing) this.#startCommit();
  }

  volatile(): number {
    return this.#core.ledger.pending - this.#safe;
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    let limit: NodeJS.Timeout | undefined;
    const isOver = new Promise<void>((resolve) => (limit = setTimeout(resolve, CLOSE_LIMIT)));
    await Promise.race([this.#end().catch((error: unknown) => this.#met(error)), isOver]);
    clearTimeout(limit);
    this.#isClosed = true;
    this.#atExit();
    this.#core.ledger.spool(this.#safe);
    this.#safe = 0;
  }

  /** Opens the folder once the project is known, and again where that failed. */
  async #open(): Promise<void> {
    const destination = destinationOf(this.#options);
    if (destination === undefined) {
      this.#awaitsProject = true;
      return this.#later(PROJECT_POLL, () => this.#openAwaited());
    }
    const { files, root, ...options } = this.#options;
    const project = `${destination.accountId}-${destination.projectId}`;
    let folder: SpoolFolder | undefined;
    try {
      folder = await SpoolFolder.open(files, root, project, options);
      this.#log = await folder.newLog();
      this.#folder = folder;
      this.#startCommit();
      this.#adopt(folder);
    } catch (error) {
      void folder?.close().catch(() => undefined);
      this.#trouble.failed(error);
      this.#openLater(this.#trouble.delay);
    }
  }

  /** The first event comes with the project that it belongs to. */
  #openAwaited(): void {
    if (!this.#awaitsProject) return;
    this.#awaitsProject = false;
    this.#opening = this.#open();
  }

  #openLater(milliseconds: number): void {
    this.#later(milliseconds, () => {
      this.#opening = this.#open();
    });
  }

  #adopt(folder: SpoolFolder): void {
    if (this.#closing || folder !== this.#folder) return;
    this.#adopting = this.#adoptAll(folder)
      .catch((error: unknown) => this.#met(error))
      .finally(() => (this.#adopting = undefined));
    const { lease = Infinity } = this.#options;
    this.#later(Math.min(ADOPTION_INTERVAL, lease), () => this.#adopt(folder));
  }

  async #adoptAll(folder: SpoolFolder): Promise<void> {
    // Without new events nobody else asks.
    this.isOurs();
    await folder.adopt((log) => {
      if (folder !== this.#folder) return;
      this.#adopted.push(new Adopted(log));
      this.#load();
    });
    // What could not be read then may be now.
    this.#load();
  }

  /** Sees to it that what is in the buffer is stored soon. */
  #plan(): void {
    if (this.#isDue || this.#commit !== undefined || this.#buffer.length === 0 || this.#trouble.isFailing)
      return;
    if (this.#log === undefined || this.#closing) return;
    this.#isDue = true;
    this.#later(Math.max(0, this.#commitAt + COMMIT_INTERVAL - performance.now()), () => {
      this.#isDue = false;
      this.#startCommit();
    });
  }

  #startCommit(): void {
    if (this.#commit !== undefined || this.#log === undefined || this.#folder === undefined) return;
    this.#commitAt = performance.now();
    this.#commit = this.#store(this.#folder, this.#log).finally(() => {
      this.#commit = undefined;
      this.#plan();
    });
  }

  async #store(folder: SpoolFolder, log: SpoolLog): Promise<void> {
    const events = this.#takeBuffer();
    if (events.length === 0) {
      // All of it was delivered meanwhile: whether the disk works again is still to be seen.
      if (this.#trouble.isFailing) this.#later(this.#trouble.delay, () => this.#startCommit());
      return;
    }
    this.#writing = events;
    const first = placeOf(events[0]!).number;
    try {
      // Asked before and after: a process may be stopped anywhere, and its log taken for that of a dead one.
      const asked = async (): Promise<Ownership> => (folder.isSure(log) ? 'ours' : folder.verify(log));
      let owner = await asked();
      if (owner === 'ours') {
        await log.write(first, events[0]!.at, events);
        owner = await asked();
      }
      if (this.#isClosed) return;
      this.#writing = [];
      if (owner !== 'ours') {
        this.#buffer = [...events, ...this.#buffer];
        return this.#lost(folder, owner);
      }
      this.#stored(events, log);
      this.#trouble.worksAgain();
      this.#sync(log);
    } catch (error) {
      if (this.#isClosed) return;
      this.#writing = [];
      this.#buffer = [...events, ...this.#buffer];
      if (codeOf(error) === 'ENOENT') folder.doubt();
      this.#trouble.failed(error);
      this.#later(this.#trouble.delay, () => this.#startCommit());
    }
  }

  /** What is settled before it is stored, from memory, is so in order. */
  #dropSettled(): void {
    const first = this.#buffer.findIndex((event) => !placeOf(event).settled);
    this.#buffer.splice(0, first === -1 ? this.#buffer.length : first);
  }

  #takeBuffer(): readonly QueuedEvent[] {
    this.#dropSettled();
    let count = 0;
    for (let bytes = 0; count < this.#buffer.length && bytes < COMMIT_BYTES; count++) {
      bytes += this.#buffer[count]!.bytes;
    }
    return this.#buffer.splice(0, count);
  }

  #stored(events: readonly QueuedEvent[], log: SpoolLog): void {
    const wasEmpty = this.#spilled.count === 0;
    let spilled = 0;
    for (const event of events) {
      const place = placeOf(event);
      if (place.settled) continue;
      place.log = log;
      if (place.retained) {
        this.#safe += 1;
        continue;
      }
      if (wasEmpty && spilled === 0) log.seek(place.number);
      spilled += 1;
      this.#unretained -= 1;
      this.#spilled.push(place.number, event);
    }
    this.#core.ledger.spool(spilled);
    if (spilled > 0) this.#load();
  }

  #sync(log: SpoolLog): void {
    if (this.#syncAt === Infinity) return;
    const wait = Math.max(0, this.#syncAt + SYNC_INTERVAL - performance.now());
    this.#syncAt = Infinity;
    this.#later(wait, () => {
      log.sync().then(
        () => (this.#syncAt = performance.now()),
        (error: unknown) => {
          this.#syncAt = performance.now();
          this.#met(error);
        },
      );
    });
  }

  /** Brings events back into memory, where there is room for them. */
  #load(): void {
    if (this.#loading !== undefined || this.#closing) return;
    if (this.#isSupplied(LOADED_SHARE / 2)) return;
    if (this.#adopted.length === 0 && this.#spilled.count === 0 && this.#unretained === 0) return;
    this.#loading = this.#loadAll()
      .catch((error: unknown) => this.#met(error))
      .finally(() => {
        this.#loading = undefined;
        this.#core.sender.start();
      });
  }

  /** The sender has as much to send, in shares of the memory. */
  #isSupplied(share: number): boolean {
    return this.#core.sender.queuedBytes > this.#options.memoryBytes * share;
  }

  async #loadAll(): Promise<void> {
    const hasRoom = (): boolean => !this.#closing && !this.#isSupplied(LOADED_SHARE);
    for (const adopted of [...this.#adopted]) {
      while (hasRoom() && !adopted.isRead) await this.#loadAdopted(adopted);
      if (adopted.isRead && adopted.open === 0) await this.#finish(adopted);
    }
    while (hasRoom() && this.#spilled.count > 0) await this.#loadSpilled();
    if (this.#spilled.count > 0) return;
    for (const event of [...this.#writing, ...this.#buffer]) {
      const place = placeOf(event);
      if (place.retained) continue;
      place.retained = true;
      this.#unretained -= 1;
      this.#core.sender.push(event);
    }
  }

  async #loadAdopted(adopted: Adopted): Promise<void> {
    const { missing, events } = await adopted.read((error) => this.#met(error));
    if (this.#isClosed || !this.#adopted.includes(adopted)) return;
    const { ledger } = this.#core;
    ledger.accept(missing + events.length);
    ledger.drop(missing, 'corrupt');
    for (const stored of events) {
      const event = this.#core.adopt(stored.event, stored.at);
      this.#bring(event, stored, adopted);
      if (!placeOf(event).settled) adopted.open += 1;
    }
    this.#core.sender.start();
  }

  async #finish(adopted: Adopted): Promise<void> {
    this.#adopted = this.#adopted.filter((each) => each !== adopted);
    await adopted.remove();
  }

  async #loadSpilled(): Promise<void> {
    const log = this.#log;
    const events = (await log?.read((error) => this.#met(error))) ?? [];
    if (this.#isClosed || log === undefined || log !== this.#log) return;
    // What was stored and can't be found is gone.
    if (events.length === 0) return this.#release(this.#spilled.clear(), 'corrupt');
    for (const stored of events) {
      const { cohort, missing } = this.#spilled.take(stored.number, stored.event.bytes);
      this.#release(missing, 'corrupt');
      if (cohort === undefined) continue;
      this.#core.ledger.spool(-1);
      this.#bring(new QueuedEvent(stored.event, cohort, stored.at), stored, log);
    }
    this.#core.sender.start();
  }

  /** Into memory, and to the sender; unless it is too old. */
  #bring(event: QueuedEvent, { number, at }: StoredEvent, log: SpoolLog | Adopted): void {
    const place = new Place(number, true);
    place.log = log;
    event.place = place;
    if (isTooOld(at, Date.now())) {
      place.settled = true;
      this.#core.settle([event], (count) => this.#core.ledger.drop(count, 'expired'));
      return;
    }
    this.#safe += 1;
    this.#core.sender.push(event);
  }

  /** Of what was spooled. */
  #release(missing: readonly Missing[], reason: 'corrupt' | undefined): void {
    for (const { cohort, count, bytes } of missing) {
      if (reason !== undefined) {
        this.#core.ledger.spool(-count);
        this.#core.ledger.drop(count, reason);
      }
      this.#core.release(bytes);
      for (let left = count; left > 0; left--) this.#core.waiting.leave(cohort);
    }
  }

  /** What is on disk is not ours any more. */
  #lost(folder: SpoolFolder, owner: 'taken' | 'deleted'): void {
    if (folder !== this.#folder || this.#isClosed) return;
    if (owner === 'taken') this.#leave();
    else this.#recover(folder);
    this.#adopted = [];
    void this.#log?.close({ remove: false }).catch(() => undefined);
    this.#log = undefined;
    void folder.close().catch(() => undefined);
    this.#folder = undefined;
    this.#opening = this.#open();
  }

  /** Another process has taken our logs for those of a dead one, and sends what is in them. */
  #leave(): void {
    const gone = this.#core.sender.forget((event) => placeOf(event).log !== undefined);
    this.#safe -= gone.length;
    this.#core.settle(gone, (count) => this.#core.ledger.spool(count));
    this.#release(this.#spilled.clear(), undefined);
  }

  /** Somebody has deleted the folder: what is in memory is all that is left, and is stored again. */
  #recover(folder: SpoolFolder): void {
    this.#trouble.tell(
      `somebody deleted the spool folder ${folder.path}: what was on disk alone is lost, and the folder is made again`,
    );
    this.#release(this.#spilled.clear(), 'corrupt');
    const events = [
      ...this.#core.sender.events(),
      ...this.#buffer.filter((event) => !placeOf(event).retained),
    ];
    for (const event of events) event.place = new Place(this.#next++, placeOf(event).retained);
    this.#buffer = events;
    this.#safe = 0;
  }

  #writeNow(): void {
    const events = [...this.#writing, ...this.#buffer].filter((event) => !placeOf(event).settled);
    // No frame may be longer than what is read at once.
    for (let first = 0; first < events.length; first += EXIT_EVENTS) {
      const some = events.slice(first, first + EXIT_EVENTS);
      this.#log?.writeNow(placeOf(some[0]!).number, some[0]!.at, some);
    }
  }

  async #end(): Promise<void> {
    await this.#opening;
    await this.#adopting;
    await this.#commit;
    await this.#askAtEnd();
    do {
      this.#startCommit();
      await this.#commit;
      // Where the log was lost, what it has not is stored in another one.
      await this.#opening;
    } while (this.#buffer.length > 0 && !this.#trouble.isFailing && this.#log);
    await this.#loading;
    const isDone = this.#spilled.count === 0 && this.#ownSafe() === 0 && this.#buffer.length === 0;
    const steps = [
      ...this.#adopted.map((each) => () => (each.isRead && each.open === 0 ? each.remove() : each.close())),
      async () => this.#log?.sync(),
      async () => this.#log?.close({ remove: isDone }),
      async () => this.#folder?.close(),
    ];
    // Whatever one of them meets, our logs are left to others.
    for (const step of steps) await step().catch((error: unknown) => this.#met(error));
  }

  /** What is in memory may have to be stored once more. */
  async #askAtEnd(): Promise<void> {
    const [folder, log] = [this.#folder, this.#log];
    if (folder === undefined || log === undefined) return;
    const owner = await folder.verify(log).catch((): Ownership => 'ours');
    if (owner !== 'ours') this.#lost(folder, owner);
    await this.#opening;
  }

  #ownSafe(): number {
    return this.#safe - this.#adopted.reduce((sum, { open }) => sum + open, 0);
  }

  /** At the end, what is synced may have just been removed. */
  #met(error: unknown): void {
    if (!this.#closing) this.#trouble.met(error);
  }

  #later(milliseconds: number, work: () => void): void {
    if (this.#closing) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, milliseconds).unref();
    this.#timers.add(timer);
  }
}

function destinationOf({ destination }: SpoolShelfOptions): Destination | undefined {
  try {
    return destination();
  } catch {
    return undefined;
  }
}
