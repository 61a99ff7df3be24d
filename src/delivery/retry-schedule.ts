/**
 * Decides when a failed batch of events may be posted again. Pure: the caller gives the time and the random number. All
 * times are milliseconds of one monotonic clock.
 */
import { type Backoff, backoffCeiling, backoffDelay } from '../utils/backoff.js';

export interface RetryState {
  /** Failed attempts in a row. An attempt that cut its backoff short does not count. */
  readonly failures: number;
  /** No attempt before this. */
  readonly notBefore: number;
  /** If a flush waits, it may cut the backoff short from then on. */
  readonly mayCutFrom: number;
  /** The backoff before the current attempt was cut short. */
  readonly early: boolean;
  /** The full length of the current backoff, which has to pass before it can be cut short again. */
  readonly length: number;
}

export const NO_RETRY: RetryState = {
  failures: 0,
  notBefore: -Infinity,
  mayCutFrom: -Infinity,
  early: false,
  length: 0,
};

export interface Failure {
  readonly backoff: Backoff;
  /** When the POST ended. */
  readonly now: number;
}

/** `random` is in [0, 1). `retryAfter` is what the endpoint asked for. */
export function afterFailure(
  retry: RetryState,
  { backoff, now, random, retryAfter = 0 }: Failure & { random: number; retryAfter: number | undefined },
): RetryState {
  // An attempt that came early says nothing new. If it counted, flushes would make the backoff longer.
  const failures = retry.early ? retry.failures : retry.failures + 1;
  // The longer of the two: `Retry-After: 0` is no permission to post without a backoff.
  const delay = Math.max(backoffDelay(backoff, failures, random), retryAfter);
  return {
    failures,
    notBefore: now + delay,
    // A flush, too, waits for as long as the endpoint asked for.
    mayCutFrom: Math.max(retry.mayCutFrom, now + retryAfter),
    early: false,
    length: Math.max(backoffCeiling(backoff, failures), delay),
  };
}

/** The endpoint refuses us or is not there, which a person has to mend: the longest backoff at once. */
export function afterRefusal(retry: RetryState, { backoff, now }: Failure): RetryState {
  return {
    failures: retry.failures + 1,
    notBefore: now + backoff.max,
    mayCutFrom: retry.mayCutFrom,
    early: false,
    length: backoff.max,
  };
}

/** There is nowhere to post to before that time. */
export function postponedUntil(retry: RetryState, time: number): RetryState {
  return { ...retry, notBefore: time, mayCutFrom: Math.max(retry.mayCutFrom, time) };
}

/** Ends the backoff now. The next one can be cut short once the full length of this one is over. */
export function cutShort(retry: RetryState, now: number): RetryState {
  return { ...retry, notBefore: now, mayCutFrom: now + retry.length, early: true };
}

export interface Urgency {
  /** A flush waits. */
  readonly isFlushing: boolean;
  /** Without a backoff, the attempt may wait for more events until then. */
  readonly lingerUntil: number;
}

/** When the next attempt is due: `now`, or later. */
export function nextAttemptAt(retry: RetryState, now: number, { isFlushing, lingerUntil }: Urgency): number {
  const { notBefore, mayCutFrom } = retry;
  if (notBefore > now) return isFlushing ? Math.max(now, Math.min(notBefore, mayCutFrom)) : notBefore;
  return isFlushing ? now : Math.max(now, lingerUntil);
}
