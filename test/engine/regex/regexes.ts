/** Random patterns, and values that they may well match; what the official SDK says of a pattern. */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import fc from 'fast-check';
import { re2Test as linearTestOf } from '../../../src/engine/regex/re2.js';
import { stepBound } from '../../../src/engine/regex/step-bound.js';

export const LONG = 8192;

export function parse(source: string): AST.Pattern {
  return new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source, 0, source.length, { unicode: false });
}

export const linearTest = (source: string): ((value: string) => boolean) => linearTestOf(parse(source));

/** What the official SDK says; undefined where it is no expression. */
export function sdkTest(source: string): ((value: string) => boolean) | undefined {
  try {
    const expression = new RegExp(source, 'i');
    return (value) => expression.test(value.toLowerCase());
  } catch {
    return undefined;
  }
}

/** Of the least length that holds `length` units: `start`, so many times `unit`, `end`. */
export function pumped(unit: string, start = '', end = '', length = LONG): string {
  const rest = length - start.length - end.length;
  return start + unit.repeat(Math.ceil(rest / unit.length)).slice(0, rest) + end;
}

/** Everything that Annex B lets a pattern be written like. */
export const ATOMS = [
  ...['a', 'b', 'k', 's', '/', '1', '_', '-', ' ', 'é', 'É', 'ſ', '\u212a', 'İ', 'ß', 'ς', 'µ', 'ǅ', 'ı'],
  ...['\ud83d', '\ude00', '😀', '.', '.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S'],
  ...['[ab]', '[^a]', '[a-k]', '[^]', '[]', '[\\s\\S]', '[\\w-/]', '[^\\W]', '[é-ſ]', '[^-~]', '[A-z]'],
  ...['[\\ud83d\\ude00]', '[^\\ud83d]', '[k-\\u212a]', '[\\b]', '[\\cA\\c]', '[\\1\\c1]', '[\\d-x]'],
  ...['\\/', '\\-', '\\.', '\\x61', '\\x6', '\\u0061', '\\u006', '\\u{1}', '\\cA', '\\c', '\\c1', '\\t'],
  ...['\\0', '\\01', '\\07', '\\141', '\\8', '\\e', '\\k', '\\k<', '\\p{L}', '\\_'],
  ...['{', '}', ']', 'a{', 'a{,2}', 'a{1', 'x{a}'],
];
const QUANTIFIERS = [
  ...['', '', '', '*', '+', '?', '*?', '+?', '??'],
  ...['{2}', '{0}', '{1,2}', '{2,}', '{0,3}?', '{1,1}', '{3,5}', '{0,9}'],
];

/** Few letters, so that much is ambiguous. */
export const PLAIN = ['a', 'b', 'a', 'b', 'c', '.', '[ab]', '[^a]', '[^b]', '[^c]', '\\w', 'ab', '/', '[^/]'];

/** @param more atoms of which there are as many as of all others together */
export function patterns(
  atoms: string[],
  more: { depth: number; references?: boolean },
): fc.Arbitrary<string> {
  const leaf = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...atoms) },
    { weight: more.references === false ? 0 : 1, arbitrary: fc.constantFrom('\\1', '\\2', '\\k<n>') },
  );
  const quantifier = fc.constantFrom(...QUANTIFIERS);
  return fc.letrec<{ pattern: string; sequence: string; term: string }>((tie) => ({
    pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
    sequence: fc.array(tie('term'), { maxLength: 5 }).map((parts) => parts.join('')),
    term: fc.oneof(
      { maxDepth: more.depth },
      { weight: 6, arbitrary: fc.tuple(leaf, quantifier).map((parts) => parts.join('')) },
      { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B') },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('(', '(?:', '(?<n>'), tie('pattern'), quantifier)
          .map(([open, inner, count]) => `${open}${inner})${count}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom('(?=', '(?!', '(?<=', '(?<!'), tie('pattern'))
          .map(([open, inner]) => `${open}${inner})`),
      },
    ),
  })).pattern;
}

const POOL = [
  'a',
  'b',
  'k',
  's',
  'é',
  'ß',
  '/',
  '-',
  '.',
  '1',
  '_',
  ' ',
  '\n',
  '\r',
  '\u2028',
  '\u00a0',
  '\ufeff',
];
const STRANGE = [
  'ſ',
  '\u212a',
  'i\u0307',
  'ı',
  'ς',
  'σ',
  'µ',
  'μ',
  'ǆ',
  '\ud83d',
  '\ude00',
  '😀',
  '\u{10f812}',
  '日',
  'K',
];
const noise = fc.array(fc.constantFrom(...POOL, ...STRANGE), { maxLength: 3 }).map((parts) => parts.join(''));

/** A text that the pattern may well match, if its assertions agree. @param pick an integer below the given one */
export function sample(
  { alternatives }: { alternatives: AST.Alternative[] },
  pick: (below: number) => number,
): string {
  const one = (element: AST.Element): string => {
    switch (element.type) {
      case 'Group':
      case 'CapturingGroup':
        return sample(element, pick);
      case 'Quantifier': {
        const times = Math.min(element.max, element.min + pick(3));
        return Array.from({ length: times }, () => one(element.element)).join('');
      }
      case 'Character':
        return String.fromCharCode(element.value);
      case 'CharacterSet':
      case 'CharacterClass': {
        const members = [...POOL, ...STRANGE].filter((text) =>
          new RegExp(`^${element.raw}$`, 'i').test(text),
        );
        return members[pick(members.length)] ?? '';
      }
      case 'Assertion':
        return 'alternatives' in element && !element.negate && pick(2) === 0 ? sample(element, pick) : '';
      default:
        return '';
    }
  };
  return alternatives[pick(alternatives.length)]!.elements.map(one).join('');
}

export function pickerOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export const valueSeeds = fc.array(fc.tuple(noise, fc.nat(), noise), { minLength: 4, maxLength: 4 });
/** None where the SDK could take too long: its time may be exponential in the length of even these. */
export function valuesOf(source: string, seeds: [string, number, string][]): string[] {
  const pattern = parse(source);
  if (stepBound(pattern)(12) > 1_000_000) return [];
  return seeds.map(([before, seed, after]) =>
    (before + sample(pattern, pickerOf(seed)) + after).slice(0, 12),
  );
}
