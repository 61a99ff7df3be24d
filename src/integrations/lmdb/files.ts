/**
 * Prepares and checks the files of LMDB before LMDB opens them. LMDB reads them through a memory map: if the disk has
 * no room for a new file, if a file is not LMDB's, or if somebody cuts it short, the process ends with a signal, and no
 * error can be caught. So the files lie in a folder that only the user of this process can enter:
 *
 *     <the folder that the app has given>/visitor-state/
 *       data.mdb    the database
 *       lock.mdb    the readers and the writer of all processes that have the database open
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  linkSync,
  mkdirSync,
  readSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, ignoreCodes } from '../../utils/errors.js';
import { checkOwnerOnlyFolderNow, FOLDER_PROBLEMS } from '../../utils/node/owner-only-folder.js';
import { FILE_CODES, openOwnSync } from '../../utils/node/own-file.js';

const FOLDER = 'visitor-state';
const DATA = 'data.mdb';
const LOCK = 'lock.mdb';
const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;

/**
 * Bytes of a lock file for 253 readers. LMDB uses the lock file that is there, unless it is smaller than its own would
 * be.
 */
const LOCK_BYTES = 16_384;
/** Bytes that a new database takes at least, on pages of 16 KiB as well. */
const NEW_BYTES = 262_144;

/**
 * The head of the file `data.mdb`: its length in bytes, and the offsets of the magic number and of the page size in it.
 */
const HEAD = 52;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_AT = 48;

/** Codes of file systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'];

/**
 * Makes our folder inside the given one, with the files of a database, and checks that LMDB can open it without a
 * crash. The given folder may belong to anybody. Returns the path of our folder.
 *
 * @throws the errors of `node:fs`; an Error with the code `NOT_LMDB` if the file is no database of LMDB, or with a few
 *   words as its code if our folder is not for its owner only
 */
export function prepareFiles(given: string): string {
  mkdirSync(given, { recursive: true, mode: OWNER_ONLY_FOLDER });
  // A symbolic link in the operator's path is followed. A link in the place of our folder is not: somebody else may
  // have made it.
  const parent = realpathSync(given);
  const folder = join(parent, FOLDER);
  makeFolder(folder);
  takeOver(parent, folder);
  makeLock(folder);
  if (isEmpty(join(folder, DATA))) makeData(folder);
  for (const name of [LOCK, DATA]) makePrivate(join(folder, name));
  return folder;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: OWNER_ONLY_FOLDER });
  } catch (error) {
    ignoreCodes('EEXIST')(error);
  }
  const finding = checkOwnerOnlyFolderNow(folder);
  if (finding === 'private') return;
  const problem = finding === 'missing' ? 'is gone' : FOLDER_PROBLEMS[finding];
  throw Object.assign(new Error(`${folder} ${problem}`), { code: `its folder ${FOLDER} ${problem}` });
}

/**
 * Takes over a database that an older version of this package has made in the given folder itself. Its files get a
 * second name in our folder and keep the first one: processes of the older version may have them open, or open them
 * later, and then all work on one database with one lock. Any number of processes may do this at the same time, since
 * nothing that is there is replaced. Files of other users are left alone.
 */
function takeOver(parent: string, folder: string): void {
  if (existsSync(join(folder, DATA)) || !isOwnDatabase(join(parent, DATA))) return;
  makeLock(parent);
  // The lock comes first: whoever finds the database finds its lock, too.
  for (const name of [LOCK, DATA]) {
    const [from, to] = [join(parent, name), join(folder, name)];
    closeSync(openOwnSync(from, constants.O_RDONLY));
    if (!linkUnlessThere(from, to) && !existsSync(to)) renameSync(from, to);
  }
}

function isOwnDatabase(path: string): boolean {
  try {
    return !isEmpty(path);
  } catch (error) {
    if (![...Object.values(FILE_CODES), 'ELOOP', 'EACCES'].includes(codeOf(error))) throw error;
    return false;
  }
}

/** Makes the lock file, unless there is one: LMDB itself does not see that a disk has no room for it. */
function makeLock(folder: string): void {
  const lock = join(folder, LOCK);
  // Without hard links, LMDB makes its own lock file.
  if (!existsSync(lock)) withTrial(folder, LOCK_BYTES, (trial) => linkUnlessThere(trial, lock));
}

/** Makes an empty file, of which LMDB makes a database, if the disk has room for one. */
function makeData(folder: string): void {
  withTrial(folder, NEW_BYTES);
  try {
    writeFileSync(join(folder, DATA), '', { flag: 'wx', mode: OWNER_ONLY_FILE });
  } catch (error) {
    // Another process may have made it meanwhile.
    ignoreCodes('EEXIST')(error);
  }
}

/** Removes the permissions of all other users from a file of ours. */
function makePrivate(path: string): void {
  let file: number;
  try {
    file = openOwnSync(path, constants.O_RDONLY);
  } catch (error) {
    return ignoreCodes('ENOENT')(error);
  }
  try {
    const isOpen = (fstatSync(file).mode & 0o777) !== OWNER_ONLY_FILE;
    if (isOpen && process.getuid !== undefined) fchmodSync(file, OWNER_ONLY_FILE);
  } finally {
    closeSync(file);
  }
}

/**
 * Puts a file in its place with a link, unless a file is there. A link appears with all of the file at once, so several
 * processes may do this at the same time. Returns false if the file system has no hard links.
 */
function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return true;
    if (!NO_LINKS.includes(code)) throw error;
    return false;
  }
}

/** Tries whether the disk has room for so many bytes. The bytes are written, since a sparse file takes no room. */
function withTrial(path: string, bytes: number, use?: (trial: string) => void): void {
  const trial = join(path, `.trial-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(trial, Buffer.alloc(bytes), { flag: 'wx', mode: OWNER_ONLY_FILE });
    use?.(trial);
  } finally {
    try {
      unlinkSync(trial);
    } catch {
      // The trial file could not be made, so there is none to delete.
    }
  }
}

/** True if LMDB would make a new database from this file. Throws if the file is no database of LMDB, or not ours. */
function isEmpty(data: string): boolean {
  let file: number;
  try {
    file = openOwnSync(data, constants.O_RDONLY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return true;
    const head = Buffer.alloc(HEAD);
    readSync(file, head, 0, HEAD, 0);
    const numbers = new DataView(head.buffer, head.byteOffset);
    const isLittle = numbers.getUint32(MAGIC_AT, true) === MAGIC;
    const isOurs = isLittle || numbers.getUint32(MAGIC_AT, false) === MAGIC;
    // A new database begins with two pages.
    if (isOurs && size >= 2 * numbers.getUint32(PAGE_SIZE_AT, isLittle)) return false;
  } finally {
    closeSync(file);
  }
  throw Object.assign(new Error(`${data} is no database of LMDB, or was cut short`), { code: 'NOT_LMDB' });
}
