/** Writes of LMDB, as promises that can be left alone once they are handled. */
import { withStoreTimeout } from '../../store/types.js';
import { getSystemErrorName } from 'node:util';

/** Milliseconds for which a reason is waited for: nearly always it is there at once. */
const PATIENCE = 1_000;

/**
 * False where it was conditional, and what is there is not what was expected. What lmdb rejects with holds a further promise,
 * for the reason, whose rejection ends the process unless somebody handles it.
 *
 * @throws what LMDB gives as the reason
 */
export async function written(writing: Promise<boolean>): Promise<boolean> {
  try {
    return await writing;
  } catch (error) {
    const { commitError } = error as { commitError?: Promise<never> };
    if (commitError === undefined) throw error;
    return withStoreTimeout(PATIENCE, commitError);
  }
}

/** In a word: a code of the system, or of LMDB. */
export function reasonOf(error: unknown): string {
  const { code = 'no LMDB' } = error as { code?: unknown };
  if (typeof code !== 'number' || code <= 0) return String(code);
  try {
    const name = getSystemErrorName(-code);
    // What LMDB says where a disk took a part of what it was given.
    return name === 'EIO' ? 'EIO, the disk may be full' : name;
  } catch {
    return String(code);
  }
}

/** Versions per millisecond: a version is exact up to 2^53, which is in the year 2109. */
export const GRAIN = 2048;

export const untilOf = (version: number): number => Math.floor(version / GRAIN);
