import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf, majorUnits } from '../../src/webhook/currencies.js';

describe('majorUnits', () => {
  it.each([
    [4990, 'EUR', 49.9],
    [4990, 'eur', 49.9],
    ['4990', 'USD', 49.9],
    [4990, 'JPY', 4990],
    [4990, 'KRW', 4990],
    [4990, 'VND', 4990],
    [49900, 'KWD', 49.9],
    [49900, 'BHD', 49.9],
    [499000, 'CLF', 49.9],
    [4990, undefined, 49.9],
    [4990, 'constructor', 49.9],
    [0, 'EUR', 0],
    [29, 'EUR', 0.29],
  ])('%s %s is %s', (amount, currency, major) => {
    expect(majorUnits(amount, currency)).toBe(major);
  });

  it('takes the decimals of a platform', () => {
    expect(majorUnits(500, 'ISK', { ISK: 2 })).toBe(5);
    expect(majorUnits(500, 'ISK')).toBe(500);
  });

  it('has no amount of none, and NaN of what is no number', () => {
    expect(majorUnits(undefined, 'EUR')).toBeUndefined();
    expect(majorUnits(null, 'EUR')).toBeUndefined();
    for (const amount of ['', 'ten', '1e3', '0x10', '1,000', {}, [5], true, NaN, Infinity])
      expect(majorUnits(amount, 'EUR')).toBeNaN();
  });

  it('is the amount as people write it, for any amount and number of decimals', () => {
    const currencies = fc.constantFrom(['EUR', 2], ['JPY', 0], ['KWD', 3]) as fc.Arbitrary<[string, number]>;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), currencies, (minor, [currency, decimals]) => {
        const major = majorUnits(minor, currency)!;
        expect(
          major
            .toFixed(decimals)
            .replace('.', '')
            .replace(/^0+(?=\d)/, ''),
        ).toBe(String(minor));
      }),
    );
  });
});

describe('amountOf', () => {
  it.each([
    ['49.90', 49.9],
    ['-3', -3],
    [7, 7],
    ['', undefined],
    [' 5', undefined],
    ['5.', undefined],
    ['1'.repeat(21), undefined],
    [NaN, undefined],
    [null, undefined],
    [[1], undefined],
  ])('%j is %s', (value, amount) => {
    expect(amountOf(value)).toBe(amount);
  });
});
