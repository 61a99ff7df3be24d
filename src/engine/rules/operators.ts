/**
 * The operators of rules, with the answers of the official SDK 4.4 (`Comparisons` in its bundle), quirks included:
 * sites rely on them, and other backends of the same project give them.
 */
import type { SafeRegex } from '../regex/safe-regex.js';

/** Compares one value. Nearly always a boolean; `_returnNegationCheck` hands through what it got. */
export type Comparison = (value: unknown) => unknown;

/** The expected value of a rule, prepared for comparisons. */
export interface PreparedComparison {
  /** May throw for a value that can't be written as text: that is false. */
  readonly compare: Comparison;
  /** The same for a text, in lower case: it is brought to lower case once for all rules that read it. */
  readonly compareText?: (text: string) => boolean;
  /** The regular expression that it runs; undefined if it runs none. */
  readonly regex?: SafeRegex;
}

export type CompileRegex = (source: string) => SafeRegex;

type Operator = (expected: unknown, negated: boolean, compile: CompileRegex) => PreparedComparison;

/** Compares the text of a value, in lower case. */
const onText =
  (matches: (text: string, expected: string) => boolean): Operator =>
  (expected, negated) => {
    const wanted = String(expected).toLowerCase();
    const compareText = (text: string): boolean => matches(text, wanted) !== negated;
    return { compareText, compare: (value) => compareText(String(value).toLowerCase()) };
  };

const onValue =
  (prepare: (expected: unknown, negated: boolean) => Comparison): Operator =>
  (expected, negated) => ({ compare: prepare(expected, negated) });

/** An array has the expected as a member, an object as a key; both with their case. */
const equals: Operator = (expected, negated) => {
  const key = textOf(expected);
  const wanted = key?.toLowerCase();
  const compareText = (text: string): boolean => wanted !== undefined && (text === wanted) !== negated;
  return {
    compareText,
    compare: (value) => {
      if (Array.isArray(value)) return value.includes(expected) !== negated;
      if (key === undefined) return false;
      if (typeof value === 'object' && value !== null) {
        const keys = Object.keys(value);
        if (keys.length > 0) return keys.includes(key) !== negated;
      }
      return compareText(String(value).toLowerCase());
    },
  };
};

/** Values of two types can't be ordered: false, negated or not. */
const ordered = (isRight: (value: never, expected: never) => boolean): Operator =>
  onValue((expected, negated) => {
    const limit = asNumber(expected) as never;
    return (value) => {
      const found = asNumber(value) as never;
      return typeof found === typeof limit && isRight(found, limit) !== negated;
    };
  });

/** Only what the rule lists is brought to lower case, not the value. */
const isIn = onValue((expected, negated) => {
  const list: readonly unknown[] =
    typeof expected === 'string' ? expected.split('|') : Array.isArray(expected) ? expected : [];
  const wanted = new Set(list.map((each) => String(each).toLowerCase()));
  return (value) => {
    const text = String(value);
    const found = text.includes('|') ? text.split('|').some((each) => wanted.has(each)) : wanted.has(text);
    return found !== negated;
  };
});

const isThere = onValue((_expected, negated) => (value) => {
  return (value !== undefined && value !== null && value !== '') !== negated;
});

const isNotThere: Operator = (expected, negated, compile) => isThere(expected, !negated, compile);

const matchesPattern: Operator = (expected, negated, compile) => {
  const regex = compile(String(expected));
  // A value that the expression is not run on doesn't match, negated or not, as with an expression that the SDK
  // refuses.
  const compareText = (text: string): boolean =>
    text.length <= regex.maxLength && regex.test(text) !== negated;
  return { compareText, compare: (value) => compareText(String(value).toLowerCase()), regex };
};

/** `match_type` -> operator. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['equals', equals],
  ['equalsNumber', equals],
  ['matches', equals],
  ['less', ordered((value, limit) => value < limit)],
  ['lessEqual', ordered((value, limit) => value <= limit)],
  // Blank text is in everything.
  ['contains', onText((text, part) => text.includes(part) || part.trim() === '')],
  ['isIn', isIn],
  ['startsWith', onText((text, start) => text.startsWith(start))],
  ['endsWith', onText((text, end) => text.endsWith(end))],
  ['regexMatches', matchesPattern],
  ['exists', isThere],
  ['not_exists', isNotThere],
  ['doesNotExist', isNotThere],
  // Not meant as an operator, but the SDK takes it for one: what the rule expects decides about the negation.
  ['_returnNegationCheck', onValue((expected) => (value) => (expected ? !value : value))],
]);

/** Operators that have an answer for a property which nobody supplied; all others are false, negated or not. */
export const ANSWERS_ABSENCE: ReadonlySet<string> = new Set(['exists', 'doesNotExist']);

/**
 * undefined for an operator that nobody knows.
 *
 * @param compile compiles the regular expressions of one project, which may have the same one many times
 */
export function prepareComparison(
  operator: string,
  expected: unknown,
  negated: boolean,
  compile: CompileRegex,
): PreparedComparison | undefined {
  const prepare = OPERATORS.get(operator);
  if (prepare === undefined) return undefined;
  try {
    return prepare(expected, negated, compile);
  } catch {
    // The expected value can't be written as text; in the SDK, each comparison with it fails.
    return { compare: () => false };
  }
}

/** undefined for what can't be written as text, such as an object with a `toString` of its own. */
function textOf(value: unknown): string | undefined {
  try {
    return String(value);
  } catch {
    return undefined;
  }
}

const NUMERIC = /^-?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)$/;

/** A number for a number or the text of one (`1,234.5`), else the value itself. */
function asNumber(value: unknown): unknown {
  if (typeof value !== 'string' || !NUMERIC.test(value)) return value;
  if (!Number.isFinite(parseFloat(value.replace(/,/g, '')))) return value;
  // In a number that begins with `0,` the SDK takes the comma for a decimal point.
  return parseFloat(value.startsWith('0,') ? value.replace(/,/g, '.') : value.replace(/,/g, ''));
}
