import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryValue, queryValues } from '../../src/request/query-parameters.js';

const read = (query: string, name = 'a'): string | undefined => queryValue(query, name, 256);

describe('a query parameter', () => {
  it.each([
    ['a=1', '1'],
    ['a=1&a=2', '1'],
    ['b=0&a=1', '1'],
    ['aa=0&a=1', '1'],
    ['a', ''],
    ['a=', ''],
    ['a=b=c', 'b=c'],
    ['&&a=1', '1'],
    ['a=x+y%20z', 'x y z'],
    ['a=caf%C3%A9', 'café'],
    ['%61=1', '1'],
    ['a=100%', '100%'],
    ['a=%zz', '%zz'],
    ['a=%E9t%C3%A9', '\ufffdté'],
    ['a=%F0%9F%98%80', '😀'],
    ['b=1', undefined],
    ['b=a=1', undefined],
    ['', undefined],
  ])('%j is %j', (query, value) => {
    expect(read(query)).toBe(value);
  });

  it('is what URLSearchParams says, for any text that a request line can hold', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '=',
        '&',
        '+',
        '%',
        '%61',
        '%C3',
        '%A9',
        '%ED%A0%80',
        '%EF%BB%BF',
        '%e2%82',
        '?',
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        // URLSearchParams takes a leading question mark away; a raw query has none.
        const query = `b=0&${pieces.join('')}`;
        expect(read(query)).toBe(new URLSearchParams(query).get('a') ?? undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('is found with others in one pass', () => {
    const wanted = new Map([
      ['a', 256],
      ['b', 2],
      ['aa', 256],
    ]);
    const piece = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '&',
      '+',
      '%',
      '%61',
      '%C3',
      'xyz',
      'aaaaaaaa'.repeat(9),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const query = pieces.join('');
        const each = [...wanted].map(([name, max]) => [name, queryValue(query, name, max)] as const);
        expect(queryValues(query, wanted)).toEqual(new Map(each.filter(([, value]) => value !== undefined)));
      }),
      { numRuns: 2000 },
    );
  });

  it('counts among the first 256 whose names have escapes, and wherever its own has none', () => {
    expect(read(`${'%62=1&'.repeat(255)}%61=2`)).toBe('2');
    expect(read(`${'%62=1&'.repeat(256)}%61=2`)).toBeUndefined();
    expect(read(`${'%62=1&'.repeat(300)}a=2`)).toBe('2');
    expect(read(`${'%c3=1&'.repeat(300)}%61=2&a=3`)).toBe('3');
    // A name that no parameter has that is asked for.
    expect(read(`%61${'%61'.repeat(4000)}=1&%61=2`)).toBe('2');
  });

  it('of one query is not that of another', () => {
    expect([read('%61=1'), read('%62=1&x=%61'), read('%61=3'), read('a=4')]).toEqual([
      '1',
      undefined,
      '3',
      '4',
    ]);
  });

  it('is cut to its length, wherever an escape stands', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('x', '%C3%A9', '%E2%82%AC', '%F0%9F%98%80', '%F0', '%'), {
          minLength: 8,
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 12 }),
        (pieces, max) => {
          const whole = new URLSearchParams(`a=${pieces.join('')}`).get('a') ?? '';
          const value = queryValue(`a=${pieces.join('')}`, 'a', max) ?? '';
          expect(value.length).toBeLessThanOrEqual(max);
          expect(whole.startsWith(value)).toBe(true);
          // One short of the limit only where the next character would have been cut in two.
          if (value.length < Math.min(max, whole.length)) {
            expect(value.length).toBe(max - 1);
            expect(whole.codePointAt(max - 1)).toBeGreaterThan(0xffff);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
