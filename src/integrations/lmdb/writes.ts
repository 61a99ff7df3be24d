/** Turns writes of LMDB into plain promises, and defines the versions of documents. */
import { withStoreTimeout } from '../../store/types.js';
import { getSystemErrorName } from 'node:util';

/** Milliseconds to wait for the reason of a write's failure: nearly always the reason is there at once. */
const REASON_LIMIT = 1_000;

/**
 * Waits for a write. Resolves with false if the write was conditional and the condition did not hold. If a write fails,
 * the error of the package lmdb holds a second promise for the reason. Its rejection would end the process, so it is
 * handled here.
 *
 * @throws the reason that LMDB gives
 */
export async function written(writing: Promise<boolean>): Promise<boolean> {
  try {
    return await writing;
  } catch (error) {
    const { commitError } = error as { commitError?: Promise<never> };
    if (commitError === undefined) throw error;
    return withStoreTimeout(REASON_LIMIT, commitError);
  }
}

/** Returns the reason of a failure in a few words: a code of the system, or of LMDB. */
export function reasonOf(error: unknown): string {
  const { code = 'no LMDB' } = error as { code?: unknown };
  if (typeof code !== 'number' || code <= 0) return String(code);
  try {
    const name = getSystemErrorName(-code);
    // LMDB says EIO if the disk took only a part of a write.
    return name === 'EIO' ? 'EIO, the disk may be full' : name;
  } catch {
    return String(code);
  }
}

/** The number of versions for each millisecond. A version is exact up to 2^53, which it reaches in the year 2109. */
export const GRAIN = 2048;

export const untilOf = (version: number): number => Math.floor(version / GRAIN);
