/** How patterns of rules are compiled: they answer as the official SDK does, and none holds the event loop. */
import { describe, expect, it } from 'vitest';
import { compileRegex } from '../../../src/engine/regex/safe-regex.js';
import { stepBound } from '../../../src/engine/regex/step-bound.js';
import { attacker, ATTACKS } from './attacks.js';
import { CountingMatcher } from './counting-matcher.js';
import { ATOMS, linearTest, LONG, parse, pumped, sdkTest } from './regexes.js';
import { answersByRe2, answersOfTheSdk, attacksOfNobody, countedSteps } from './random-regexes.js';

describe('a pattern', () => {
  answersOfTheSdk(400);

  answersByRe2(200);

  it.each([...new Set(ATOMS)].filter((atom) => sdkTest(atom)))(
    'takes the same units for %j, by RE2',
    (atom) => {
      const sdk = sdkTest(`^(?:${atom})$`)!;
      const linear = linearTest(`^(?:${atom})$`);
      const edges = [
        0x2028, 0x212a, 0x2c2f, 0xa64a, 0xd7ff, 0xd83d, 0xdbff, 0xdc00, 0xde00, 0xdfff, 0xe000, 0xfeff,
      ];
      const near = edges.flatMap((unit) => [unit - 1, unit, unit + 1]);
      const units = [...Array(0x600).keys(), ...near, 0xfffe, 0xffff];
      // One `expect` for all: a hundred thousand of them take longer than what they are about.
      const differing = units.filter((unit) => {
        const value = String.fromCharCode(unit).toLowerCase();
        return linear(value) !== sdk(value);
      });
      expect(differing.map((unit) => unit.toString(16))).toEqual([]);
    },
  );

  it.each([
    ['a$', 'a\n', 'a\nb', 'ba'],
    ['^b', 'a\nb', '\nb', 'ba'],
    ['a.b', 'a\nb', 'a\rb', 'a\u2028b', 'a\u0085b', 'a😀b', 'a\ude00b'],
    ['^.$', '😀', '\ud83d', '\ude00', '\u{10ffff}', 'é'],
    ['^..$', '😀', '\ude00\ud83d', '\ud83d\ud83d', 'éé'],
    ['^[😀]$', '\ud83d', '\ude00', '😀'],
    ['\ude00', '😀', '\ude00', '\u{1f601}'],
    ['\udbfe', '\u{10f800}', '😀', '\udbfe', '\ud800'],
    ['\bé\b', 'é', 'aéa', 'a é'],
    ['[^]{3}', 'a\n', '😀\n', '😀'],
    ['(?:(?:a{900}){900}){0}b.*c', 'xb c', 'c b'],
    ['(?:a|){3}b', 'b', 'aab', 'c'],
    ['(?:|a)+$', 'a', ''],
    ['(?:^a|b$|\\b)*c', 'c', 'ac', 'bc'],
  ])('answers the same about what JavaScript and RE2 read differently: %j', (source, ...values) => {
    const sdk = sdkTest(source);
    if (sdk === undefined) return;
    const linear = linearTest(source);
    for (const value of values) expect(linear(value), JSON.stringify(value)).toBe(sdk(value));
  });

  it.each(['(', 'a**', '[b-a]', 'a{2,1}', '(?<n>a)(?<n>b)', '\\', '(?<n>a)\\k', '?', '(?<=a)*', '(?z:a)'])(
    'that is no expression never matches: %j',
    (source) => {
      const { kind, maxLength, test } = compileRegex(source);
      expect({ kind, maxLength }).toEqual({ kind: 'invalid', maxLength: -1 });
      for (const value of ['', 'a', 'b', '(', source]) expect(test(value)).toBe(false);
    },
  );

  it.each(['^(?=(a+)+$)', '(?<=x(a|b|ab)*)c', '(a|aa)+\\1$', '(?!(?:a?){30}b)a'])(
    'that could hold the event loop and is nothing for RE2 never matches: %j',
    (source) => {
      const { kind, maxLength, test } = compileRegex(source);
      expect({ kind, maxLength }).toEqual({ kind: 'refused', maxLength: -1 });
      for (const value of ['', 'a', 'aaa', 'abxc']) expect(test(value)).toBe(false);
    },
  );

  it('has no more than 5000 characters, and 100 groups in groups', () => {
    expect(compileRegex('a'.repeat(5000)).kind).toBe('native');
    expect(compileRegex('a'.repeat(5001)).kind).toBe('refused');
    expect(compileRegex(`${'('.repeat(100)}a${')'.repeat(100)}`).kind).toBe('native');
    expect(compileRegex(`${'('.repeat(101)}a${')'.repeat(101)}`).kind).toBe('refused');
    expect(compileRegex(`${'[)]'.repeat(50)}${'('.repeat(101)}a${')'.repeat(101)}`).kind).toBe('refused');
    expect(compileRegex('[(]\\('.repeat(101)).kind).toBe('native');
  });

  it.each(['shop', '(?=.*shop)(?=.*cart)', '(shop|cart).*(sale|gift)'])(
    '%j has a longest value',
    (source) => {
      const { maxLength, test } = compileRegex(source);
      expect(maxLength).toBeGreaterThan(256);
      expect(maxLength).toBeLessThanOrEqual(65_536);
      expect(test(pumped('x', 'shop cart ', ' sale', maxLength))).toBe(true);
      expect(test(pumped('x', 'shop cart ', ' sale', maxLength + 1))).toBe(false);
    },
  );

  it('has a shorter one, the more RE2 has to do', () => {
    const lengths = [10, 50, 100].map((count) => compileRegex(`(a.*){${count}}x`).maxLength);
    expect(lengths).toEqual(lengths.toSorted((one, other) => other - one));
    expect(lengths[2]).toBeLessThan(LONG / 4);
  });

  it('answers at both sides of the length where RE2 takes over', () => {
    const { kind, test } = compileRegex('^.*shop.*cart$');
    expect(kind).toBe('linear');
    for (let length = 200; length < 2000; length += 50) {
      expect(test(pumped('x', 'shop', 'cart', length)), String(length)).toBe(true);
      expect(test(pumped('x', 'shop', 'care', length)), String(length)).toBe(false);
    }
  });
});

describe('a pattern that is attacked', () => {
  const run = attacker();

  it.each(ATTACKS)('is %s: %j', (kind, source, unit, start, end) => {
    const pattern = compileRegex(source);
    expect(pattern.kind).toBe(kind);
    // The SDK can only be asked about less of it.
    const value = pumped(unit, start, end, start.length + end.length + 2);
    if (kind !== 'refused') expect(pattern.test(value)).toBe(sdkTest(source)!(value));
  });

  it('does not hold the event loop', { timeout: 120_000 }, async () => {
    expect(ATTACKS.length).toBeGreaterThanOrEqual(60);
    await run(ATTACKS.map(([, source, unit, start, end]) => ({ source, unit, start, end })));
  });

  attacksOfNobody(run, 50);
});

describe('the bound on the steps of a pattern', () => {
  countedSteps(100);

  it.each([
    ['^[ab]*(?:1|2|3|4|5|6|7|8|9)', 'ab'],
    ['aaaaaaaab|aaaaaaaac|aaaaaaaad|aaaaaaaae', 'a'],
    ['1|2|3|4|5|6|7|8|9', 'a'],
    ['a{0,40}c', 'a'],
    ['a{0,9}a[]', 'a'],
    ['.{0,9}a', 'c'],
    ['x((((((((([^x])))))))))*y', 'xaaaaaaaaaaaaaaaaaaa'],
    ['x(?<=(?=[^y]*y).)c', 'x'],
    ['x(?=[^y]*y)c', 'x'],
    ['^[^a]*é[^b]*é1', 'é'],
    ['^[a-z]*A[a-z]*A1', 'a'],
    ['(?<=baaaaaaa|caaaaaaa|daaaaaaa|eaaaaaaa)1', 'a'],
    ['(\\w{4})\\1x', 'a'],
  ])('of %j is not passed where it has much to do either', (source, unit) => {
    for (const length of [7, 20, 100]) {
      const value = pumped(unit, '', '', length);
      const counter = new CountingMatcher(source, value, 1_000_000);
      expect(counter.test()).toBe(false);
      expect(counter.steps).toBeLessThanOrEqual(stepBound(parse(source))(value.length));
    }
  });

  it.each([
    // Of an order that is the least there is.
    ['^(?!.*admin).*$', 1],
    ['^((?!admin).)*$', 1],
    ['/shop/(?!sale)[^/]+/reviews', 1],
    ['^/[^/]+/[^/]+/(?!checkout)', 1],
    ['(?<!foo)bar', 1],
    ['(?=.*foo)bar', 2],
    ['^(?=.*foo.*bar)x', 2],
    ['x[^/]*y', 2],
    ['/[^/]*y', 1],
    ['x.*y.*z', 3],
  ])('of %j grows with the %dth power of the length', (source, power) => {
    const bound = stepBound(parse(source));
    expect(Math.log2(bound(2 ** 13) / bound(2 ** 12))).toBeCloseTo(power, 1);
  });
});
