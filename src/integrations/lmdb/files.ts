/**
 * What LMDB takes for granted of its files. It looks at them through a memory map: where the disk has no room for what it
 * makes, or a file is not one of its own, the process ends with a signal, and no error can be caught. So it is looked at before.
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

/** Bytes of a lock file: for 253 readers at a time. LMDB takes one that is there as it is, if it isn't smaller than its own. */
const LOCK = 16_384;
/** Bytes that a new database takes at least, on pages of 16 KiB as well. */
const NEW = 262_144;

/** Of `data.mdb`: where the number is that it begins with, where the size of its pages. */
const HEAD = 52;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_AT = 48;

/** @throws what `node:fs` throws; Error with the code `NOT_LMDB` */
export function prepareFiles(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = join(path, 'lock.mdb');
  if (!existsSync(lock)) withTrial(path, LOCK, (trial) => linkUnlessThere(trial, lock));
  if (isEmpty(join(path, 'data.mdb'))) withTrial(path, NEW);
}

/** As it is there, it is whole: processes may do this at one time. */
function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EEXIST', ...NO_LINKS].includes(codeOf(error))) throw error;
  }
}

/** Of file systems that know no second name for a file: there LMDB makes its own. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'];

/** Takes so much room: sparse files take none, so it is written. */
function withTrial(path: string, bytes: number, use?: (trial: string) => void): void {
  const trial = join(path, `.trial-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(trial, Buffer.alloc(bytes), { flag: 'wx', mode: 0o600 });
    use?.(trial);
  } finally {
    try {
      unlinkSync(trial);
    } catch {
      // It could not be made.
    }
  }
}

/** Whether LMDB would make a new database there. */
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
    // Two pages come first, and are written when it is made.
    if (isOurs && size >= 2 * numbers.getUint32(PAGE_SIZE_AT, isLittle)) return false;
  } finally {
    closeSync(file);
  }
  throw Object.assign(new Error(`${data} is no database of LMDB, or was cut short`), { code: 'NOT_LMDB' });
}
