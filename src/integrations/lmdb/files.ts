/**
 * Prepares and checks the files of LMDB before LMDB opens them. LMDB reads them through a memory map: if the disk has
 * no room for a new file, or a file is not LMDB's, the process ends with a signal, and no error can be caught.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../utils/errors.js';

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

/**
 * Makes the folder and the lock file of a database, and checks that LMDB can open the database without a crash.
 *
 * @throws the errors of `node:fs`; an Error with the code `NOT_LMDB` if the file is no database of LMDB
 */
export function prepareFiles(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = join(path, 'lock.mdb');
  if (!existsSync(lock)) withTrial(path, LOCK_BYTES, (trial) => linkUnlessThere(trial, lock));
  if (isEmpty(join(path, 'data.mdb'))) withTrial(path, NEW_BYTES);
}

/**
 * Puts a file in its place with a link, unless a file is there. A link appears with all of the file at once, so several
 * processes may do this at the same time.
 */
function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EEXIST', ...NO_LINKS].includes(codeOf(error))) throw error;
  }
}

/** Codes of file systems without hard links: LMDB makes its own lock file there. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'];

/** Tries whether the disk has room for so many bytes. The bytes are written, since a sparse file takes no room. */
function withTrial(path: string, bytes: number, use?: (trial: string) => void): void {
  const trial = join(path, `.trial-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(trial, Buffer.alloc(bytes), { flag: 'wx', mode: 0o600 });
    use?.(trial);
  } finally {
    try {
      unlinkSync(trial);
    } catch {
      // The trial file could not be made, so there is none to delete.
    }
  }
}

/** True if LMDB would make a new database from this file. Throws if the file is no database of LMDB. */
function isEmpty(data: string): boolean {
  let file: number;
  try {
    file = openSync(data, 'r');
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
