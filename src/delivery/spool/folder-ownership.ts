/**
 * Opens the folder of a project in the spool and finds out, again and again, whether the log in it is still ours:
 * another process may have taken it for the log of a dead one, or somebody may have deleted the folder. Takes over
 * the logs of dead processes, too.
 */
import type { TimerGroup } from '../../utils/node/timers.js';
import type { StorageHealth } from '../storage-health.js';
import type { Tombstone } from './erased-visitors.js';
import type { SpoolFiles } from './files.js';
import { type Ownership, SpoolFolder, type SpoolFolderOptions } from './folder.js';
import type { SpoolLog } from './log.js';

/**
 * `closing`: no more events come. `closed`: the time limit of the close is over, and an answer of the disk changes
 * nothing.
 */
export type SpoolLifecycle = 'open' | 'closing' | 'closed';

/** The folder, and our log in it. */
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
  /** A write is under way, which asks by itself whether the log is ours. */
  readonly isWriting: () => boolean;
  readonly opened: () => void;
  /** Called before folder and log are closed; after that, a new log is opened. */
  readonly lost: (owner: 'taken' | 'deleted', path: string) => void;
  /** Visitors were erased, by any process. */
  readonly learned: (tombstones: readonly Tombstone[]) => void;
  /** A dead process left this log. */
  readonly orphaned: (log: SpoolLog) => void;
  /** A look for logs of dead processes is over. */
  readonly looked: () => void;
  /** An error that begins no outage. */
  readonly met: (error: unknown) => void;
}

/** Milliseconds: how often to ask for the project, and to look for logs of dead processes and for erased visitors. */
const PROJECT_POLL = 100;
const ADOPTION_INTERVAL = 3_000;
/** Milliseconds that a disk may take to say whether our log is still ours. */
const CHECK_LIMIT = 1_000;

export class FolderOwnership {
  readonly #options: FolderOwnershipOptions;
  #spool: OpenSpool | undefined;
  #opening: Promise<void>;
  /** The project is asked for again in a while, or with the first event. */
  #awaitsProject = false;
  #checking: Promise<void> | undefined;
  /** The disk does not say whether the log is still ours. */
  #isBlind = false;
  #adopting: Promise<void> | undefined;

  constructor(options: FolderOwnershipOptions) {
    this.#options = options;
    this.#opening = this.#open();
  }

  /** undefined while the folder can not be opened, or its project is not known. */
  get spool(): OpenSpool | undefined {
    return this.#spool;
  }

  /** Resolves when the attempt to open the folder is over. */
  async opened(): Promise<void> {
    await this.#opening;
  }

  /** Opens the folder if only the project was missing: the first event comes with it. */
  openAwaited(): void {
    if (!this.#awaitsProject) return;
    this.#awaitsProject = false;
    this.#opening = this.#open();
  }

  /** False while it is not known whether the events on disk are still ours to send. */
  isOurs(): boolean {
    const spool = this.#spool;
    if (spool === undefined || spool.folder.isSure(spool.log)) return true;
    if (this.#checking !== undefined) return this.#isBlind;
    const { timers, isWriting } = this.#options;
    // A disk that does not answer stops no delivery.
    timers.later(CHECK_LIMIT, () => {
      this.#isBlind = this.#checking !== undefined;
    });
    this.#checking = spool.folder
      .verify(spool.log)
      .then(
        (owner) => {
          this.#isBlind = false;
          // The events that are being written have to come back first.
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

  /** The events in this log are not ours any more. */
  lost({ folder, log }: OpenSpool, owner: 'taken' | 'deleted'): void {
    if (folder !== this.#spool?.folder || this.#options.lifecycle() === 'closed') return;
    this.#options.lost(owner, folder.path);
    void log.close({ remove: false }).catch(() => undefined);
    void folder.close().catch(() => undefined);
    this.#spool = undefined;
    this.#opening = this.#open();
  }

  /** Resolves when no look for logs of dead processes is under way. */
  async idle(): Promise<void> {
    await this.#opening;
    await this.#adopting;
  }

  /** At the close: if the log is not ours, the events in memory have to be stored once more. */
  async verify(): Promise<void> {
    const spool = this.#spool;
    if (spool === undefined) return;
    const owner = await spool.folder.verify(spool.log).catch((): Ownership => 'ours');
    if (owner !== 'ours') this.lost(spool, owner);
    await this.#opening;
  }

  /** The steps of the close; `remove` if nothing in the log is still to be sent. */
  closing({ remove }: { remove: boolean }): (() => Promise<void>)[] {
    return [
      async () => this.#spool?.log.sync(),
      async () => this.#spool?.log.close({ remove }),
      async () => this.#spool?.folder.close(),
    ];
  }

  /** Opens the folder once the project is known, and again if that failed. */
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
    // Without new events nobody else asks.
    this.isOurs();
    // First: a log is taken only if it is known whose events in it are not to be sent.
    learned(await folder.tombstones.look());
    await folder.adopt((log) => {
      if (folder === this.#spool?.folder) orphaned(log);
    });
    looked();
  }
}
