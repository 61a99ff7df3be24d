/**
 * The folder of a project in the spool, which any number of processes share:
 *
 *     10035569-10034190/        with the number of the format behind it (`10035569-10034190.v2`), if it is not 1
 *       71d0b2e94c3a.folder     the identity: another one if the folder is made again after somebody deleted it
 *       3f9a1c0be2d4.lease      touched every two seconds by the process that owns the logs of this name
 *       3f9a1c0be2d4-0/         the log of that process (log.ts); 3f9a1c0be2d4-1/ and so on are logs of dead processes
 *                               that it took over
 *       a0d25b7e61f3.forgotten  visitors who were erased (tombstones.ts)
 *
 * A process counts as dead if its lease is missing or was not touched for ten seconds (process-leases.ts). The process
 * that renames one of the dead process's logs first owns that log. Process ids are not used, since in containers each
 * process has the id 1. A process that was stopped for ten seconds and goes on may have lost its logs: it asks the disk
 * before it writes.
 */
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { FORMATS, formatSuffix } from '../../model/formats.js';
import { codeOf, ConvertError, ignoreMissing } from '../../utils/errors.js';
import { checkOwnerOnlyFolder, FOLDER_PROBLEMS } from '../../utils/node/owner-only-folder.js';
import type { SpoolFiles } from './files.js';
import { SpoolLog, type SpoolLogOptions } from './log.js';
import { LEASE, type LeaseOptions, OtherLeases, OwnLease } from './process-leases.js';
import { Tombstones } from './tombstones.js';

export interface SpoolFolderOptions extends SpoolLogOptions, LeaseOptions {}

const IDENTITY = '.folder';
/** The end of a folder's name, which tells its format; nothing for the format 1. */
const FORMAT = /(?:\.v\d{1,9})?$/;
const LOG_NAME = /^([0-9a-f]{12})-(\d{1,9})$/;

/**
 * Whether a process owns a log. `taken`: another process took the owner for dead, took the log over, and sends its
 * events. `deleted`: somebody deleted the folder of the project.
 */
export type Ownership = 'ours' | 'taken' | 'deleted';

export class SpoolFolder {
  readonly #owner = newName();
  readonly tombstones: Tombstones;
  readonly #lease: OwnLease;
  readonly #others: OtherLeases;
  #logs = 0;
  /** The value of `OwnLease.pauses` when each log of this process was last found in the folder. */
  readonly #verified = new WeakMap<SpoolLog, number>();
  /** Paths of logs that were taken over from dead processes and are not opened yet. */
  readonly #claimed = new Set<string>();

  private constructor(
    private readonly files: SpoolFiles,
    readonly path: string,
    private readonly project: string,
    /** The path of the file that tells this folder from other folders that had the same path before. */
    private readonly identity: string,
    private readonly options: SpoolFolderOptions,
  ) {
    this.tombstones = new Tombstones(files, path);
    this.#lease = new OwnLease(files, path, this.#owner, options);
    this.#others = new OtherLeases(files, path, options);
  }

  /**
   * Opens the folder of a project, and makes the folders that are missing. Rejects if they can't be made, or if other
   * users can enter the folder.
   */
  static async open(
    files: SpoolFiles,
    root: string,
    project: string,
    options: SpoolFolderOptions = {},
  ): Promise<SpoolFolder> {
    const path = await ownFolder(files, root, project + formatSuffix(FORMATS.spool));
    const identity = await identityOf(files, path);
    await files.syncFolder(dirname(path));
    const folder = new SpoolFolder(files, path, project, identity, options);
    try {
      await folder.#lease.touch();
    } catch (error) {
      folder.#lease.stop();
      throw error;
    }
    return folder;
  }

  /**
   * Returns the names of the folders that other versions of this package use for this project, in another format. They
   * are left alone.
   */
  async otherFormats(): Promise<string[]> {
    const own = basename(this.path);
    const names = await this.files.list(dirname(this.path));
    return names.filter((name) => name !== own && name.replace(FORMAT, '') === this.project);
  }

  async newLog(): Promise<SpoolLog> {
    const log = await SpoolLog.create(this.files, this.#nextName(), this.options);
    await this.verify(log);
    return log;
  }

  /** True if no other process can have taken over this log. If it is false, `verify` finds out. */
  isSure(log: SpoolLog): boolean {
    return this.#lease.isFresh && this.#verified.get(log) === this.#lease.pauses;
  }

  /**
   * Notes that other processes may have taken over the logs of this one. `verify` checks each log before its next use.
   */
  doubt(): void {
    this.#lease.doubt();
  }

  /** Asks the disk whether this process still owns the log. */
  async verify(log: SpoolLog): Promise<Ownership> {
    // The identity is checked first: if the folder was deleted and made again, the lease must not be touched, since
    // that would make it in the new folder.
    if (!(await this.#isThere(this.identity))) return 'deleted';
    await this.#lease.touch();
    const { pauses } = this.#lease;
    if (!(await this.#isThere(log.path))) return (await this.#isThere(this.identity)) ? 'taken' : 'deleted';
    this.#verified.set(log, pauses);
    return 'ours';
  }

  async #isFolder(name: string): Promise<boolean> {
    return (await this.files.inspect(join(this.path, name)))?.kind === 'folder';
  }

  async #isThere(path: string): Promise<boolean> {
    return (await this.files.inspect(path)) !== undefined;
  }

  /**
   * Takes over logs of dead processes and hands them to `give` one by one. A process that has a lease counts as dead at
   * the second call at the earliest. If a log can't be taken over or opened, the call rejects, and the next call tries
   * that log again.
   */
  async adopt(give: (log: SpoolLog) => void): Promise<void> {
    const problems: unknown[] = [];
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      await work().catch((error: unknown) => problems.push(error));
    };
    for (const name of await this.#claimable(attempt)) await attempt(() => this.#claim(name));
    for (const path of this.#claimed) await attempt(() => this.#openClaimed(path, give));
    if (problems.length > 0) throw problems[0];
  }

  /** Returns the names of the logs of dead processes. If a dead process left no log, its lease is removed. */
  async #claimable(attempt: (work: () => Promise<void>) => Promise<void>): Promise<string[]> {
    const names = await this.files.list(this.path);
    const owners = new Set(names.map((name) => LOG_NAME.exec(name)?.[1]));
    for (const name of names) if (name.endsWith(LEASE)) owners.add(name.slice(0, -LEASE.length));
    owners.delete(undefined);
    owners.delete(this.#owner);
    this.#others.keepOnly(owners);

    const claimable: string[] = [];
    for (const owner of owners as Set<string>) {
      await attempt(async () => {
        if (!(await this.#others.isDead(owner))) return;
        const logs = names.filter((each) => each.startsWith(`${owner}-`));
        // A symbolic link is no log: it may lead to files that this process must not read or remove.
        for (const name of logs) if (await this.#isFolder(name)) claimable.push(name);
        if (logs.length > 0) return;
        await this.files.remove(join(this.path, owner + LEASE)).catch(ignoreMissing);
      });
    }
    return claimable;
  }

  /** Ends the lease of this process. If it leaves logs in the folder, another process can take them over at once. */
  async close(): Promise<void> {
    await this.#lease.end();
    await this.tombstones.close();
    await this.#lease.remove();
  }

  async #claim(name: string): Promise<void> {
    const path = this.#nextName();
    try {
      await this.files.rename(join(this.path, name), path);
      this.#claimed.add(path);
    } catch (error) {
      ignoreMissing(error);
    }
  }

  async #openClaimed(path: string, give: (log: SpoolLog) => void): Promise<void> {
    const log = await SpoolLog.open(this.files, path);
    this.#claimed.delete(path);
    give(log);
  }

  #nextName(): string {
    return join(this.path, `${this.#owner}-${this.#logs++}`);
  }
}

const newName = (): string => randomBytes(6).toString('hex');

/**
 * Returns the path of the folder's identity file, and makes one if there is none. If there are several, the first one
 * will do: nobody removes one without the others.
 */
async function identityOf(files: SpoolFiles, path: string): Promise<string> {
  const found = (await files.list(path)).find((name) => name.endsWith(IDENTITY));
  if (found !== undefined) return join(path, found);
  const made = join(path, newName() + IDENTITY);
  await (await files.create(made)).close();
  return made;
}

/**
 * Returns the path of a folder inside `root`, without symbolic links. Makes both folders if they are missing. Rejects
 * if they can't be made, or if other users can enter the folder.
 */
export async function ownFolder(files: SpoolFiles, root: string, name: string): Promise<string> {
  await files.makeFolder(resolve(root), { parents: true });
  // A symbolic link in the operator's path is followed. A link in the place of the folder is not: somebody else may
  // have made it.
  const path = join(await files.realPath(resolve(root)), name);
  await ensureFolder(files, path);
  await ensureOurs(files, path);
  return path;
}

async function ensureFolder(files: SpoolFiles, path: string): Promise<void> {
  try {
    await files.makeFolder(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Throws if other users can enter the folder: they could read visitor ids, or have events sent. */
async function ensureOurs(files: SpoolFiles, path: string): Promise<void> {
  const finding = await checkOwnerOnlyFolder(path, files);
  if (finding === 'private') return;
  const problem = finding === 'missing' ? 'is gone' : FOLDER_PROBLEMS[finding];
  throw new ConvertError('CONVERT_SPOOL', `the spool folder ${path} ${problem}`);
}
