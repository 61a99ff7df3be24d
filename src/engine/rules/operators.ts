/**
 * The operators of rules, with the answers of the official SDK 4.4 (`Comparisons` in its bundle). Its quirks are kept,
 * since sites rely on them, and since other backends of the same project give the same answers.
 */
import type { SafeRegex } from '../regex/safe-regex.js';

/**
 * Compares one value with the expected value of a rule. The result is a boolean, except for `_returnNegationCheck`,
 * which may return the value itself.
 */
export type Comparison = (value: unknown) => unknown;

/** The expected value of a rule, prepared for comparisons. */
export interface PreparedComparison {
  /** Compares a value. May throw if the value can't be written as text; the caller takes that for false. */
  readonly compare: Comparison;
  /**
   * The same comparison for a text that is in lower case already. A property is brought to lower case once for all
   * rules that read it.
   */
  readonly compareText?: (text: string) => boolean;
  /** The regular expression that the comparison runs; undefined if it runs none. */
  readonly regex?: SafeRegex;
}

export type CompileRegex = (source: string) => SafeRegex;

type Operator = (expected: unknown, negated: boolean, compile: CompileRegex) => PreparedComparison;

/** Makes an operator that compares the text of a value with the expected text, both in lower case. */
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

/**
 * Compares for equality. An array matches if the expected value is a member, and an object matches if the expected
 * value is a key. Case counts for members and keys, but not for texts.
 */
const equals: Operator = (expected, negated) => {
  const key = textOrUndefined(expected);
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

/**
 * Makes an operator that compares by size. If the two values have different types, the result is false, negated or not.
 */
const ordered = (isRight: (value: never, expected: never) => boolean): Operator =>
  onValue((expected, negated) => {
    const limit = asNumber(expected) as never;
    return (value) => {
      const found = asNumber(value) as never;
      return typeof found === typeof limit && isRight(found, limit) !== negated;
    };
  });

/** Looks for a value in the list of a rule. As in the SDK, the list is brought to lower case, but the value is not. */
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
  // If the value is too long for the regular expression, the result is false, negated or not, as for an expression that
  // the SDK refuses.
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
  // `contains` finds a blank expected text in every value.
  ['contains', onText((text, part) => text.includes(part) || part.trim() === '')],
  ['isIn', isIn],
  ['startsWith', onText((text, start) => text.startsWith(start))],
  ['endsWith', onText((text, end) => text.endsWith(end))],
  ['regexMatches', matchesPattern],
  ['exists', isThere],
  ['not_exists', isNotThere],
  ['doesNotExist', isNotThere],
  // `_returnNegationCheck` is an internal function of the SDK, which the SDK accepts as an operator. The expected value
  // of the rule decides whether the result is negated.
  ['_returnNegationCheck', onValue((expected) => (value) => (expected ? !value : value))],
]);

/** Operators that have an answer for a property which nobody supplied; all others are false, negated or not. */
export const ANSWERS_ABSENCE: ReadonlySet<string> = new Set(['exists', 'doesNotExist']);

/**
 * Prepares the comparison of a rule; undefined if the operator is unknown.
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
    // The expected value can't be written as text. In the SDK, each comparison with such a value is false.
    return { compare: () => false };
  }
}

/**
 * Returns the value as text; undefined if it can't be written as text, such as an object from JSON with a field
 * `toString`.
 */
function textOrUndefined(value: unknown): string | undefined {
  try {
    return String(value);
  } catch {
    return undefined;
  }
}

const NUMERIC = /^-?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)$/;

/** Returns the number if the value is the text of a number, such as `1,234.5`; otherwise the value itself. */
function asNumber(value: unknown): unknown {
  if (typeof value !== 'string' || !NUMERIC.test(value)) return value;
  if (!Number.isFinite(parseFloat(value.replace(/,/g, '')))) return value;
  // In a number that begins with `0,` the SDK takes the comma for a decimal point.
  return parseFloat(value.startsWith('0,') ? value.replace(/,/g, '.') : value.replace(/,/g, ''));
}
