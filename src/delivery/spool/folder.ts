/**
 * The folder of a project in the spool, which any number of processes share:
 *
 *     10035569-10034190/
 *       71d0b2e94c3a.folder     tells it from one that is made again after somebody deleted it
 *       3f9a1c0be2d4.lease      touched every two seconds by the process that owns the logs of this name
 *       3f9a1c0be2d4-0/         its log (log.ts), and further ones that it has adopted
 *       a0d25b7e61f3.forgotten  visitors who were forgotten (tombstones.ts)
 *
 * A lease that stands still for ten seconds, by the clock of who looks, or is not there, is that of a dead process: whoever
 * renames one of its logs first owns it. No process id is looked at, since in containers all are 1; and no two clocks are
 * compared. A process that was stopped for so long, and goes on, may have lost its logs: it asks before it writes.
 */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { codeOf, ConvertError } from '../../utils/errors.js';
import { checkOwnerOnlyFolder, FOLDER_PROBLEMS } from '../../utils/node/owner-only-folder.js';
import type { SpoolFiles } from './files.js';
import { SpoolLog, type SpoolLogOptions } from './log.js';
import { Tombstones } from './tombstones.js';

export interface SpoolFolderOptions extends SpoolLogOptions {
  /** Milliseconds between two signs of life. Default 2,000. */
  beat?: number;
  /** Milliseconds without a sign of life after which a process counts as dead. Default 10,000. */
  lease?: number;
}

const LEASE = '.lease';
const IDENTITY = '.folder';
const LOG_NAME = /^([0-9a-f]{12})-(\d{1,9})$/;

/** Whose a log is: another process took it for that of a dead one and sends what is in it, or somebody deleted the folder. */
export type Ownership = 'ours' | 'taken' | 'deleted';

export class SpoolFolder {
  readonly #owner = newName();
  readonly tombstones: Tombstones;
  readonly #lease: number;
  #logs = 0;
  /** By performance.now(): when the last sign of life began that is sure to be seen. */
  #beaten = -Infinity;
  /** How often there was none for so long that others may have taken our logs; and at which of these each was there. */
  #pauses = 0;
  readonly #verified = new WeakMap<SpoolLog, number>();
  #beating: Promise<void> | undefined;
  /** Paths of logs that were taken and are not opened yet. */
  readonly #claimed = new Set<string>();
  readonly #beat: NodeJS.Timeout;
  /** Of other processes: what their lease looked like, and since when. */
  readonly #seen = new Map<string, { touched: number | undefined; since: number }>();

  private constructor(
    private readonly files: SpoolFiles,
    readonly path: string,
    /** The path of what tells it from others of the same path. */
    private readonly identity: string,
    private readonly options: SpoolFolderOptions,
  ) {
    this.tombstones = new Tombstones(files, path);
    const { beat = 2_000, lease = 10_000 } = options;
    this.#lease = lease;
    this.#beat = setInterval(() => void this.#touch().catch(() => undefined), beat).unref();
  }

  /** Makes the folders that are not there. Rejects where they can't be made, or are not ours alone. */
  static async open(
    files: SpoolFiles,
    root: string,
    project: string,
    options: SpoolFolderOptions = {},
  ): Promise<SpoolFolder> {
    await files.makeFolder(resolve(root), { parents: true });
    // The operator may lead us wherever they like; nobody else may.
    const parent = await files.realPath(resolve(root));
    const path = join(parent, project);
    await ensureFolder(files, path);
    await ensureOurs(files, path);
    const identity = await identityOf(files, path);
    await files.syncFolder(parent);
    const folder = new SpoolFolder(files, path, identity, options);
    try {
      await folder.#touch();
    } catch (error) {
      clearInterval(folder.#beat);
      throw error;
    }
    return folder;
  }

  async newLog(): Promise<SpoolLog> {
    const log = await SpoolLog.create(this.files, this.#nextName(), this.options);
    await this.verify(log);
    return log;
  }

  /** True where no other process can have taken this log. Else `verify` tells. */
  isSure(log: SpoolLog): boolean {
    return performance.now() - this.#beaten < this.#lease / 2 && this.#verified.get(log) === this.#pauses;
  }

  /** Something does not look as if our logs were ours: they are asked for before the next use. */
  doubt(): void {
    this.#pauses += 1;
  }

  /** Asks the disk. */
  async verify(log: SpoolLog): Promise<Ownership> {
    // Before the lease is made again, in what may be another folder.
    if (!(await this.#isThere(this.identity))) return 'deleted';
    await this.#touch();
    const pauses = this.#pauses;
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
   * Gives the logs of dead processes, now ours, as they are taken. A process counts as dead at the second look at the
   * earliest. What can't be taken or opened is tried again at the next call; rejects at the end where there was such.
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

  /** Names of logs of dead processes. Leases that lead to none go. */
  async #claimable(attempt: (work: () => Promise<void>) => Promise<void>): Promise<string[]> {
    const names = await this.files.list(this.path);
    const owners = new Set(names.map((name) => LOG_NAME.exec(name)?.[1]));
    for (const name of names) if (name.endsWith(LEASE)) owners.add(name.slice(0, -LEASE.length));
    owners.delete(undefined);
    owners.delete(this.#owner);
    for (const owner of this.#seen.keys()) if (!owners.has(owner)) this.#seen.delete(owner);

    const claimable: string[] = [];
    for (const owner of owners as Set<string>) {
      await attempt(async () => {
        if (!(await this.#isDead(owner))) return;
        const logs = names.filter((each) => each.startsWith(`${owner}-`));
        // A link may lead to files that are not ours to read and to remove.
        for (const name of logs) if (await this.#isFolder(name)) claimable.push(name);
        if (logs.length > 0) return;
        await this.files.remove(join(this.path, owner + LEASE)).catch(ignoreMissing);
      });
    }
    return claimable;
  }

  /** Our logs, where there are still some, are for whoever comes first. */
  async close(): Promise<void> {
    clearInterval(this.#beat);
    await this.#beating?.catch(() => undefined);
    await this.tombstones.close();
    await this.files.remove(join(this.path, this.#owner + LEASE)).catch(ignoreMissing);
  }

  async #isDead(owner: string): Promise<boolean> {
    const touched = (await this.files.inspect(join(this.path, owner + LEASE)))?.touched;
    const now = performance.now();
    const before = this.#seen.get(owner);
    if (before === undefined || before.touched !== touched) {
      this.#seen.set(owner, { touched, since: now });
      // Without a lease it was given up. But a process that begins makes its lease first, so none is too new to have one.
      return touched === undefined;
    }
    return now - before.since >= this.#lease;
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

  #touch(): Promise<void> {
    return (this.#beating ??= this.#makeLease().finally(() => (this.#beating = undefined)));
  }

  async #makeLease(): Promise<void> {
    const began = performance.now();
    const path = join(this.path, this.#owner + LEASE);
    try {
      await this.files.touch(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody took it away: to them we were dead, and without it anybody may think so.
      if (this.#beaten !== -Infinity) this.doubt();
      await (await this.files.create(path)).close();
    }
    if (began - this.#beaten > this.#lease / 2) this.doubt();
    this.#beaten = began;
  }
}

const newName = (): string => randomBytes(6).toString('hex');

/** The first is as good as any: nobody removes one without the others. */
async function identityOf(files: SpoolFiles, path: string): Promise<string> {
  const found = (await files.list(path)).find((name) => name.endsWith(IDENTITY));
  if (found !== undefined) return join(path, found);
  const made = join(path, newName() + IDENTITY);
  await (await files.create(made)).close();
  return made;
}

async function ensureFolder(files: SpoolFiles, path: string): Promise<void> {
  try {
    await files.makeFolder(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

async function ensureOurs(files: SpoolFiles, path: string): Promise<void> {
  const finding = await checkOwnerOnlyFolder(path, files);
  if (finding === 'private') return;
  const problem = finding === 'missing' ? 'is gone' : FOLDER_PROBLEMS[finding];
  throw new ConvertError('CONVERT_SPOOL', `the spool folder ${path} ${problem}`);
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
