/**
 * Runs regular expressions of JavaScript in RE2, whose time grows no faster than the length of the value and of the
 * regular expression. RE2 has neither lookarounds nor back references.
 */
import type { AST } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';

export type Test = (value: string) => boolean;

/**
 * Returns an upper bound on the instructions in RE2's program for a regular expression; `Infinity` if RE2 can't run it.
 */
export function programSize(regex: AST.Pattern): number {
  // Every program of RE2 has one instruction to fail and one to match.
  return 2 + choiceSize(regex.alternatives);
}

function choiceSize(alternatives: readonly AST.Alternative[]): number {
  const sizes = alternatives.map(({ elements }) =>
    elements.reduce((size, element) => size + elementSize(element), 0),
  );
  return sizes.reduce((total, size) => total + Math.max(1, size), alternatives.length - 1);
}

function elementSize(element: AST.Element): number {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return choiceSize(element.alternatives);
    case 'Quantifier': {
      const { min, max } = element;
      const once = elementSize(element.element);
      if (once === Infinity) return Infinity;
      if (max === Infinity) return min === 0 ? once + 2 : min * once + 1;
      return Math.max(1, min * once + (max - min) * (once + 1));
    }
    case 'Assertion':
      return 'alternatives' in element ? Infinity : 1;
    case 'Backreference':
      return Infinity;
    default:
      return 1;
  }
}

/**
 * The distance by which surrogates are moved, to the last code points of Unicode. RE2 would read a pair of surrogates
 * as one character, and JavaScript without the flag `u` does not.
 */
const MOVE = 0x10f800 - 0xd800;

/**
 * Returns a test that runs a regular expression in RE2. The expression is translated first, since the same syntax often
 * means something else in RE2.
 */
export function re2Test({ alternatives }: AST.Pattern): Test {
  const expression = RE2JS.compile(translatedChoice(alternatives));
  // The method `test()` of re2js is avoided, since its automaton grows with the values that it sees.
  return (value) => expression.matcher(value.replaceAll(/[\ud800-\udfff]/g, moved)).find();
}

function moved(surrogate: string): string {
  return String.fromCodePoint(surrogate.charCodeAt(0) + MOVE);
}

function translatedChoice(alternatives: readonly AST.Alternative[]): string {
  return `(?:${alternatives.map(({ elements }) => elements.map(translated).join('')).join('|')})`;
}

const ASSERTIONS: Readonly<Record<string, string>> = { '^': '\\A', $: '\\z', '\\b': '\\b', '\\B': '\\B' };

function translated(element: AST.Element): string {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return translatedChoice(element.alternatives);
    case 'Quantifier': {
      const { min, max } = element;
      // RE2 counts even an element that is repeated zero times, so such an element is left out. RE2 takes no product of
      // nested counts above 1000; `MAX_PROGRAM` is less.
      return max === 0 ? '(?:)' : `${translated(element.element)}{${min},${max === Infinity ? '' : max}}`;
    }
    case 'Assertion':
      return ASSERTIONS[element.raw]!;
    case 'Character':
      return translatedUnit(element.value);
    default:
      return translatedSet(element.raw);
  }
}

function translatedUnit(unit: number): string {
  const hex = unit.toString(16).padStart(4, '0');
  if (unit >= 128) return translatedSet(`\\u${hex}`);
  const text = String.fromCharCode(unit);
  return /[a-z]/i.test(text) ? `[${text.toUpperCase()}${text.toLowerCase()}]` : `\\x{${hex}}`;
}

/**
 * Translates an expression that matches one UTF-16 unit, such as a set. All units are run through JavaScript's own
 * regular expression, to find which units it matches.
 */
function translatedSet(atom: string): string {
  const runs = allUnits().matchAll(new RegExp(`(?:${atom})+`, 'gi'));
  const ranges = Array.from(runs, ({ index, 0: { length } }) => translatedRange(index, index + length - 1));
  return ranges.length > 0 ? `[${ranges.join('')}]` : '[^\\x{0}-\\x{10ffff}]';
}

function translatedRange(from: number, to: number): string {
  const ranges = [
    [from, Math.min(to, 0xd7ff)],
    [Math.max(from, 0xd800) + MOVE, Math.min(to, 0xdfff) + MOVE],
    [Math.max(from, 0xe000), to],
  ];
  const texts = ranges.map(([low, high]) =>
    low! > high! ? '' : `\\x{${low!.toString(16)}}-\\x{${high!.toString(16)}}`,
  );
  return texts.join('');
}

let units: string | undefined;

/** Returns a text of all UTF-16 units, in which the index of a unit is its value. */
function allUnits(): string {
  const row = (high: number): string =>
    String.fromCharCode(...Array.from({ length: 256 }, (_, low) => 256 * high + low));
  return (units ??= Array.from({ length: 256 }, (_, high) => row(high)).join(''));
}
