/** What cases are made of: small pools, so that rules, properties, ids and states meet, with the edges that count. */
import fc from 'fast-check';
import { deepFreeze } from '../../src/engine/coerce.js';

/** Alternatives with weights. The first one is the simplest: shrinking goes there. */
export function pick<T>(
  ...choices: readonly [weight: number, arbitrary: fc.Arbitrary<T>][]
): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );
}

/** One of several values, the first being the simplest. */
export function oneOf<T>(...values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values.map((value) => deepFreeze(value)));
}

/** A value once among so many cases, else undefined. */
export function sometimes<T>(arbitrary: fc.Arbitrary<T>, among: number): fc.Arbitrary<T | undefined> {
  return pick<T | undefined>([among - 1, fc.constant(undefined)], [1, arbitrary]);
}

/** Any UTF-16, halves of characters too. */
export function utf16(min: number, max: number): fc.Arbitrary<string> {
  return listOf(fc.nat(0xffff), min, max).map((codes) => String.fromCharCode(...codes));
}

export function listOf<T>(each: fc.Arbitrary<T>, min: number, max: number): fc.Arbitrary<T[]> {
  return fc.array(each, { minLength: min, maxLength: max, size: 'max' });
}

export function recordOf<T extends object>(model: {
  [Key in keyof T]: fc.Arbitrary<T[Key]>;
}): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Own properties, `__proto__` too. */
export function objectOf<T>(entries: fc.Arbitrary<[string, T]>, min: number, max: number) {
  return listOf(entries, min, max).map(
    (list): Record<string, T> => Object.fromEntries(list) as Record<string, T>,
  );
}

/** A property that only apps give: what is stored of it counts in later calls. */
export const KEPT = 'kept';
/** A property that holds a number, or the text of one. */
export const NUMERIC = 'numeric';
/** A property that some rules hand through as their outcome. */
export const THROUGH = 'through';

/** Names of properties that rules ask for. */
export const askedName: fc.Arbitrary<string> = pick(
  [14, oneOf('a', 'b', 'c')],
  [2, oneOf(KEPT)],
  [2, oneOf('A', 'country', 'devices', '', '1', 'é')],
  [1, oneOf('name', 'toString', 'length', 'hasOwnProperty', '__proto__', 'customSegments')],
);

/**
 * Names of properties that are given. Not among them: `customSegments`, which has to be a list, and `constructor`,
 * with which the SDK mistakes more than plain data.
 */
const givenName: fc.Arbitrary<string> = pick(
  [14, oneOf('a', 'b', 'c')],
  [2, oneOf('A', 'country', 'devices', '', '1', 'é')],
  [1, oneOf('name', 'toString', 'length', 'hasOwnProperty', '__proto__')],
);

/** Values that rules and properties are likely to share. */
export const common = oneOf<unknown>('a', 'b', 'A', 'ab', '5', 5, 10, true, 'US');

const texts = oneOf<unknown>(
  ...['', ' ', '\t', 'B', 'us', 'US|CA', 'a|b', '|', 'null', 'undefined', 'true', 'false', 'NaN', '1', '0'],
  ...['1,234.5', '1,000', '0,5', '0,500', '-0,500', '.5', '-.5', '1.', '1e3', '0x10', '5.0', '12,34', ' 5'],
  ...['é', 'É', 'ß', 'SS', 'İ', 'i̇', '😀', '\ud83d', '\ude00', 'ﬀ', '\u00a0', '\ufeff', '[object Object]'],
  ...['convert.com_no_data_found', 'convert.com_need_more_data', 'RuleData', 'constructor', 'a\nb'],
  ...['-1', '٣', 'a,b', '__proto__'],
);

const numbers = oneOf<unknown>(0, -0, 1, -1, 5.5, 0.5, 1234.5, 1000, 1e21, 1e-7, 2 ** 53, -500);

const others = oneOf<unknown>(
  ...[null, null, true, false, [], {}, ['a'], ['A', 'b'], ['5', 5], [null], [['a']], [[]], [{}], { a: 1 }],
  ...[{ A: 'a', 5: 0 }, { a: { b: ['a'] } }, { toString: 1 }, { length: 0 }, [true], ['US', 'CA'], { b: [] }],
);

/** Numbers as the operators of order read them, and nearly so. */
export const numeric: fc.Arbitrary<unknown> = oneOf<unknown>(
  ...['0,5', '0,500', '1', 1, 5, '5', 0.5, '.5', '1,234.5', 1234.5, '1,000', 1000, '-0,500', '-500', -500],
  ...['0', 0, -0.5, '0,123,456', '12,34', '1e3', '5.0', ' 5', '1.', 500, '500', 123456, 2],
);

export const outcome: fc.Arbitrary<unknown> = oneOf<unknown>(
  ...['convert.com_no_data_found', 'convert.com_need_more_data', 'yes', true, false, '', 0, null, ['a']],
);

/** What JSON can hold. */
export const jsonValue: fc.Arbitrary<unknown> = pick<unknown>(
  [10, common],
  [4, texts],
  [3, numbers],
  [4, others],
  [1, utf16(0, 6)],
);

/** What an app can give with a call. */
export const inlineValue: fc.Arbitrary<unknown> = pick<unknown>(
  [20, jsonValue],
  [1, fc.constant(undefined)],
  [1, oneOf<unknown>(NaN, Infinity, -Infinity, 10n, new Date(0), new Map([['a', 1]]))],
);

/** What the request tells, or is stored. */
export function propertiesOf(min: number, max: number): fc.Arbitrary<Record<string, unknown>> {
  return objectOf(property(jsonValue), min, max);
}

/** What an app gives with a call. */
export function inlinePropertiesOf(max: number): fc.Arbitrary<Record<string, unknown>> {
  return objectOf(pick([12, property(inlineValue)], [6, fc.tuple(fc.constant(KEPT), common)]), 0, max);
}

function property(value: fc.Arbitrary<unknown>): fc.Arbitrary<[string, unknown]> {
  return pick<[string, unknown]>(
    [14, fc.tuple(givenName, value)],
    [2, fc.tuple(fc.constant(NUMERIC), numeric)],
    [1, fc.tuple(fc.constant(THROUGH), outcome)],
  );
}

/** Types of values, as coverage counts them. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
