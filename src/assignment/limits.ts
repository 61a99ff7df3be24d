/** Asks the limiter of the app whether a caller may go on. */
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import type { RateLimiter } from './types.js';

/** Milliseconds after which a limiter counts as failed: a page waits for the answer, and callers wait 150 ms or so. */
const LIMITER_TIMEOUT = 50;
/** The most seconds that a caller is told to wait. */
const MAX_WAIT = 3_600;

/**
 * Returns the seconds that the caller has to wait; undefined if the caller may go on. A limiter that fails stops
 * nobody.
 */
export async function secondsToWait(
  limiter: RateLimiter,
  key: string,
  report: (error: ConvertError) => void,
): Promise<number | undefined> {
  try {
    await withTimeout(LIMITER_TIMEOUT, limiter.consume(key));
    return undefined;
  } catch (rejected) {
    const { msBeforeNext } = (rejected ?? {}) as { readonly msBeforeNext?: unknown };
    if (typeof msBeforeNext === 'number') return secondsOf(msBeforeNext);
    report(
      asConvertError(rejected, 'CONVERT_CALLBACK', 'the limiter in `limits` failed, so nobody is limited'),
    );
    return undefined;
  }
}

/** Whole seconds from 1 to `MAX_WAIT`: a limiter of the app may give any number, also none that a header can say. */
const secondsOf = (milliseconds: number): number =>
  Math.min(MAX_WAIT, Math.max(1, Math.ceil(milliseconds / 1000) || 1));
