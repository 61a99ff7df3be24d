/**
 * Keeps events on disk until they are settled. Each event goes into the log within 5 ms; the oldest ones stay in memory,
 * too, and are sent from there; what does not fit waits on disk alone and is read again when its turn comes. Where the
 * disk fails, events wait in memory until it works again.
 */
import { codeOf, ConvertError } from '../../utils/errors.js';
import { hashOf } from '../../utils/node/hash.js';
import { TimerGroup } from '../../utils/node/timers.js';
import { HealthReporter } from '../health-reporter.js';
import type { OutboxCore, QueueBackend } from '../outbox.js';
import { type QueuedEvent, takeBytes, wereKept } from '../queued-event.js';
import { OrphanLog, LOADED_SHARE, DiskReader, EventSlot, slotOf } from './disk-reader.js';
import { ErasedVisitors } from './erased-visitors.js';
import { writeAtExit } from './exit.js';
import type { SpoolFiles } from './files.js';
import { type Ownership, SpoolFolder, type SpoolFolderOptions } from './folder.js';
import type { SpoolLog } from './log.js';

export interface SpoolBackendOptions extends SpoolFolderOptions {
  readonly files: SpoolFiles;
  readonly root: string;
  readonly maxBytes: number;
  /** Bytes that may wait in memory. */
  readonly memoryBytes: number;
}

/** Milliseconds between two commits: with what a timer and a disk take, 5 from an event to its commit. */
const COMMIT_INTERVAL = 3;
const COMMIT_BYTES = 256 * 1024;
/** Milliseconds between the events of a commit: all have the time of the first one. */
const COMMIT_SPAN = 1_000;
/** Times at which visitors were forgotten while there were events that are not stored yet. */
const MAX_ERASURES = 1_000;
/** Of the largest size, they are shorter than what a log reads at once. */
const EXIT_EVENTS = 100;
/** Milliseconds between two syncs: what a power cut can take. */
const SYNC_INTERVAL = 100;
/** Milliseconds: how often to ask for the project, and to look for logs of dead processes and for who was forgotten. */
const PROJECT_POLL = 100;
const ADOPTION_INTERVAL = 3_000;
/** Milliseconds that a disk may take to say whether our logs are still ours. */
const CHECK_LIMIT = 1_000;
/** The share of the memory up to which events stay in it. */
const RETAINED_SHARE = 0.4;
/** Milliseconds between two attempts on a disk that fails. */
const DISK_BACKOFF = { min: 1_000, max: 30_000 };

export class SpoolBackend implements QueueBackend {
  readonly outlives = true;
  readonly maxBytes: number;
  readonly #core: OutboxCore;
  readonly #options: SpoolBackendOptions;
  #folder: SpoolFolder | undefined;
  #log: SpoolLog | undefined;
  /** The number of the next event. */
  #next = 0;
  /** Not stored yet: what is being written, and what comes after it. */
  #writing: readonly QueuedEvent[] = [];
  #buffer: QueuedEvent[] = [];
  /** Of these, those that are not retained. */
  #unretained = 0;
  readonly #loader: DiskReader;
  readonly #forgotten = new ErasedVisitors();
  /** When visitors were forgotten here, the latest last. */
  #erasures: number[] = [];
  /** All events below are settled. */
  #mark = 0;
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
  readonly #trouble: HealthReporter;
  #syncAt = -Infinity;
  readonly #timers = new TimerGroup();
  #isDue = false;
  #closing = false;
  /** What a disk does after the time limit of the close changes nothing here. */
  #isClosed = false;
  readonly #atExit: () => void;

  constructor(core: OutboxCore, options: SpoolBackendOptions) {
    this.#core = core;
    this.#options = options;
    this.maxBytes = options.maxBytes;
    this.#loader = new DiskReader({
      core,
      memoryBytes: options.memoryBytes,
      log: () => this.#log,
      brought: () => (this.#safe += 1),
      caughtUp: () => this.#retainAll(),
      isForgotten: (event) => this.#forgotten.covers(event),
      met: (error) => this.#met(error),
    });
    this.#trouble = new HealthReporter(core.ledger, DISK_BACKOFF, {
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
    const kept = this.#loader.hasWork ? LOADED_SHARE : 0;
    return this.#memoryBytes + bytes <= this.#options.memoryBytes * (1 - kept) * share;
  }

  get #memoryBytes(): number {
    return this.#core.queueBytes - this.#loader.bytes;
  }

  keep(event: QueuedEvent): void {
    // By another process, before this was confirmed.
    if (this.#forgotten.covers(event)) {
      this.#core.finalize([event], (count) => this.#core.ledger.drop(count, 'forgotten'));
      return;
    }
    const hasOlder = this.#loader.count > 0 || this.#unretained > 0;
    const place = new EventSlot(
      this.#next++,
      !hasOlder && this.#memoryBytes <= this.#options.memoryBytes * RETAINED_SHARE,
    );
    event.slot = place;
    this.#buffer.push(event);
    if (place.retained) this.#core.sender.push(event);
    else this.#unretained += 1;
  }

  kept(): void {
    this.#openAwaited();
    this.#plan();
    this.#core.sender.start();
  }

  finalized(batch: readonly QueuedEvent[]): void {
    const ends = new Map<SpoolLog | OrphanLog, number>();
    for (const event of batch) {
      const place = slotOf(event);
      place.settled = true;
      const log = place.log ?? this.#log;
      if (place.log !== undefined) this.#safe -= 1;
      if (log !== undefined) ends.set(log, place.number + 1);
      if (!(log instanceof OrphanLog)) this.#mark = Math.max(this.#mark, place.number + 1);
      if (log instanceof OrphanLog) log.open -= 1;
    }
    for (const [log, end] of ends) void log.settle(end);
    if (this.#trouble.isFailing) this.#dropSettled();
    this.#loader.load(this.#unretained > 0);
  }

  cancelled(events: readonly QueuedEvent[]): void {
    for (const event of events) {
      const place = slotOf(event);
      place.settled = true;
      if (place.log !== undefined) this.#safe -= 1;
      if (place.log instanceof OrphanLog) place.log.open -= 1;
    }
    this.#compact();
    this.#loader.load(true);
  }

  async forget(visitorIds: ReadonlySet<string>, at: number): Promise<void> {
    const tombstones = [...visitorIds].map((id) => ({ hash: hashOf(id), at }));
    for (const each of tombstones) this.#forgotten.add(each);
    this.#erasures = [...this.#erasures, at].slice(-MAX_ERASURES);
    this.#dropBuffered(({ visitorId }) => visitorIds.has(visitorId));
    this.#openAwaited();
    await this.#opening;
    try {
      if (this.#folder === undefined) throw Object.assign(new Error('not open'), { code: 'ENOTOPEN' });
      await this.#folder.tombstones.add(tombstones);
    } catch (error) {
      throw new ConvertError(
        'CONVERT_SPOOL',
        `that a visitor was forgotten can not be written to the spool (${codeOf(error)}): events that wait on disk may ` +
          `be sent; call it again (${this.#options.root})`,
        { cause: error },
      );
    }
  }

  isOurs(): boolean {
    const [folder, log] = [this.#folder, this.#log];
    if (folder === undefined || log === undefined || folder.isSure(log)) return true;
    if (this.#checking !== undefined) return this.#isBlind;
    // A disk that does not answer stops no delivery.
    this.#timers.later(CHECK_LIMIT, () => {
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
    this.#loader.stop();
    this.#timers.stop();
    await this.#end();
  }

  closed(): void {
    this.#isClosed = true;
    this.#atExit();
    this.#core.ledger.spool(this.#safe);
    this.#safe = 0;
  }

  /** Opens the folder once the project is known, and again where that failed. */
  async #open(): Promise<void> {
    const project = this.#core.project();
    if (project === undefined) {
      this.#awaitsProject = true;
      this.#timers.later(PROJECT_POLL, () => this.#openAwaited());
      return;
    }
    const { files, root, ...options } = this.#options;
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
    this.#timers.later(milliseconds, () => {
      this.#opening = this.#open();
    });
  }

  #adopt(folder: SpoolFolder): void {
    if (this.#closing || folder !== this.#folder) return;
    this.#adopting = this.#adoptAll(folder)
      .catch((error: unknown) => this.#met(error))
      .finally(() => (this.#adopting = undefined));
    const { lease = Infinity } = this.#options;
    this.#timers.later(Math.min(ADOPTION_INTERVAL, lease), () => this.#adopt(folder));
  }

  async #adoptAll(folder: SpoolFolder): Promise<void> {
    // Without new events nobody else asks.
    this.isOurs();
    // First: what is not known to be anybody's to send is not taken.
    await this.#learn(folder);
    await folder.adopt((log) => {
      if (folder === this.#folder) this.#loader.adopt(log);
    });
    // What could not be read then may be now.
    this.#loader.load(this.#unretained > 0);
  }

  /** Who was forgotten by other processes. */
  async #learn(folder: SpoolFolder): Promise<void> {
    const found = await folder.tombstones.look();
    const isNews = found.map((each) => this.#forgotten.add(each)).includes(true);
    if (!isNews || this.#isClosed) return;
    const isForgotten = (event: QueuedEvent): boolean => this.#forgotten.covers(event);
    this.#dropBuffered(isForgotten);
    this.#core.cancel(isForgotten);
  }

  /** Of what is not stored yet, and not with the sender. */
  #dropBuffered(isForgotten: (event: QueuedEvent) => boolean): void {
    this.#drop(this.#buffer.filter((event) => !slotOf(event).retained && isForgotten(event)));
    this.#compact();
  }

  #drop(unretained: readonly QueuedEvent[]): void {
    for (const event of unretained) slotOf(event).settled = true;
    this.#unretained -= unretained.length;
    const { ledger } = this.#core;
    if (unretained.length > 0) this.#core.finalize(unretained, (count) => ledger.drop(count, 'forgotten'));
  }

  /** Takes out of the buffer what is settled: the numbers of what is written follow each other. */
  #compact(): void {
    const left = this.#buffer.filter((event) => !slotOf(event).settled);
    if (left.length === this.#buffer.length) return;
    let number = Math.max(this.#next - this.#buffer.length, this.#mark);
    for (const event of left) slotOf(event).number = number++;
    this.#next = number;
    this.#buffer = left;
  }

  /** These were not stored. */
  #putBack(events: readonly QueuedEvent[]): void {
    this.#writing = [];
    this.#buffer = [...events, ...this.#buffer];
    if (!this.#forgotten.isEmpty) this.#dropBuffered((event) => this.#forgotten.covers(event));
  }

  /** Sees to it that what is in the buffer is stored soon. */
  #plan(): void {
    if (this.#isDue || this.#commit !== undefined || this.#buffer.length === 0 || this.#trouble.isFailing)
      return;
    if (this.#log === undefined || this.#closing) return;
    this.#isDue = true;
    this.#timers.later(Math.max(0, this.#commitAt + COMMIT_INTERVAL - performance.now()), () => {
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
      if (this.#trouble.isFailing) this.#timers.later(this.#trouble.delay, () => this.#startCommit());
      return;
    }
    this.#writing = events;
    const first = slotOf(events[0]!).number;
    try {
      // Asked before and after: a process may be stopped anywhere, and its log taken for that of a dead one.
      const asked = async (): Promise<Ownership> => (folder.isSure(log) ? 'ours' : folder.verify(log));
      let owner = await asked();
      if (owner === 'ours') {
        await log.write(first, events[0]!.at, events);
        owner = await asked();
      }
      if (this.#isClosed) return;
      if (owner !== 'ours') {
        this.#putBack(events);
        return this.#lost(folder, owner);
      }
      this.#writing = [];
      this.#stored(events, log);
      this.#trouble.worksAgain();
      this.#sync(log);
    } catch (error) {
      if (this.#isClosed) return;
      this.#putBack(events);
      if (codeOf(error) === 'ENOENT') folder.doubt();
      this.#trouble.failed(error);
      this.#timers.later(this.#trouble.delay, () => this.#startCommit());
    }
  }

  /** What is settled before it is stored, from memory, is so in order. */
  #dropSettled(): void {
    const first = this.#buffer.findIndex((event) => !slotOf(event).settled);
    this.#buffer.splice(0, first === -1 ? this.#buffer.length : first);
  }

  #takeBuffer(): readonly QueuedEvent[] {
    this.#dropSettled();
    const { at = 0 } = this.#buffer[0] ?? {};
    // All that is stored together is of one side of whatever was forgotten.
    const erasedAt = this.#erasures.find((each) => each >= at) ?? Infinity;
    return takeBytes(this.#buffer, COMMIT_BYTES, Math.min(erasedAt, at + COMMIT_SPAN));
  }

  #stored(events: readonly QueuedEvent[], log: SpoolLog): void {
    const spilled: QueuedEvent[] = [];
    for (const event of events) {
      const place = slotOf(event);
      if (place.settled) continue;
      place.log = log;
      if (place.retained) this.#safe += 1;
      else spilled.push(event);
    }
    wereKept(events);
    this.#unretained -= spilled.length;
    this.#loader.spill(spilled, log);
    this.#loader.load(false);
  }

  /** What is not stored yet, and need not be read again. */
  #retainAll(): void {
    for (const event of [...this.#writing, ...this.#buffer]) {
      const place = slotOf(event);
      if (place.retained || place.settled) continue;
      if (this.#forgotten.covers(event)) {
        this.#drop([event]);
        continue;
      }
      place.retained = true;
      this.#unretained -= 1;
      this.#core.sender.push(event);
    }
  }

  #sync(log: SpoolLog): void {
    if (this.#syncAt === Infinity) return;
    const wait = Math.max(0, this.#syncAt + SYNC_INTERVAL - performance.now());
    this.#syncAt = Infinity;
    this.#timers.later(wait, () => {
      log.sync().then(
        () => (this.#syncAt = performance.now()),
        (error: unknown) => {
          this.#syncAt = performance.now();
          this.#met(error);
        },
      );
    });
  }

  /** What is on disk is not ours any more. */
  #lost(folder: SpoolFolder, owner: 'taken' | 'deleted'): void {
    if (folder !== this.#folder || this.#isClosed) return;
    if (owner === 'taken') this.#leave();
    else this.#recover(folder);
    void this.#log?.close({ remove: false }).catch(() => undefined);
    this.#log = undefined;
    void folder.close().catch(() => undefined);
    this.#folder = undefined;
    this.#opening = this.#open();
  }

  /** Another process has taken our logs for those of a dead one, and sends what is in them. */
  #leave(): void {
    const gone = this.#core.sender.takeBack((event) => slotOf(event).log !== undefined);
    this.#safe -= gone.length;
    this.#core.finalize(gone, (count) => this.#core.ledger.spool(count));
    this.#loader.forget();
  }

  /** Somebody has deleted the folder: what is in memory is all that is left, and is stored again. */
  #recover(folder: SpoolFolder): void {
    this.#trouble.tell(
      `somebody deleted the spool folder ${folder.path}: what was on disk alone is lost, and the folder is made again`,
    );
    this.#loader.forget('corrupt');
    const events = [
      ...this.#core.sender.events(),
      ...this.#buffer.filter((event) => !slotOf(event).retained),
    ];
    for (const event of events) event.slot = new EventSlot(this.#next++, slotOf(event).retained);
    this.#buffer = events;
    this.#safe = 0;
  }

  #writeNow(): void {
    const unstored = [...this.#writing, ...this.#buffer];
    // What is settled after others was forgotten, and has its tombstone.
    const events = unstored.slice(unstored.findIndex((event) => !slotOf(event).settled) >>> 0);
    // No frame may be longer than what is read at once.
    for (let first = 0; first < events.length; first += EXIT_EVENTS) {
      const some = events.slice(first, first + EXIT_EVENTS);
      this.#log?.writeNow(slotOf(some[0]!).number, some[0]!.at, some);
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
    await this.#loader.idle();
    const isDone =
      this.#loader.count === 0 && this.#safe === this.#loader.adopted && this.#buffer.length === 0;
    const steps = [
      ...this.#loader.closing(),
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

  /** At the end, what is synced may have just been removed. */
  #met(error: unknown): void {
    if (!this.#closing) this.#trouble.met(error);
  }
}
