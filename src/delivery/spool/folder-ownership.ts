/**
 * Opens the folder of a project in the spool, and takes over the logs of dead processes in it. Checks again and again
 * whether this process still owns its own log: another process may have taken this one for dead and the log over, or
 * somebody may have deleted the folder.
 */
import type { TimerGroup } from '../../utils/node/timers.js';
import type { StorageHealth } from '../storage-health.js';
import type { Tombstone } from './erased-visitors.js';
import type { SpoolFiles } from './files.js';
import { type Ownership, SpoolFolder, type SpoolFolderOptions } from './folder.js';
import type { SpoolLog } from './log.js';

/**
 * `closing`: no more events come. `closed`: the close has ended or its time limit is over. If the disk answers later
 * than that, nothing changes.
 */
export type SpoolLifecycle = 'open' | 'closing' | 'closed';

/** An open folder of the spool, and the log of this process in it. */
export interface OpenSpool {
  readonly folder: SpoolFolder;
  readonly log: SpoolLog;
}

export interface FolderOwnershipOptions extends SpoolFolderOptions {
  readonly files: SpoolFiles;
  readonly root: string;
  readonly project: () => string | undefined;
  readonly timers: TimerGroup;
  readonly health: StorageHealth;
  readonly lifecycle: () => SpoolLifecycle;
  /** True while a write to the log is under way. The write itself checks whether this process still owns the log. */
  readonly isWriting: () => boolean;
  readonly opened: () => void;
  /** Called with the number of folders in which other versions of this package keep events of this project. */
  readonly otherFormats: (count: number) => void;
  /**
   * Called when this process has lost its log, before the folder and the log are closed. A new log is opened
   * afterwards.
   */
  readonly lost: (owner: 'taken' | 'deleted', path: string) => void;
  /** Called with the tombstones that any process has written since the last look. */
  readonly learned: (tombstones: readonly Tombstone[]) => void;
  /** Called with each log of a dead process that this process has taken over. */
  readonly orphaned: (log: SpoolLog) => void;
  /** Called when a look for logs of dead processes is over. */
  readonly looked: () => void;
  /** Called with an error after which the disk still counts as working. */
  readonly met: (error: unknown) => void;
}

/**
 * Milliseconds between two questions for the project, and between two looks for logs of dead processes and for
 * tombstones.
 */
const PROJECT_POLL = 100;
const ADOPTION_INTERVAL = 3_000;
/**
 * Milliseconds that the disk may take to say whether this process still owns its log. After that, events are sent
 * without an answer.
 */
const CHECK_LIMIT = 1_000;

export class FolderOwnership {
  readonly #options: FolderOwnershipOptions;
  #spool: OpenSpool | undefined;
  #opening: Promise<void>;
  /** True while the project is not known. It is asked for again after a while, or when the first event comes. */
  #awaitsProject = false;
  #checking: Promise<void> | undefined;
  /** True if the disk fails to say, or takes too long to say, whether this process still owns its log. */
  #isBlind = false;
  #adopting: Promise<void> | undefined;

  constructor(options: FolderOwnershipOptions) {
    this.#options = options;
    this.#opening = this.#open();
  }

  /**
   * The open folder with the log of this process; undefined while the folder can not be opened or the project is not
   * known.
   */
  get spool(): OpenSpool | undefined {
    return this.#spool;
  }

  /** Resolves when the attempt to open the folder that is under way is over, whether it succeeds or fails. */
  async opened(): Promise<void> {
    await this.#opening;
  }

  /** Opens the folder if only the project was missing. Called with the first event: the project is known by then. */
  openAwaited(): void {
    if (!this.#awaitsProject) return;
    this.#awaitsProject = false;
    this.#opening = this.#open();
  }

  /**
   * True if this process may send its stored events. False while the disk is asked whether another process has taken
   * the log over; if the disk can not say, true again.
   */
  isOurs(): boolean {
    const spool = this.#spool;
    if (spool === undefined || spool.folder.isSure(spool.log)) return true;
    if (this.#checking !== undefined) return this.#isBlind;
    const { timers, isWriting } = this.#options;
    // If the disk does not answer in time, the events are sent all the same.
    timers.later(CHECK_LIMIT, () => {
      this.#isBlind = this.#checking !== undefined;
    });
    this.#checking = spool.folder
      .verify(spool.log)
      .then(
        (owner) => {
          this.#isBlind = false;
          // A write under way has to put its events back first. It reports the loss of the log itself.
          if (owner !== 'ours' && !isWriting()) this.lost(spool, owner);
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

  /**
   * Gives up a log that this process does not own any more, and opens a new one. `taken`: another process sends its
   * events.
   */
  lost({ folder, log }: OpenSpool, owner: 'taken' | 'deleted'): void {
    if (folder !== this.#spool?.folder || this.#options.lifecycle() === 'closed') return;
    this.#options.lost(owner, folder.path);
    void log.close({ remove: false }).catch(() => undefined);
    void folder.close().catch(() => undefined);
    this.#spool = undefined;
    this.#opening = this.#open();
  }

  /** Resolves when the folder is not being opened and no look for logs of dead processes is under way. */
  async idle(): Promise<void> {
    await this.#opening;
    await this.#adopting;
  }

  /**
   * Checks at the close whether this process still owns its log. If it does not, a new log is opened, so that the
   * events that are in memory alone can be stored.
   */
  async verify(): Promise<void> {
    const spool = this.#spool;
    if (spool === undefined) return;
    const owner = await spool.folder.verify(spool.log).catch((): Ownership => 'ours');
    if (owner !== 'ours') this.lost(spool, owner);
    await this.#opening;
  }

  /** Returns the steps of the close. With `remove`, the log is deleted: no event in it is to be sent any more. */
  closing({ remove }: { remove: boolean }): (() => Promise<void>)[] {
    return [
      async () => this.#spool?.log.sync(),
      async () => this.#spool?.log.close({ remove }),
      async () => this.#spool?.folder.close(),
    ];
  }

  /**
   * Opens the folder and makes a log in it, once the project is known. If it fails, it is tried again after a while.
   */
  async #open(): Promise<void> {
    const { files, root, project: projectNow, timers, health, opened } = this.#options;
    const project = projectNow();
    if (project === undefined) {
      this.#awaitsProject = true;
      timers.later(PROJECT_POLL, () => this.openAwaited());
      return;
    }
    let folder: SpoolFolder | undefined;
    try {
      folder = await SpoolFolder.open(files, root, project, this.#options);
      this.#spool = { folder, log: await folder.newLog() };
      opened();
      this.#adopt(folder);
      this.#options.otherFormats((await folder.otherFormats().catch(() => [])).length);
    } catch (error) {
      void folder?.close().catch(() => undefined);
      health.failed(error);
      timers.later(health.delay, () => {
        this.#opening = this.#open();
      });
    }
  }

  #adopt(folder: SpoolFolder): void {
    const { lifecycle, timers, met, lease = Infinity } = this.#options;
    if (lifecycle() !== 'open' || folder !== this.#spool?.folder) return;
    this.#adopting = this.#adoptAll(folder)
      .catch(met)
      .finally(() => (this.#adopting = undefined));
    timers.later(Math.min(ADOPTION_INTERVAL, lease), () => this.#adopt(folder));
  }

  async #adoptAll(folder: SpoolFolder): Promise<void> {
    const { learned, orphaned, looked } = this.#options;
    // If no new events come, nothing else checks whether this process still owns its log.
    this.isOurs();
    // The tombstones come first: when a log is taken over, this process must know which of its events are not to be
    // sent.
    learned(await folder.tombstones.look());
    await folder.adopt((log) => {
      if (folder === this.#spool?.folder) orphaned(log);
    });
    looked();
  }
}
