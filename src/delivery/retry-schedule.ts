/**
 * Decides when a failed batch of events may be posted again. Pure: the caller gives the time and the random number. All
 * times are milliseconds of one monotonic clock.
 */
import { type Backoff, backoffCeiling, backoffDelay } from '../utils/backoff.js';

export interface RetryState {
  /** The number of failed attempts in a row. An attempt that cut its backoff short does not count. */
  readonly failures: number;
  /** The time before which no attempt is made. */
  readonly notBefore: number;
  /** The time from which a waiting flush may cut the backoff short. */
  readonly mayCutFrom: number;
  /** True if the backoff before the current attempt was cut short. */
  readonly early: boolean;
  /**
   * The full length of the current backoff. If a backoff is cut short, so much time must pass before one is cut short
   * again.
   */
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
  /** The time at which the failed POST ended. */
  readonly now: number;
}

/**
 * Returns the state after a POST that failed and is repeated. `random` is in [0, 1). `retryAfter` is the delay that the
 * endpoint asked for.
 */
export function afterFailure(
  retry: RetryState,
  { backoff, now, random, retryAfter = 0 }: Failure & { random: number; retryAfter: number | undefined },
): RetryState {
  // The failure of an attempt that cut its backoff short does not count: if it did, flushes would make the backoff
  // longer.
  const failures = retry.early ? retry.failures : retry.failures + 1;
  // The longer delay counts: `Retry-After: 0` is no permission to post without a backoff.
  const delay = Math.max(backoffDelay(backoff, failures, random), retryAfter);
  return {
    failures,
    notBefore: now + delay,
    // A flush, too, waits for the delay that the endpoint asked for.
    mayCutFrom: Math.max(retry.mayCutFrom, now + retryAfter),
    early: false,
    length: Math.max(backoffCeiling(backoff, failures), delay),
  };
}

/**
 * Returns the state after the outcome `pause`: the endpoint refuses the SDK key, or is not there. A person has to mend
 * that, so the longest backoff is taken at once.
 */
export function afterRefusal(retry: RetryState, { backoff, now }: Failure): RetryState {
  return {
    failures: retry.failures + 1,
    notBefore: now + backoff.max,
    mayCutFrom: retry.mayCutFrom,
    early: false,
    length: backoff.max,
  };
}

/**
 * Returns the state in which no attempt is made before `time`, not even for a flush. Used while there is no destination
 * to post to.
 */
export function postponedUntil(retry: RetryState, time: number): RetryState {
  return { ...retry, notBefore: time, mayCutFrom: Math.max(retry.mayCutFrom, time) };
}

/**
 * Returns the state in which the backoff ends now. The next backoff can be cut short once the full length of this one
 * has passed.
 */
export function cutShort(retry: RetryState, now: number): RetryState {
  return { ...retry, notBefore: now, mayCutFrom: now + retry.length, early: true };
}

export interface Urgency {
  /** True while a flush waits. */
  readonly isFlushing: boolean;
  /** The time until which the next attempt waits for more events, if it waits neither for a backoff nor for a flush. */
  readonly lingerUntil: number;
}

/** Returns the time at which the next attempt is due: `now`, or later. */
export function nextAttemptAt(retry: RetryState, now: number, { isFlushing, lingerUntil }: Urgency): number {
  const { notBefore, mayCutFrom } = retry;
  if (notBefore > now) return isFlushing ? Math.max(now, Math.min(notBefore, mayCutFrom)) : notBefore;
  return isFlushing ? now : Math.max(now, lingerUntil);
}
