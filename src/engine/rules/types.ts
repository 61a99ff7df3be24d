/** Compiled rules: what each one reads, how it compares, and why it may never match. */
import type { Rule } from '../../model/project-config.js';
import type { EngineVisitor } from '../types.js';

/**
 * Nearly always a boolean. Anything else that is neither `false` nor BROKEN counts as matched where the SDK says so.
 */
export type RuleResult = unknown;

export interface CompiledRule {
  readonly test: Predicate;
  /** What the rule reads and how it compares; undefined where the rule is not valid. */
  readonly about: RuleAbout | undefined;
  /** Its result for the same properties may change: it must not be remembered. */
  readonly volatile: boolean;
  /** Its result depends on what is stored of the visitor. */
  readonly readsState: boolean;
}

export interface RuleAbout {
  readonly rule: ValidRule;
  readonly source: RuleSource;
  /** Why it never matches, whatever the value is. */
  readonly problem: RuleProblem | undefined;
  /** What an operator should know of it. */
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
  /** What else rules may ask about the visitor. */
  readonly input: RuleInput;
  /** The value at a place of the project's property names, or ABSENT. */
  at(index: number): unknown;
  /** The value at a place, in lower case; undefined where it is no text. */
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

/** Where the rules have their values that the official SDK has none for; undefined for all other rules. */
export type WebRules = (rule: Rule) => RuleSource | undefined;

/** Where a rule has its value. */
export interface RuleSource {
  /** The property, or the type of a rule that reads none. */
  readonly property: string;
  /** The value, or ABSENT. Never throws. */
  readonly read: (values: RuleValues) => unknown;
  /** The place of the property among the names of the project, where it is just that. */
  readonly index?: number;
  readonly volatile: boolean;
  readonly readsState: boolean;
  readonly supported: boolean;
}
