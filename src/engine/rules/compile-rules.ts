/** Compiles the rules of a location, an audience, a segment or a goal: an OR of ANDs of ORs, with the SDK's answers. */
import type { Rule, RuleSet } from '../../model/project-config.js';
import type { SafeRegex } from '../regex/safe-regex.js';
import {
  ANSWERS_ABSENCE,
  type Comparison,
  type CompileRegex,
  prepareComparison,
  type PreparedComparison,
} from './operators.js';
import { ABSENT, type PropertyNames } from './property-names.js';
import type {
  Branches,
  CompiledRule,
  CompiledRules,
  RuleResult,
  Predicate,
  RuleSource,
  RuleValues,
  WebRules,
  ValidRule,
} from './types.js';

/** The result of a rule at which the official SDK throws an exception. The visitor gets no variation then. */
export const BROKEN: unique symbol = Symbol('broken');

/** True if the result of a rule is an error, so that nothing is decided. */
export function isRuleError(result: RuleResult): boolean {
  return typeof result !== 'boolean' && RULE_ERRORS.has(result);
}

/**
 * The results of rules that are errors. The texts are the SDK's results for properties that are an object with methods.
 */
const RULE_ERRORS: ReadonlySet<unknown> = new Set([
  BROKEN,
  'convert.com_no_data_found',
  'convert.com_need_more_data',
]);

export class RuleCompiler {
  /** Warnings for the operator about the rules that were compiled. */
  readonly warnings: string[] = [];

  constructor(
    private readonly names: PropertyNames,
    private readonly uiRules: WebRules | undefined,
    private readonly compileRegex: CompileRegex,
  ) {}

  /** Compiled regular expressions by source: a project may have the same one many times. */
  readonly #regexes = new Map<string, SafeRegex>();
  readonly #compileRegex = (source: string): SafeRegex => {
    let regex = this.#regexes.get(source);
    if (regex === undefined) {
      regex = this.compileRegex(source);
      this.#regexes.set(source, regex);
    }
    return regex;
  };
  /** Testers by property, operator and expected value. */
  readonly #testers = new Map<string, Predicate>();
  /** Sources by property. */
  readonly #sources = new Map<string, RuleSource>();

  /** @param owner the entity that has the rules, as a warning for the operator names it */
  compile(rules: RuleSet | null | undefined, owner: string): CompiledRules {
    const branches = parts(rules, 'OR').map((branch) =>
      parts(branch, 'AND').map((part) => parts(part, 'OR_WHEN').map((rule) => this.#rule(rule))),
    );
    const all = branches.flat(2);
    if (all.some(({ about }) => about?.warning !== undefined)) this.#warn(branches, owner);
    return {
      match: matcherOf(branches),
      branches,
      volatile: all.some((rule) => rule.volatile),
      readsState: all.some((rule) => rule.readsState),
    };
  }

  #warn(branches: Branches, owner: string): void {
    for (const { path, rule } of allRules(branches)) {
      const { warning } = rule.about ?? {};
      if (warning === undefined) continue;
      this.warnings.push(
        `the regular expression of ${owner}, ${path}, could hold the event loop: ${warning}`,
      );
    }
  }

  #rule(rule: unknown): CompiledRule {
    if (rule === BROKEN) return BROKEN_RULE;
    if (rule === INVALID) return INVALID_RULE;
    if (rule === null || rule === undefined) return BROKEN_RULE;
    const { matching, value } = rule as Rule;
    if (!Object.hasOwn(rule, 'matching') || typeof matching !== 'object') return INVALID_RULE;
    if (matching === null) return BROKEN_RULE;
    const { match_type: operator, negated } = matching;
    if (typeof operator !== 'string' || typeof negated !== 'boolean') return INVALID_RULE;
    const answersAbsence = ANSWERS_ABSENCE.has(operator);
    if (!answersAbsence && !Object.hasOwn(rule, 'value')) return INVALID_RULE;
    const prepared = prepareComparison(operator, value, negated, this.#compileRegex);
    if (prepared === undefined) return INVALID_RULE;
    const source = this.#source(rule);
    const { supported, volatile, readsState } = source;
    // Without `uiRules`, a rule without a key counts as a rule about a missing property, as with the SDK: an operator
    // that asks whether a property is missing matches.
    const isNever = !supported && this.uiRules !== undefined;
    const whenAbsent = answersAbsence && !isNever ? prepared.compare(undefined) : false;
    return {
      test: this.#tester(source, prepared, whenAbsent, `${operator} ${negated}`, value),
      about: {
        rule: rule as ValidRule,
        source,
        problem: !supported
          ? 'unsupported-rule'
          : prepared.regex?.kind === 'refused'
            ? 'unsafe-pattern'
            : undefined,
        warning: warningOf(prepared.regex),
      },
      volatile,
      readsState,
    };
  }

  /** Rules with one property, operator and expected value share a tester, so that it stays in the processor's cache. */
  #tester(
    source: RuleSource,
    prepared: PreparedComparison,
    whenAbsent: RuleResult,
    operator: string,
    value: unknown,
  ): Predicate {
    const { index } = source;
    if (index === undefined || (typeof value !== 'string' && typeof value !== 'number')) {
      return tester(source, prepared, whenAbsent);
    }
    const asked = `${index} ${operator} ${typeof value} ${value}`;
    let test = this.#testers.get(asked);
    if (test === undefined) {
      test = tester(source, prepared, whenAbsent);
      this.#testers.set(asked, test);
    }
    return test;
  }

  #source(rule: Rule): RuleSource {
    const answered = this.uiRules?.(rule);
    if (answered !== undefined) return answered;
    const { key } = rule;
    if (typeof key !== 'string') return noSource(rule);
    let source = this.#sources.get(key);
    if (source === undefined) {
      const index = this.names.indexOf(key);
      const read = (values: RuleValues): unknown => values.at(index);
      source = { property: key, read, index, volatile: false, readsState: false, supported: true };
      this.#sources.set(key, source);
    }
    return source;
  }
}

/**
 * The length of a long value, in UTF-16 code units. URLs may be so long, so the operator gets a warning about a regular
 * expression that is not run on them.
 */
const LONG_VALUE = 8192;

function warningOf(regex: SafeRegex | undefined): string | undefined {
  if (regex === undefined || regex.kind === 'invalid' || regex.maxLength >= LONG_VALUE) return undefined;
  return regex.kind === 'refused'
    ? 'it is not run, and never matches'
    : `it is not run on values of more than ${regex.maxLength} characters, and does not match them`;
}

/** Makes the source of a rule that can't be answered: the value is always `ABSENT`. */
export function noSource({ rule_type: type }: Rule): RuleSource {
  const property = typeof type === 'string' ? type : '';
  return { property, read: () => ABSENT, volatile: false, readsState: false, supported: false };
}

function tester(
  { read, index }: RuleSource,
  { compare, compareText }: PreparedComparison,
  whenAbsent: RuleResult,
): Predicate {
  if (index === undefined) return (values) => compareValue(read(values), compare, whenAbsent);
  if (compareText === undefined) return (values) => compareValue(values.at(index), compare, whenAbsent);
  return (values) => {
    const text = values.textAt(index);
    return text === undefined ? compareValue(values.at(index), compare, whenAbsent) : compareText(text);
  };
}

function compareValue(value: unknown, compare: Comparison, whenAbsent: RuleResult): RuleResult {
  if (value === ABSENT) return whenAbsent;
  try {
    return compare(value);
  } catch {
    // The value can't be written as text. The SDK catches the same error.
    return false;
  }
}

/** Stands for a level of the rules that lacks the list which the SDK expects. Such a level is false. */
const INVALID: unique symbol = Symbol('invalid');

const NO_RULE = { about: undefined, volatile: false, readsState: false };
const INVALID_RULE: CompiledRule = { ...NO_RULE, test: () => false };
const BROKEN_RULE: CompiledRule = { ...NO_RULE, test: () => BROKEN };

/** Returns the entries of one level of the rules; `BROKEN` or `INVALID` alone if the level is malformed. */
function parts(level: unknown, name: 'OR' | 'AND' | 'OR_WHEN'): readonly unknown[] {
  if (level === BROKEN || level === INVALID) return [level];
  if (level === null || level === undefined) return [BROKEN];
  const list: unknown = Object.hasOwn(level, name) ? (level as Record<string, unknown>)[name] : undefined;
  return Array.isArray(list) && list.length > 0 ? list : [INVALID];
}

/**
 * Makes the predicate for all rules together. Most rules are one branch whose parts have one rule each. Their predicate
 * skips the lists of branches and parts, which is faster.
 */
function matcherOf(branches: Branches): Predicate {
  const [branch] = branches;
  if (branches.length > 1 || !branch!.every((part) => part.length === 1)) {
    return (values) => matchBranches(branches, values);
  }
  const tests = branch!.map(([rule]) => rule!.test);
  const [first, second] = tests;
  if (tests.length === 1) return first!;
  if (tests.length === 2) {
    return (values) => {
      const result = first!(values);
      return result === true ? second!(values) : result;
    };
  }
  return (values) => {
    for (const test of tests) {
      const result = test(values);
      if (result !== true) return result;
    }
    return true;
  };
}

function matchBranches(branches: Branches, values: RuleValues): RuleResult {
  let result: RuleResult = false;
  for (const branch of branches) {
    result = matchAll(branch, values);
    if (result === true || result === BROKEN) return result;
  }
  return result;
}

/** Returns the result of the first part that is not true; true if all parts are true. */
function matchAll(branch: Branches[number], values: RuleValues): RuleResult {
  for (const part of branch) {
    const result = matchAny(part, values);
    if (result !== true) return result;
  }
  return true;
}

function matchAny(part: readonly CompiledRule[], values: RuleValues): RuleResult {
  let result: RuleResult = false;
  for (const rule of part) {
    result = rule.test(values);
    if (result === true || result === BROKEN) return result;
  }
  return result;
}

interface PlacedRule {
  /** The path of the rule in its rule set: `OR[0].AND[1].OR_WHEN[0]`. */
  readonly path: string;
  readonly rule: CompiledRule;
}

function allRules(branches: Branches): PlacedRule[] {
  return branches.flatMap((branch, or) =>
    branch.flatMap((part, and) => part.map((rule, when) => ({ path: pathOf(or, and, when), rule }))),
  );
}

const pathOf = (or: number, and: number, when: number): string => `OR[${or}].AND[${and}].OR_WHEN[${when}]`;

/** Returns, for each branch, the rules of the first part that did not match. Empty if the rules match. */
export function failedRules(rules: CompiledRules, values: RuleValues): PlacedRule[] {
  const failed: PlacedRule[] = [];
  for (const [or, branch] of rules.branches.entries()) {
    const and = branch.findIndex((part) => matchAny(part, values) !== true);
    if (and === -1) return [];
    for (const [when, rule] of branch[and]!.entries()) {
      failed.push({ path: pathOf(or, and, when), rule });
    }
  }
  return failed;
}
