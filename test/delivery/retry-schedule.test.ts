import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterRefusal,
  cutShort,
  nextAttemptAt,
  NO_RETRY,
  postponedUntil,
  type RetryState,
} from '../../src/delivery/retry-schedule.js';
import { breakerOf, describeState, type SenderState } from '../../src/delivery/sender-state.js';

const backoff = { min: 500, max: 60_000 };
const fail = (retry: RetryState, now: number, random: number, retryAfter?: number): RetryState =>
  afterFailure(retry, { backoff, now, random, retryAfter });
const quiet = { isFlushing: false, lingerUntil: -Infinity };
const flushing = { isFlushing: true, lingerUntil: -Infinity };

describe('the backoff after a failure', () => {
  it('doubles its ceiling with each failure, up to the longest one, and takes a random share of it', () => {
    let retry = NO_RETRY;
    const lengths: number[] = [];
    const delays: number[] = [];
    for (let now = 1_000; now < 10_000; now += 1_000) {
      retry = fail(retry, now, 0.5);
      lengths.push(retry.length);
      delays.push(retry.notBefore - now);
    }
    expect(retry.failures).toBe(9);
    expect(lengths).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('is as long as Retry-After asks for, and no shorter than without', () => {
    expect(fail(NO_RETRY, 1_000, 0.5, 7_000)).toEqual({
      failures: 1,
      notBefore: 8_000,
      mayCutFrom: 8_000,
      early: false,
      length: 7_000,
    });
    expect(fail(NO_RETRY, 1_000, 0.5, 0)).toMatchObject({ notBefore: 1_250, mayCutFrom: 1_000, length: 500 });
  });

  it('is the longest one at once after a refusal', () => {
    expect(afterRefusal(NO_RETRY, { backoff, now: 1_000 })).toEqual({
      failures: 1,
      notBefore: 61_000,
      mayCutFrom: -Infinity,
      early: false,
      length: 60_000,
    });
  });
});

describe('the next attempt', () => {
  it('is due when the backoff is over, or after the linger', () => {
    const retry = fail(NO_RETRY, 1_000, 0.5);
    expect(nextAttemptAt(retry, 1_100, quiet)).toBe(1_250);
    expect(nextAttemptAt(retry, 1_300, quiet)).toBe(1_300);
    expect(nextAttemptAt(NO_RETRY, 1_000, { isFlushing: false, lingerUntil: 1_100 })).toBe(1_100);
    expect(nextAttemptAt(NO_RETRY, 1_000, { isFlushing: true, lingerUntil: 1_100 })).toBe(1_000);
  });

  it('is due at once for a flush, but only once in the length of the backoff', () => {
    const failed = fail(fail(NO_RETRY, 0, 0.9), 1_000, 0.9);
    expect(failed).toMatchObject({ failures: 2, notBefore: 1_900, length: 1_000 });
    expect(nextAttemptAt(failed, 1_100, flushing)).toBe(1_100);

    const cut = cutShort(failed, 1_100);
    expect(cut).toMatchObject({ notBefore: 1_100, mayCutFrom: 2_100, early: true });
    const again = fail(cut, 1_150, 1);
    // The failure of an early attempt does not count.
    expect(again).toMatchObject({ failures: 2, notBefore: 2_150, mayCutFrom: 2_100, early: false });
    expect(nextAttemptAt(again, 1_200, flushing)).toBe(2_100);
  });

  it('waits with a flush for as long as the endpoint asked for', () => {
    expect(nextAttemptAt(fail(NO_RETRY, 1_000, 0.5, 7_000), 1_100, flushing)).toBe(8_000);
  });

  it('waits until there may be a destination, whoever waits', () => {
    const retry = postponedUntil(NO_RETRY, 1_100);
    expect(nextAttemptAt(retry, 1_000, flushing)).toBe(1_100);
    expect(nextAttemptAt(retry, 1_000, quiet)).toBe(1_100);
    expect(retry.failures).toBe(0);
  });
});

describe('the state of a sender', () => {
  const idle: SenderState = { post: 'none', retry: NO_RETRY, lifecycle: 'open' };
  const posting: SenderState = { ...idle, post: 'in-flight' };
  const failed = fail(NO_RETRY, 1_000, 0.5);

  it('opens the breaker with the first failure and half opens it for each further attempt', () => {
    expect(breakerOf(idle)).toBe('closed');
    expect(breakerOf(posting)).toBe('closed');
    expect(breakerOf({ ...idle, retry: failed })).toBe('open');
    expect(breakerOf({ ...posting, retry: failed })).toBe('half-open');
  });

  it('can be printed', () => {
    expect(describeState(idle, 0)).toBe('ready');
    expect(describeState(posting, 0)).toBe('posting');
    expect(describeState({ ...idle, retry: failed }, 1_050)).toBe('backing off 200 ms, 1 failure');
    expect(describeState({ ...posting, retry: fail(failed, 2_000, 0) }, 2_000)).toBe('posting, 2 failures');
    expect(describeState({ ...idle, retry: failed }, 1_300)).toBe('ready, 1 failure');
    expect(describeState({ ...posting, lifecycle: 'stopped' }, 0)).toBe('stopped');
  });
});
