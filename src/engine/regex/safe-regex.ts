/**
 * Runs the regular expressions of a project config on values that any visitor can choose. The answers are those of
 * `new RegExp(source, 'i').test(value)`, and none blocks the event loop for long.
 *
 * JavaScript's own regular expressions answer where they are proven to be quick (step-bound.ts), and RE2, whose
 * time grows with the length of the value and of the regular expression, answers for the rest. RE2 has neither
 * lookarounds nor back references.
 */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { re2Test, programSize, type Test } from './re2.js';
import { stepBound } from './step-bound.js';

export interface SafeRegex {
  /**
   * The engine that runs the expression on long values. `native`: JavaScript. `linear`: RE2. `refused`: none, since the
   * expression could block the event loop; it never matches. `invalid`: none, since it is no regular expression; it
   * never matches.
   */
  readonly kind: 'native' | 'linear' | 'refused' | 'invalid';
  /**
   * The length of the longest value that the expression is run on, in UTF-16 code units, from 256 to 65,536. A longer
   * value never matches. The length is less than 8192 only if more could take too long. -1: the expression is not run.
   */
  readonly maxLength: number;
  /** True if the expression matches the value. Never throws. */
  readonly test: (value: string) => boolean;
}

/**
 * The length of the longest regular expression, in UTF-16 code units. It bounds how long `compileRegex` takes for
 * the worst of them.
 */
const MAX_SOURCE = 5000;
/** The greatest depth to which groups may be nested. A regular expression with deeper groups is refused. */
const MAX_NESTING = 100;
/** The length of the longest value for any regular expression, in UTF-16 code units. */
const MAX_VALUE = 65_536;
/**
 * The length of a long value, in UTF-16 code units. If JavaScript is quick enough for values of this length, the kind
 * of the expression is `native`.
 */
const LONG_VALUE = 8192;
/**
 * The length of a short value, in UTF-16 code units. If no engine is quick enough for values of this length, the
 * regular expression is refused.
 */
const SHORT_VALUE = 256;
/**
 * The greatest `stepBound` at which JavaScript runs a regular expression. A step takes nanoseconds, more of them before
 * V8 has compiled the expression: the worst request waits for a moment, and not for seconds.
 */
const MAX_STEPS = 3_000_000;
/** The most instructions that a program of RE2 may have. A larger one would take long to compile. */
const MAX_PROGRAM = 512;
/**
 * The most steps that RE2 may take for one value: the instructions of its program times the length of the value. A
 * step of re2js takes several times as long as one of JavaScript.
 */
const MAX_VISITS = 64 * LONG_VALUE;

const INVALID: SafeRegex = { kind: 'invalid', maxLength: -1, test: () => false };
const REFUSED: SafeRegex = { kind: 'refused', maxLength: -1, test: () => false };

const parser = new RegExpParser({ ecmaVersion: 2024 });

/**
 * Chooses the engine for a regular expression and the length of the longest value, from the source alone. Never throws.
 */
export function compileRegex(source: string): SafeRegex {
  if (source.length > MAX_SOURCE) return REFUSED;
  if (!isExpression(source)) return INVALID;
  if (nesting(source) > MAX_NESTING) return REFUSED;
  try {
    const original = parse(source);
    const short = shortened(source, original);
    const regex = short === source ? original : parse(short);
    const native = longestNative(stepBound(regex));
    const size = programSize(regex);
    const linear = size > MAX_PROGRAM ? -1 : Math.min(MAX_VALUE, Math.floor(MAX_VISITS / size));
    const maxLength = Math.max(native, linear);
    if (maxLength < SHORT_VALUE) return REFUSED;
    const runNative = lazyTest(() => nativeTest(short));
    const runLinear = lazyTest(() => re2Test(parse(short)));
    return {
      kind: native >= LONG_VALUE || native === maxLength ? 'native' : 'linear',
      maxLength,
      test: (value) => value.length <= maxLength && (value.length <= native ? runNative : runLinear)(value),
    };
  } catch {
    // V8 accepts some syntax of regular expressions that the parser does not know. An expression with such syntax is
    // refused.
    return REFUSED;
  }
}

/**
 * Makes a test only when the first value comes, since most regular expressions of a project are needed late or never.
 */
function lazyTest(make: () => Test): Test {
  let made: Test | undefined;
  return (value) => {
    try {
      return (made ??= make())(value);
    } catch {
      // As in the SDK, the answer is false if V8 fails to run the regular expression.
      return false;
    }
  };
}

function nativeTest(source: string): Test {
  const expression = new RegExp(source, 'i');
  return (value) => expression.test(value);
}

/**
 * Returns a length of values that JavaScript is sure to match within `MAX_STEPS`, to a tenth of the greatest such
 * length; -1 if the greatest is less than `SHORT_VALUE`.
 */
function longestNative(steps: (length: number) => number): number {
  const isQuick = (length: number): boolean => steps(length) <= MAX_STEPS;
  if (isQuick(MAX_VALUE)) return MAX_VALUE;
  if (!isQuick(SHORT_VALUE)) return -1;
  let [quick, slow] = [SHORT_VALUE, MAX_VALUE];
  // The search ends when the greatest length of values is known to a tenth.
  while (slow > 1.1 * quick) {
    const middle = Math.floor((quick + slow) / 2);
    if (isQuick(middle)) quick = middle;
    else slow = middle;
  }
  return quick;
}

function isExpression(source: string): boolean {
  try {
    new RegExp(source, 'i');
    return true;
  } catch {
    return false;
  }
}

function parse(source: string): AST.Pattern {
  return parser.parsePattern(source, 0, source.length, { unicode: false });
}

/** Returns the greatest depth to which the groups of a regular expression are nested. */
function nesting(source: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*|[()]/gs)) {
    if (token === '(') deepest = Math.max(deepest, ++depth);
    else if (token === ')') depth--;
  }
  return deepest;
}

/**
 * Returns a regular expression that matches the same values in fewer ways. Only the existence of a match matters, so a
 * loop at the start or the end of a match need not go on: `x+y` becomes `x{1}y`, and `.*y.*` becomes `y`.
 */
function shortened(source: string, regex: AST.Pattern): string {
  // The edits that shorten the expression: index in `source` -> the index at which the replaced text ends, and the new
  // text.
  const edits = new Map<number, [number, string]>();

  function trim(alternatives: readonly AST.Alternative[], end: 'first' | 'last'): void {
    for (const { elements } of alternatives) {
      for (const element of end === 'first' ? elements : elements.toReversed()) {
        if (element.type === 'Quantifier' && element.min === 0) {
          edits.set(element.start, [element.end, '(?:)']);
          continue;
        }
        if (element.type === 'Quantifier' && Number.isSafeInteger(element.min)) {
          edits.set(element.element.end, [element.end, `{${element.min}}`]);
        }
        const inner = element.type === 'Quantifier' && element.min === 1 ? element.element : element;
        if (inner.type === 'Group' || inner.type === 'CapturingGroup') trim(inner.alternatives, end);
        break;
      }
    }
  }

  trim(regex.alternatives, 'first');
  trim(regex.alternatives, 'last');
  for (const element of elementsOf(regex)) {
    // If there is a back reference, nothing is shortened, since the text that its group takes matters.
    if (element.type === 'Backreference') return source;
    if (element.type !== 'Assertion' || !('alternatives' in element)) continue;
    trim(element.alternatives, element.kind === 'lookahead' ? 'last' : 'first');
  }

  let result = '';
  let done = 0;
  for (const [start, [end, text]] of [...edits].sort(([one], [other]) => one - other)) {
    if (start < done) continue;
    result += source.slice(done, start) + text;
    done = end;
  }
  return result + source.slice(done);
}

function* elementsOf({ alternatives }: { alternatives: readonly AST.Alternative[] }): Iterable<AST.Element> {
  for (const { elements } of alternatives) {
    for (const element of elements) {
      yield element;
      const inner = element.type === 'Quantifier' ? element.element : element;
      if (inner !== element) yield inner;
      if ('alternatives' in inner) yield* elementsOf(inner);
    }
  }
}
