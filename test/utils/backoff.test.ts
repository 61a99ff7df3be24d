import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCeiling, backoffDelay, MAX_RETRY_AFTER, parseRetryAfter } from '../../src/utils/backoff.js';

const BACKOFF = { min: 500, max: 60_000 };

describe('the backoff', () => {
  it('has a ceiling that doubles from the shortest to the longest', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 5000].map((failures) => backoffCeiling(BACKOFF, failures));
    expect(ceilings).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is spread over all of it', () => {
    expect(backoffDelay(BACKOFF, 3, 0)).toBe(0);
    expect(backoffDelay(BACKOFF, 3, 0.5)).toBe(1000);
    fc.assert(
      fc.property(
        fc.nat(2000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const delay = backoffDelay(BACKOFF, failures, random);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 0);
  it.each<[string, string | undefined, number | undefined]>([
    ['seconds', '120', 120_000],
    ['no time at all', '0', 0],
    ['with blanks around it', ' 7 ', 7000],
    ['at most five minutes', '86400', MAX_RETRY_AFTER],
    ['absurdly large', '9'.repeat(400), MAX_RETRY_AFTER],
    ['a date', 'Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['a date of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['a date far away', 'Sun, 06 Nov 2094 08:49:37 GMT', MAX_RETRY_AFTER],
    ['a date that is over', 'Sun, 06 Nov 1994 08:48:00 GMT', 0],
    ['absent', undefined, undefined],
    ['empty', '', undefined],
    ['negative', '-5', undefined],
    ['a fraction', '1.5', undefined],
    ['a word', 'soon', undefined],
    ['a day without a date', 'Sun, soon', undefined],
  ])('%s', (_name, header, wait) => {
    expect(parseRetryAfter(header, now)).toBe(wait);
  });

  it('is the difference to the date of the answer, where the clocks differ', () => {
    // The endpoint's clock is an hour ahead of ours.
    const [at, date] = ['Sun, 06 Nov 1994 09:49:30 GMT', 'Sun, 06 Nov 1994 09:49:00 GMT'];
    expect(parseRetryAfter(at, now, date)).toBe(30_000);
    expect(parseRetryAfter(at, now, 'no date')).toBe(
      3_630_000 > MAX_RETRY_AFTER ? MAX_RETRY_AFTER : 3_630_000,
    );
  });

  it('is a wait or nothing, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = parseRetryAfter(header, now) ?? 0;
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(MAX_RETRY_AFTER);
      }),
    );
  });
});
