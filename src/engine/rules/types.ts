/** The types of compiled rules: what a rule reads, how it compares, and why it may never match. */
import type { Rule } from '../../model/project-config.js';
import type { EngineVisitor } from '../types.js';

/**
 * The result of a rule, nearly always a boolean. Any other value than `false` and BROKEN counts as matched if it does
 * so in the official SDK.
 */
export type RuleResult = unknown;

export interface CompiledRule {
  readonly test: Predicate;
  /** How the rule reads and compares; undefined if the rule is not valid. */
  readonly about: RuleAbout | undefined;
  /** True if its result for the same properties may change, so that it must not be remembered. */
  readonly volatile: boolean;
  /** True if its result depends on the visitor's state. */
  readonly readsState: boolean;
}

export interface RuleAbout {
  readonly rule: ValidRule;
  readonly source: RuleSource;
  /** Why it never matches, whatever the value is. */
  readonly problem: RuleProblem | undefined;
  /** A warning about the rule for the operator. */
  readonly warning: string | undefined;
}

/** A rule that the official SDK would understand. */
export interface ValidRule extends Rule {
  readonly matching: { readonly match_type: string; readonly negated: boolean };
}

/** `unsupported-rule`: no server can answer it. `unsafe-pattern`: it could hold the event loop. */
export type RuleProblem = 'invalid-rule' | 'unsupported-rule' | 'unsafe-pattern';

/** The values of one visitor's properties, as rules ask for them. `evaluation/property-values.ts` implements it. */
export interface RuleValues {
  /** Other facts about the visitor that rules may read. */
  readonly input: RuleInput;
  /** The value of the property with this index in the project's property names, or ABSENT. */
  at(index: number): unknown;
  /** The same value in lower case; undefined if it is no text. */
  textAt(index: number): string | undefined;
  /** The value of a property, or ABSENT. */
  named(name: string): unknown;
}

/** A visitor while their experiences are decided. `evaluation/evaluation-input.ts` implements it. */
export interface RuleInput {
  readonly subject: EngineVisitor;
  readonly location: RuleValues;
  readonly visitor: RuleValues;
  readonly state: {
    readonly customSegments: readonly unknown[];
    /** The visitor has a variation of an experience other than the one that is being decided. */
    isInOther(isMeant: (experienceId: string) => boolean): boolean;
  };
}

/** Answers from the values that it is given. */
export type Predicate = (values: RuleValues) => RuleResult;

export interface CompiledRules {
  /** The result of all rules together. */
  readonly match: Predicate;
  readonly branches: Branches;
  readonly volatile: boolean;
  readonly readsState: boolean;
}

export type Branches = readonly (readonly (readonly CompiledRule[])[])[];

/** Finds the source of the value for rules that the official SDK cannot answer; undefined for all other rules. */
export type WebRules = (rule: Rule) => RuleSource | undefined;

/** The source of the value that a rule compares. */
export interface RuleSource {
  /** The property, or the type of a rule that reads none. */
  readonly property: string;
  /** The value, or ABSENT. Never throws. */
  readonly read: (values: RuleValues) => unknown;
  /** The index of the property in the project's property names, if the rule reads just one property. */
  readonly index?: number;
  readonly volatile: boolean;
  readonly readsState: boolean;
  readonly supported: boolean;
}
