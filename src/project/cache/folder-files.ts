/**
 * The files of the project cache on disk: one for each project, environment and endpoint, in the folder
 * `project-cache` inside the given folder.
 *
 *     project-cache/10035569-10034190-5d4140…json     a line about the config, then the config
 *
 * The folder is for its owner only: whoever could write there would decide what visitors see. Who may write to the
 * folder above it can exchange it between two calls, so that each opened file must be ours, too. A file is replaced,
 * never changed, so that each is complete. The time stamp of a file says when the endpoint last confirmed the config,
 * and a config that was confirmed earlier does not replace it. If two processes write in the same moment, the last one
 * wins, as a rename does not compare.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, ConvertError, ignoreCodes, ignoreMissing } from '../../utils/errors.js';
import { checkOwnerOnlyFolder, FOLDER_PROBLEMS } from '../../utils/node/owner-only-folder.js';
import { FILE_CODES, openOwn } from '../../utils/node/own-file.js';
import { MAX_CONFIG_BYTES } from '../config-limits.js';
import type { CachedProject, ProjectCache } from './types.js';
import { asObject } from '../../utils/objects.js';

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
/** The most bytes of the first line of a file, which describes the config. */
const MAX_HEAD_BYTES = 4_096;
/** Milliseconds after which an unfinished file belongs to a dead process. */
const ABANDONED = 60_000;
/** The permissions of users outside of the group. A volume may open our files to a group, never to everybody. */
const EVERYBODY = 0o007;

interface Head {
  readonly key: string;
  readonly digest: string;
  readonly etag?: string | undefined;
}

/** Reads and writes the files of a cache in this folder. */
export function folderFiles(folder: string): Pick<ProjectCache, 'read' | 'write'> {
  /** By key: the config that this process wrote last, and the inode of its file. */
  const written = new Map<string, { digest: string; etag: string | undefined; file: bigint }>();

  async function read(key: string, maxBytes = MAX_CONFIG_BYTES): Promise<CachedProject | undefined> {
    const finding = await findingOf(folder);
    if (finding === 'missing') return undefined;
    const handle = await openOwn(fileOf(key), constants.O_RDONLY).catch(ignoreMissing).catch(refuseForeign);
    if (handle === undefined) return undefined;
    try {
      // Where permissions have no effect, the folder is open, too.
      if (finding === 'private' && ((await handle.stat()).mode & EVERYBODY) !== 0)
        throw unfit(folder, 'holds a file that everybody can open');
      return await parse(key, handle, maxBytes);
    } finally {
      await handle.close();
    }
  }

  async function parse(key: string, handle: FileHandle, maxBytes: number): Promise<CachedProject> {
    const found = await handle.stat();
    const most = maxBytes + MAX_HEAD_BYTES;
    if (found.size > most) throw unfit(folder, `holds a file of more than ${most} bytes`);
    const content = (await readUpTo(handle, found.size)).toString('utf8');
    const end = content.indexOf('\n');
    const head = headOf(content.slice(0, end));
    // A file with another key in it was renamed: it belongs to another project.
    if (end === -1 || head?.key !== key) throw unfit(folder, 'holds a file that is damaged, or none of ours');
    return { body: content.slice(end + 1), digest: head.digest, etag: head.etag, checkedAt: found.mtimeMs };
  }

  async function write(key: string, { body, digest, etag, checkedAt }: CachedProject): Promise<void> {
    await makeFolder(folder);
    await findingOf(folder);
    const found = await lstat(fileOf(key), { bigint: true }).catch(ignoreMissing);
    if (found?.isFile() && isLater(Number(found.mtimeMs), checkedAt)) return;
    const before = written.get(key);
    if (before === undefined) await removeAbandoned(key);
    else if (before.digest === digest && before.etag === etag && before.file === found?.ino)
      return confirm(key, checkedAt);
    const head: Head = { key, digest, etag };
    const file = await replace(key, `${JSON.stringify(head)}\n${body}`, checkedAt);
    written.set(key, { digest, etag, file });
  }

  /** Sets the time stamp of a file that stays as it is. */
  async function confirm(key: string, checkedAt: number): Promise<void> {
    const handle = await openOwn(fileOf(key), constants.O_WRONLY);
    try {
      await handle.utimes(checkedAt / 1000, checkedAt / 1000);
    } finally {
      await handle.close();
    }
  }

  /** Refuses what `openOwn` refuses. */
  function refuseForeign(error: unknown): never {
    const code = codeOf(error);
    if (code === FILE_CODES['no-file']) throw unfit(folder, 'holds something else than files');
    if (code === FILE_CODES.foreign) throw unfit(folder, 'holds a file of another user');
    throw error;
  }

  async function replace(key: string, content: string, checkedAt: number): Promise<bigint> {
    const path = `${fileOf(key)}.${randomBytes(6).toString('hex')}`;
    const handle = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      OWNER_ONLY_FILE,
    );
    try {
      try {
        await handle.writeFile(content);
        await handle.utimes(checkedAt / 1000, checkedAt / 1000);
        // Without the sync, a power cut may leave an empty file under the new name.
        await handle.datasync();
      } finally {
        await handle.close();
      }
      const { ino } = await lstat(path, { bigint: true });
      await rename(path, fileOf(key));
      return ino;
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    }
  }

  async function removeAbandoned(key: string): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!name.startsWith(`${key}.json.`)) continue;
      const found = await lstat(join(folder, name)).catch(ignoreMissing);
      if (found === undefined || Date.now() - found.mtimeMs < ABANDONED) continue;
      await unlink(join(folder, name)).catch(ignoreMissing);
    }
  }

  const fileOf = (key: string): string => join(folder, `${key}.json`);
  return { read, write };
}

/**
 * True if `time` is after `checkedAt`. A time in the future does not count: it comes from a clock that was ahead, and
 * must not keep other processes from writing.
 */
function isLater(time: number, checkedAt: number): boolean {
  return time > checkedAt && time <= Date.now();
}

/** The folder is made in two steps: with `recursive`, any failure becomes ENOENT. */
async function makeFolder(folder: string): Promise<void> {
  const how = { mode: OWNER_ONLY_FOLDER };
  const make = (): Promise<true | undefined> =>
    mkdir(folder, how).then(() => true, ignoreCodes('ENOENT', 'EEXIST'));
  if ((await make()) || (await lstat(folder).catch(ignoreMissing))) return;
  await mkdir(dirname(folder), { ...how, recursive: true });
  await mkdir(folder, how).catch(ignoreCodes('EEXIST'));
}

/**
 * Checks the folder of the cache. `open`: other users can enter the folder, since some file systems take no
 * permissions; the cache is used all the same.
 *
 * @throws ConvertError `CONVERT_PROJECT_CACHE` if the folder may not be used
 */
async function findingOf(folder: string): Promise<'private' | 'open' | 'missing'> {
  const finding = await checkOwnerOnlyFolder(folder);
  if (finding === 'private' || finding === 'open' || finding === 'missing') return finding;
  throw unfit(folder, FOLDER_PROBLEMS[finding]);
}

/** Reads `size` bytes at most: a file can grow after its size was read. */
async function readUpTo(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await handle.read(buffer, done, size - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

function headOf(line: string): Head | undefined {
  try {
    return asObject(JSON.parse(line) as Head);
  } catch {
    return undefined;
  }
}

function unfit(folder: string, problem: string): ConvertError {
  return new ConvertError(
    'CONVERT_PROJECT_CACHE',
    `the folder of the project cache, ${folder}, ${problem}; it is not used`,
  );
}
