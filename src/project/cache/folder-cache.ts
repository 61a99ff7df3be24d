/**
 * The project cache on disk: a file for each project, environment and endpoint, in a folder of ours in the one that is given.
 *
 *     project-cache/10035569-10034190-5d4140…json     a line about the config, then the config
 *
 * Whoever could write there would decide what visitors see: the folder is for its owner only, and a file that others may
 * have put there is not read. A file is replaced, never changed, so that each is whole. Its time is when the endpoint last
 * confirmed it, and a config that was confirmed earlier does not replace it. If two processes write in the same moment, the
 * last one wins, as no rename compares.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConvertError } from '../../utils/errors.js';
import { checkOwnerOnlyFolder, FOLDER_PROBLEMS } from '../../utils/node/owner-only-folder.js';
import { badOption } from '../endpoints.js';
import { MAX_CONFIG_BYTES } from '../parse-config.js';
import type { CachedProject, ProjectCache } from './types.js';

const FOLDER = 'project-cache';
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
/** The first line. */
const MAX_HEAD_BYTES = 4_096;
/** Milliseconds after which a file that is not finished is that of a dead process. */
const ABANDONED = 60_000;
// Absent on Windows, where there are no such links and pipes to speak of. Opening a pipe would wait for a writer.
const SAFELY = ((constants.O_NOFOLLOW as number | undefined) ?? 0) | (constants.O_NONBLOCK ?? 0);

const ignoreMissing = ignore('ENOENT');

interface Head {
  readonly key: string;
  readonly digest: string;
  readonly etag?: string | undefined;
}

/**
 * Any number of processes may use the folder; each fetches for itself. Nothing is made before there is something to keep.
 *
 * @param path relative paths are resolved against the working directory now, not later
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function folderCache(path: string): ProjectCache {
  if (path === '')
    throw badOption('projectCache', 'is an empty text; as a text it must be the path of a folder');
  const folder = join(resolve(path), FOLDER);
  /** What this process wrote last, and the file that it made of it. */
  const written = new Map<string, { digest: string; etag: string | undefined; file: bigint }>();

  async function read(key: string): Promise<CachedProject | undefined> {
    if (!(await isOurs(folder))) return undefined;
    const handle = await open(fileOf(key), constants.O_RDONLY | SAFELY).catch(ignoreMissing);
    if (handle === undefined) return undefined;
    try {
      return await parse(key, handle);
    } finally {
      await handle.close();
    }
  }

  async function parse(key: string, handle: FileHandle): Promise<CachedProject> {
    const found = await handle.stat();
    if (!found.isFile()) throw unfit(folder, 'holds something else than files');
    const most = MAX_CONFIG_BYTES + MAX_HEAD_BYTES;
    if (found.size > most) throw unfit(folder, `holds a file of more than ${most} bytes`);
    const content = (await readUpTo(handle, found.size)).toString('utf8');
    const end = content.indexOf('\n');
    const head = headOf(content.slice(0, end));
    // A file of ours under another name is another project's.
    if (end === -1 || head?.key !== key) throw unfit(folder, 'holds a file that is damaged, or none of ours');
    return { body: content.slice(end + 1), digest: head.digest, etag: head.etag, checkedAt: found.mtimeMs };
  }

  async function write(key: string, { body, digest, etag, checkedAt }: CachedProject): Promise<void> {
    await makeFolder(folder);
    await isOurs(folder);
    const found = await lstat(fileOf(key), { bigint: true }).catch(ignoreMissing);
    if (found?.isFile() && isLater(Number(found.mtimeMs), checkedAt)) return;
    const before = written.get(key);
    if (before === undefined) await removeAbandoned(key);
    else if (before.digest === digest && before.etag === etag && before.file === found?.ino)
      return utimes(fileOf(key), checkedAt / 1000, checkedAt / 1000);
    const head: Head = { key, digest, etag };
    const file = await replace(key, `${JSON.stringify(head)}\n${body}`, checkedAt);
    written.set(key, { digest, etag, file });
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
        // Else a power cut may leave the new name with nothing in it.
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
  return { description: `folder ${folder}`, read, write };
}

/** A time in the future is that of a clock that was ahead: it must not keep others from writing. */
function isLater(time: number, checkedAt: number): boolean {
  return time > checkedAt && time <= Date.now();
}

/** In two steps: `recursive` tells ENOENT for whatever went wrong. */
async function makeFolder(folder: string): Promise<void> {
  const how = { mode: OWNER_ONLY_FOLDER };
  const make = (): Promise<true | undefined> =>
    mkdir(folder, how).then(() => true, ignore('ENOENT', 'EEXIST'));
  if ((await make()) || (await lstat(folder).catch(ignoreMissing))) return;
  await mkdir(dirname(folder), { ...how, recursive: true });
  await mkdir(folder, how).catch(ignore('EEXIST'));
}

/**
 * False if there is none.
 *
 * @throws ConvertError `CONVERT_PROJECT_CACHE`
 */
async function isOurs(folder: string): Promise<boolean> {
  const finding = await checkOwnerOnlyFolder(folder);
  if (finding === 'missing') return false;
  // `open`: some file systems take no permissions. They are not worth the cache.
  if (finding === 'private' || finding === 'open') return true;
  throw unfit(folder, FOLDER_PROBLEMS[finding]);
}

/** Not more than it had when it was looked at: a file can grow. */
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
    return JSON.parse(line) as Head;
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

function ignore(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  };
}
