/** Tests of random patterns: some hundred of each kind in the fast tier, thousands in the slow one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRegex } from '../../../src/engine/regex/safe-regex.js';
import { stepBound } from '../../../src/engine/regex/step-bound.js';
import type { Attack } from './attacks.js';
import { CountingMatcher } from './counting-matcher.js';
import {
  ATOMS,
  linearTest,
  parse,
  patterns,
  pickerOf,
  PLAIN,
  sample,
  sdkTest,
  valueSeeds,
  valuesOf,
} from './regexes.js';

export function answersOfTheSdk(runs: number): void {
  it('answers what the official SDK does', () => {
    const seen = { native: 0, linear: 0, matches: 0 };
    fc.assert(
      fc.property(patterns(ATOMS, { depth: 3 }), valueSeeds, (source, seeds) => {
        const sdk = sdkTest(source);
        const { kind, test } = compileRegex(source);
        expect(kind === 'invalid').toBe(sdk === undefined);
        if (sdk === undefined || kind === 'invalid') return;
        for (const value of valuesOf(source, seeds)) {
          const answer = test(value.toLowerCase());
          if (kind === 'refused') expect(answer).toBe(false);
          else {
            expect(answer, JSON.stringify({ kind, value })).toBe(sdk(value));
            seen[kind]++;
            if (answer) seen.matches++;
          }
        }
      }),
      { numRuns: runs },
    );
    // What is compared is worth it.
    expect(seen.native).toBeGreaterThan(runs * 0.375);
    expect(seen.linear).toBeGreaterThan(runs / 40);
    expect(seen.matches).toBeGreaterThan(runs * 0.375);
  });
}

export function answersByRe2(runs: number): void {
  it('answers the same by RE2, which is asked about long values only', () => {
    let matches = 0;
    fc.assert(
      fc.property(patterns(ATOMS, { depth: 2, references: false }), valueSeeds, (source, seeds) => {
        const sdk = sdkTest(source);
        if (sdk === undefined || /\(\?<?[=!]/.test(source)) return;
        const values = valuesOf(source, seeds);
        if (values.length === 0) return;
        const linear = linearTest(source);
        for (const value of values) {
          const answer = linear(value.toLowerCase());
          expect(answer, JSON.stringify(value)).toBe(sdk(value));
          if (answer) matches++;
        }
      }),
      { numRuns: runs },
    );
    expect(matches).toBeGreaterThan(runs / 3);
  });
}

export function attacksOfNobody(run: (attacks: readonly Attack[]) => Promise<void>, count: number): void {
  it('does not hold it either when nobody has thought of it', { timeout: 120_000 }, async () => {
    const sources = fc.sample(patterns(PLAIN, { depth: 3 }), count);
    const attacks = sources.flatMap((source, seed): Attack[] => {
      if (sdkTest(source) === undefined || compileRegex(source).kind === 'refused') return [];
      const pick = pickerOf(seed);
      const units = ['a', 'ab', sample(parse(source), pick), sample(parse(source), pick)];
      return units.filter((unit) => unit !== '').map((unit) => ({ source, unit, start: 'b', end: '\n' }));
    });
    expect(attacks.length).toBeGreaterThan((count * 2) / 3);
    await run(attacks);
  });
}

export function countedSteps(runs: number): void {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '/', '\n'), { maxLength: 4 })
    .map((units) => units.join(''));
  const values = fc.array(
    fc.tuple(text, text, fc.nat(30), text).map(([start, unit, times, end]) => {
      return start + unit.repeat(times).slice(0, 40) + end;
    }),
    { minLength: 6, maxLength: 6 },
  );

  it('is never passed by a matcher that counts them', () => {
    let counted = 0;
    fc.assert(
      fc.property(patterns(PLAIN, { depth: 3 }), values, (source, texts) => {
        const sdk = sdkTest(source);
        if (sdk === undefined) return;
        const bound = stepBound(parse(source));
        for (const value of texts) {
          const counter = new CountingMatcher(source, value, 20_000);
          const answer = counter.test();
          expect(counter.steps, JSON.stringify(value)).toBeLessThanOrEqual(bound(value.length));
          if (answer === undefined) continue;
          // It is a matcher.
          expect(answer, JSON.stringify(value)).toBe(sdk(value));
          counted++;
        }
      }),
      { numRuns: runs },
    );
    expect(counted).toBeGreaterThan(runs);
  });
}
