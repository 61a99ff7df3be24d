import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { re2Test as linearTestOf } from '../../../src/engine/regex/re2.js';
import { compileRegex } from '../../../src/engine/regex/safe-regex.js';
import { stepBound } from '../../../src/engine/regex/step-bound.js';
import { temporaryFolder } from '../../support/folder.js';

const LONG = 8192;

function parse(source: string): AST.Pattern {
  return new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source, 0, source.length, { unicode: false });
}

const linearTest = (source: string): ((value: string) => boolean) => linearTestOf(parse(source));

/** What the official SDK says; undefined where it is no expression. */
function sdkTest(source: string): ((value: string) => boolean) | undefined {
  try {
    const expression = new RegExp(source, 'i');
    return (value) => expression.test(value.toLowerCase());
  } catch {
    return undefined;
  }
}

/** Of the least length that holds `length` units: `start`, so many times `unit`, `end`. */
function pumped(unit: string, start = '', end = '', length = LONG): string {
  const rest = length - start.length - end.length;
  return start + unit.repeat(Math.ceil(rest / unit.length)).slice(0, rest) + end;
}

/** Everything that Annex B lets a pattern be written like. */
const ATOMS = [
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
const PLAIN = ['a', 'b', 'a', 'b', 'c', '.', '[ab]', '[^a]', '[^b]', '[^c]', '\\w', 'ab', '/', '[^/]'];

/** @param more atoms of which there are as many as of all others together */
function patterns(atoms: string[], more: { depth: number; references?: boolean }): fc.Arbitrary<string> {
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
function sample(
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

function pickerOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const valueSeeds = fc.array(fc.tuple(noise, fc.nat(), noise), { minLength: 4, maxLength: 4 });
/** None where the SDK could take too long: its time may be exponential in the length of even these. */
function valuesOf(source: string, seeds: [string, number, string][]): string[] {
  const pattern = parse(source);
  if (stepBound(pattern)(12) > 1_000_000) return [];
  return seeds.map(([before, seed, after]) =>
    (before + sample(pattern, pickerOf(seed)) + after).slice(0, 12),
  );
}

describe('a pattern', () => {
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
      { numRuns: 4000 },
    );
    // What is compared is worth it.
    expect(seen.native).toBeGreaterThan(1500);
    expect(seen.linear).toBeGreaterThan(100);
    expect(seen.matches).toBeGreaterThan(1500);
  });

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
      { numRuns: 3000 },
    );
    expect(matches).toBeGreaterThan(1000);
  });

  it.each([...new Set(ATOMS)].filter((atom) => sdkTest(atom)))(
    'takes the same units for %j, by RE2',
    (atom) => {
      const sdk = sdkTest(`^(?:${atom})$`)!;
      const linear = linearTest(`^(?:${atom})$`);
      const edges = [
        0x2028, 0x212a, 0x2c2f, 0xa64a, 0xd7ff, 0xd83d, 0xdbff, 0xdc00, 0xde00, 0xdfff, 0xe000, 0xfeff,
      ];
      const near = edges.flatMap((unit) => [unit - 1, unit, unit + 1]);
      for (const unit of [...Array(0x600).keys(), ...near, 0xfffe, 0xffff]) {
        const value = String.fromCharCode(unit).toLowerCase();
        expect(linear(value), unit.toString(16)).toBe(sdk(value));
      }
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

/** What has stopped others: the kind of a pattern, and what it is attacked with (a unit, over and over, between two texts). */
const ATTACKS: [kind: string, source: string, unit: string, start: string, end: string][] = [
  ['native', String.raw`(a+)+$`, 'a', '', '!'],
  ['linear', String.raw`^(a+)+$`, 'a', '', '!'],
  ['native', String.raw`(a*)*b`, 'a', '', '!'],
  ['native', String.raw`(a|a)*b`, 'a', '', '!'],
  ['linear', String.raw`^(a|aa)+$`, 'a', '', '!'],
  ['linear', String.raw`^(a|a?)+$`, 'a', '', '!'],
  ['linear', String.raw`(.*a){11}b`, 'a', '', '!'],
  ['linear', String.raw`^(.*?,){11}p`, '1,', '', '!'],
  ['linear', String.raw`(x+x+)+y`, 'x', '', '!'],
  ['native', String.raw`([a-z]+)*=`, 'a', '', '!'],
  ['linear', String.raw`^(\w+\s?)*$`, 'a', '', '!'],
  ['native', String.raw`(\w+\s*)+:`, 'a ', '', '!'],
  ['native', String.raw`\s+$`, ' ', '', '!'],
  ['native', String.raw`\s*$`, ' ', '', '!'],
  ['native', String.raw`^\s+|\s+$`, ' ', 'x', 'x'],
  ['native', String.raw`\s*#\s*end`, ' ', '', '!'],
  ['linear', String.raw`^(([a-z])+.)+[A-Z]([a-z])+$`, 'a', '', '!'],
  [
    'linear',
    String.raw`^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$`,
    'a',
    '',
    '!',
  ],
  ['linear', String.raw`^([a-zA-Z0-9_.-])+@(([a-zA-Z0-9-])+.)+([a-zA-Z0-9]{2,4})+$`, 'a', 'a@', '!'],
  ['linear', String.raw`^\w+([-+.']\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$`, 'a', 'a@', '!'],
  [
    'linear',
    String.raw`(?:(?:"|'|\]|\}|\\|\d|(?:nan|infinity|true|false|null|undefined|symbol|math)|\x60|-|\+)+[)]*;?((?:\s|-|~|!|{}|\|\||\+)*.*(?:.*=.*)))`,
    '=',
    'x=x',
    '\n',
  ],
  ['native', String.raw`.*.*=.*`, 'x', '', '!'],
  ['linear', String.raw`(?:.*=){2}`, '=', 'x', '!'],
  ['linear', String.raw`D[oD]?(\[[^\[\]]*\]|\s)+MMMM?`, ' ', 'd', '!'],
  ['linear', String.raw`D[oD]?(\[[^\[\]]*\]|\s+)+MMMM?`, ' ', 'd', '!'],
  [
    'linear',
    String.raw`^(-?(?:\d+)?\.?\d+) *(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|years?|yrs?|y)?$`,
    '1',
    '',
    '!',
  ],
  ['refused', String.raw`^(\x60+)\s*([\s\S]*?[^\x60])\s*\1(?!\x60)`, ' ', '`', '!'],
  ['linear', String.raw`ip[honead]+(?:.*os\s([\w]+)\slike\smac|;\sopera)`, 'ipho', 'ip', '!'],
  ['linear', String.raw`^(([^=;]+))\s*=\s*([^\n\r\0]*)`, ' ', 'x', '!'],
  ['native', String.raw` *, *`, ' ', '', '!'],
  ['linear', String.raw`(?:^|;)\s*charset\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))`, ' ', ';', '!'],
  ['linear', String.raw`charset=(?:"([^"]*)"|[^;]*)\s*;x`, 'charset="', '', '!'],
  ['refused', String.raw`<([a-z]+)([^<]+)*(?:>(.*)<\/\1>|\s+\/>)`, ' ', '<a', '!'],
  ['linear', String.raw`\/\*([^*]|[\r\n]|(\*+([^*/]|[\r\n])))*\*+\/`, '*', '/*', '!'],
  ['linear', String.raw`"(?:[^"\\]|\\.)*"`, '\\', '"', '!'],
  ['native', String.raw`(?:[^"\\]+|\\.)*"x`, 'a', '"', '!'],
  ['linear', String.raw`^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$`, 'a-', '', '!'],
  [
    'linear',
    String.raw`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`,
    'a',
    '',
    '!',
  ],
  ['native', String.raw`^(?=.*[a-z])(?=.*\d)(?=.*[^a-z\d]).{8,}$`, 'a', '', '\n'],
  ['refused', String.raw`^(?=(a+)+$)`, 'a', '', '!'],
  ['native', String.raw`(?=.*a)(?=.*b)(?=.*c)`, 'ab', '', '!'],
  ['refused', String.raw`(?<=x(a+)+)b`, 'a', '', '!'],
  ['refused', String.raw`(?<!x(a|a)*)c$`, 'ac', '', 'c!'],
  ['refused', String.raw`(a+)+\1$`, 'a', '', '!'],
  ['refused', String.raw`(.*)\1x`, 'a', '', '!'],
  ['refused', String.raw`^(11+?)\1+$`, '1', '', '!'],
  ['native', String.raw`(\w+)\s\1`, 'a ', '', '!'],
  ['native', String.raw`(a{1,50}){1,50}b`, 'a', '', '!'],
  ['native', String.raw`(x{1,500}){1,500}y`, 'x', '', '!'],
  ['linear', String.raw`(.*){100}x`, 'a', '', '!'],
  ['native', String.raw`a{0,1000}a{0,1000}b`, 'a', '', '!'],
  ['linear', String.raw`(?:a?){30}a{30}b`, 'a', '', '!'],
  ['refused', String.raw`(?:a?){500}a{500}b`, 'a', '', '!'],
  ['linear', String.raw`^(a|b|ab)*c$`, 'ab', '', '!'],
  ['native', String.raw`(\d+|[a-z]+)+!$`, 'a1', '', '?'],
  ['native', String.raw`([^"']+|"[^"]*"|'[^']*')*>x`, 'a', '', '!'],
  ['linear', String.raw`[?&](?:.*=.*)*&x`, '&=', '?', '!'],
  ['linear', String.raw`^(https?:\/\/)?([\da-z\.-]+)\.([a-z\.]{2,6})([\/\w \.-]*)*\/?$`, '/a', 'a.com', '!'],
  ['linear', String.raw`^(https?:\/\/)?(www\.)?([^\/]+\.)+[a-z]+(\/.*)*$`, 'a.', '', '/\n'],
  ['native', String.raw`(\/[^\/]+)*\/\?x`, '/a', '', '!'],
  ['native', String.raw`(?:\/[^\/]*)*\.php$`, '/', '', '!'],
  ['linear', String.raw`.*a.*a.*a.*a.*a.*b`, 'a', '', '!'],
  ['linear', String.raw`\bfoo\b.*\bbar\b.*\bbaz\b`, 'foo bar ', '', '!'],
  ['native', String.raw`[\s\S]*?end$`, 'end', '', '!'],
  ['native', String.raw`(?:(?:a+)+b)+c`, 'a', '', '!'],
  ['native', String.raw`(([a-z])*)*1`, 'a', '', '!'],
  ['linear', String.raw`^((ab)*)+$`, 'ab', '', '!'],
  ['native', String.raw`(a|b|c|d|e)*f$`, 'abcde', '', '!'],
  ['native', String.raw`(?:\D+|<\d+>)*[!?]$`, 'a', '', '.'],
  ['linear', String.raw`^(?:\w+\.?)*@`, 'a.', '', '!'],
  ['linear', String.raw`^a*a*a*a*a*a*b`, 'a', '', '!'],
  ['native', String.raw`a+b`, 'a', '', '!'],
  ['native', String.raw`\d+-\d+`, '1', '', '!'],
  ['linear', String.raw`(iphone|ipad|android).*(mobile|tablet).*(safari|chrome)`, 'iphone mobile ', '', '!'],
  ['native', String.raw`^(?!.*(?:admin|login)).*\/shop\/.*$`, '/shop/', '', '\n'],
  ['native', String.raw`((?!admin).)*$`, 'a', '', '\n'],
  ['native', String.raw`^(?:(?!<b>).)*<b>`, '<b', '', '!'],
  ['native', String.raw`(?:(?:(?:(?:(?:(?:ab?)?b?)?a?)?b?)?a?)*)*$x`, 'ab', '', '!'],
  ['native', String.raw`(é|É|.)*ü$`, '\u00e9', '', '!'],
  ['native', String.raw`(?:\s|\u00a0|\ufeff)+$x?y`, '\u00a0', '', '!'],
];

// Where the packages are found.
const folder = temporaryFolder('pattern', afterAll, 'node_modules');

interface Attack {
  source: string;
  unit: string;
  start: string;
  end: string;
}

/** Runs them in a process of its own, since nothing else gets out of an expression that does not end. */
async function run(attacks: readonly Attack[]): Promise<void> {
  const list = join(folder, 'attacks.json');
  writeFileSync(list, JSON.stringify(attacks));
  const done = await new Promise<string>((resolve) => {
    const options = { timeout: 90_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [join(folder, 'run.js'), list], options, (_, stdout) => resolve(stdout));
  });
  const count = done.split('\n').length - 1;
  expect(count, `${attacks[count]?.source} on ${attacks[count]?.unit}`).toBe(attacks.length);
}

const RUN = `
import { readFileSync, writeSync } from 'node:fs';
import { compilePattern } from './safe-regex.js';
for (const { source, unit, start, end } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const { maxLength, test } = compilePattern(source);
  for (const length of new Set([${LONG}, maxLength, 200])) {
    const rest = Math.max(0, length - start.length - end.length);
    test((start + unit.repeat(Math.ceil(rest / unit.length)).slice(0, rest) + end).toLowerCase());
  }
  writeSync(1, '.\\n');
}`;

describe('a pattern that is attacked', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'run.js'), RUN);
    for (const name of ['safe-regex', 're2', 'step-bound', 'symbols']) {
      const options = { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 } };
      const { outputText } = ts.transpileModule(readFileSync(`src/engine/regex/${name}.ts`, 'utf8'), options);
      writeFileSync(join(folder, `${name}.js`), outputText);
    }
  });

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

  it('does not hold it either when nobody has thought of it', { timeout: 120_000 }, async () => {
    const sources = fc.sample(patterns(PLAIN, { depth: 3 }), 1500);
    const attacks = sources.flatMap((source, seed): Attack[] => {
      if (sdkTest(source) === undefined || compileRegex(source).kind === 'refused') return [];
      const pick = pickerOf(seed);
      const units = ['a', 'ab', sample(parse(source), pick), sample(parse(source), pick)];
      return units.filter((unit) => unit !== '').map((unit) => ({ source, unit, start: 'b', end: '\n' }));
    });
    expect(attacks.length).toBeGreaterThan(1000);
    await run(attacks);
  });
});

describe('the bound on the steps of a pattern', () => {
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
      { numRuns: 2000 },
    );
    expect(counted).toBeGreaterThan(2000);
  });

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

type Groups = readonly (readonly [number, number] | undefined)[];
type Continue = (at: number, groups: Groups) => boolean;

/** Backtracks as the specification of ECMAScript has it, and counts the nodes that it visits. */
class CountingMatcher {
  steps = 0;
  readonly #pattern: AST.Pattern;
  readonly #groups: AST.CapturingGroup[] = [];
  readonly #sets = new Map<AST.Element, RegExp>();

  constructor(
    source: string,
    readonly value: string,
    readonly maxSteps: number,
  ) {
    this.#pattern = parse(source);
    this.#collect(this.#pattern);
  }

  /** `undefined` after `maxSteps`. */
  test(): boolean | undefined {
    try {
      for (let at = 0; at <= this.value.length; at++) {
        if (this.#choice(this.#pattern.alternatives, false, at, [], () => true)) return true;
      }
      return false;
    } catch (error) {
      if (error instanceof TooManySteps) return undefined;
      throw error;
    }
  }

  #collect({ alternatives }: { alternatives: AST.Alternative[] }): void {
    for (const element of alternatives.flatMap(({ elements }) => elements)) {
      const inner = element.type === 'Quantifier' ? element.element : element;
      if (inner.type === 'CapturingGroup') this.#groups.push(inner);
      if ('alternatives' in inner) this.#collect(inner);
    }
  }

  #step(): void {
    if (++this.steps > this.maxSteps) throw new TooManySteps();
  }

  #choice(
    alternatives: AST.Alternative[],
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    return alternatives.some(({ elements }) => {
      const ordered = backward ? elements.toReversed() : elements;
      const from = (index: number): Continue =>
        index === ordered.length
          ? go
          : (to, then) => this.#element(ordered[index]!, backward, to, then, from(index + 1));
      return from(0)(at, groups);
    });
  }

  #element(element: AST.Element, backward: boolean, at: number, groups: Groups, go: Continue): boolean {
    if (element.type !== 'Group' || element.alternatives.length > 1) this.#step();
    switch (element.type) {
      case 'Group':
        return this.#choice(element.alternatives, backward, at, groups, go);
      case 'CapturingGroup': {
        const index = this.#groups.indexOf(element);
        return this.#choice(element.alternatives, backward, at, groups, (to, inner) =>
          go(to, replaced(inner, [index], backward ? [to, at] : [at, to])),
        );
      }
      case 'Quantifier':
        return this.#loop(element, element.min, element.max, backward, at, groups, go);
      case 'Backreference':
        return this.#reference(element, backward, at, groups, go);
      case 'Assertion':
        return this.#assertion(element, at, groups, go);
      default: {
        const unit = this.value[backward ? at - 1 : at];
        return unit !== undefined && this.#takes(element, unit) && go(backward ? at - 1 : at + 1, groups);
      }
    }
  }

  #loop(
    quantifier: AST.Quantifier,
    min: number,
    max: number,
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    if (max === 0) return go(at, groups);
    const { element, greedy } = quantifier;
    const inside = [...this.#groups.keys()].filter((index) => {
      const { start, end } = this.#groups[index]!;
      return start >= element.start && end <= element.end;
    });
    const goOn = (): boolean => {
      this.#step();
      return this.#element(element, backward, at, replaced(groups, inside, undefined), (to, inner) => {
        if (min === 0 && to === at) return false;
        return this.#loop(quantifier, Math.max(0, min - 1), max - 1, backward, to, inner, go);
      });
    };
    if (min > 0) return goOn();
    return greedy ? goOn() || go(at, groups) : go(at, groups) || goOn();
  }

  #reference(
    { resolved }: AST.Backreference,
    backward: boolean,
    at: number,
    groups: Groups,
    go: Continue,
  ): boolean {
    const group = groups[this.#groups.indexOf([resolved].flat()[0]!)];
    if (group === undefined) return go(at, groups);
    const taken = this.value.slice(...group);
    const from = backward ? at - taken.length : at;
    for (let i = 0; i < taken.length; i++) {
      this.#step();
      if (this.value[from + i]?.toUpperCase() !== taken[i]!.toUpperCase()) return false;
    }
    return go(backward ? from : at + taken.length, groups);
  }

  #assertion(element: AST.Assertion, at: number, groups: Groups, go: Continue): boolean {
    if (element.kind === 'word') {
      const [before, after] = [at - 1, at].map((i) => /\w/.test(this.value.charAt(i)));
      return (before !== after) !== element.negate && go(at, groups);
    }
    if (!('alternatives' in element)) {
      return at === (element.kind === 'start' ? 0 : this.value.length) && go(at, groups);
    }
    let seen = groups;
    const holds = this.#choice(
      element.alternatives,
      element.kind === 'lookbehind',
      at,
      groups,
      (_, inner) => {
        seen = inner;
        return true;
      },
    );
    return holds !== element.negate && go(at, element.negate ? groups : seen);
  }

  #takes(element: AST.Element, unit: string): boolean {
    let set = this.#sets.get(element);
    if (!set) this.#sets.set(element, (set = new RegExp(`^${element.raw}$`, 'i')));
    return set.test(unit);
  }
}

function replaced(groups: Groups, indexes: number[], by: Groups[number]): Groups {
  const copy = [...groups];
  for (const index of indexes) copy[index] = by;
  return copy;
}

class TooManySteps extends Error {}
