/** Computes how long to wait after a failure: with full jitter, or as the server asks. Times are in milliseconds. */

export interface Backoff {
  /** The longest first wait, in milliseconds. */
  readonly min: number;
  /** The longest wait after many failures, in milliseconds. */
  readonly max: number;
}

export const DEFAULT_BACKOFF: Backoff = { min: 500, max: 60_000 };

/** The longest wait that a server may ask for, in milliseconds. A longer wait is cut to this one. */
export const MAX_RETRY_AFTER = 5 * 60 * 1000;

/** Returns the longest wait after `failures` failures in a row. It doubles with each failure, from `min` to `max`. */
export function backoffCeiling({ min, max }: Backoff, failures: number): number {
  return Math.min(max, min * 2 ** Math.max(0, failures - 1));
}

/**
 * Returns a wait between 0 and the ceiling, so that processes that failed together don't try again together ("full
 * jitter"). `random` is in [0, 1).
 */
export function backoffDelay(backoff: Backoff, failures: number, random: number): number {
  return random * backoffCeiling(backoff, failures);
}

const SECONDS = /^\d+$/;
/**
 * The three date forms of RFC 9110 begin with the name of a day. `Date.parse` alone would take many other texts for a
 * date.
 */
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i;

/**
 * Returns the wait that a `Retry-After` header asks for, at most `MAX_RETRY_AFTER`; undefined if the header is absent
 * or malformed.
 *
 * @param now milliseconds since the epoch
 * @param date the `Date` header of the same response: the difference of the two dates holds even if this machine's
 * clock is wrong
 */
export function parseRetryAfter(header: string | undefined, now: number, date?: string): number | undefined {
  const text = header?.trim() ?? '';
  const sent = Date.parse(date ?? '');
  const wait = SECONDS.test(text)
    ? Number(text) * 1000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - (Number.isNaN(sent) ? now : sent)
      : Number.NaN;
  return Number.isNaN(wait) ? undefined : Math.min(MAX_RETRY_AFTER, Math.max(0, wait));
}
