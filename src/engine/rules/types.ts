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
  /**
   * True if the result of the rule may change while the properties stay the same. Such a result must not be remembered.
   */
  readonly volatile: boolean;
  /** True if the result of the rule depends on the visitor's state. */
  readonly readsState: boolean;
}

export interface RuleAbout {
  readonly rule: ValidRule;
  readonly source: RuleSource;
  /** The reason why the rule never matches, whatever the value is; undefined if the rule may match. */
  readonly problem: RuleProblem | undefined;
  /** A warning about the rule for the operator; undefined if there is none. */
  readonly warning: string | undefined;
}

/** A rule that the official SDK would understand. */
export interface ValidRule extends Rule {
  readonly matching: { readonly match_type: string; readonly negated: boolean };
}

/**
 * `invalid-rule`: the official SDK would not understand the rule. `unsupported-rule`: a server can't answer the rule.
 * `unsafe-pattern`: the rule's regular expression could block the event loop.
 */
export type RuleProblem = 'invalid-rule' | 'unsupported-rule' | 'unsafe-pattern';

/** The values of one visitor's properties, as rules ask for them. `evaluation/property-values.ts` implements it. */
export interface RuleValues {
  /** Other facts about the visitor that rules may read. */
  readonly input: RuleInput;
  /** The value of the property with this index in the project's property names, or ABSENT. */
  at(index: number): unknown;
  /** The value of the property with this index in lower case; undefined if it is not text. */
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
    /**
     * True if the visitor has a variation of an experience for which `isMeant` is true. The experience that is being
     * decided does not count.
     */
    isInOther(isMeant: (experienceId: string) => boolean): boolean;
  };
}

/** Gives the result of one rule, or of several rules together, for the values of one visitor. */
export type Predicate = (values: RuleValues) => RuleResult;

export interface CompiledRules {
  /** Gives the result of all rules together. */
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
  /** The name of the property that the rule reads; the type of the rule if it reads no property. */
  readonly property: string;
  /** Returns the value; ABSENT if nobody supplied it. Never throws. */
  readonly read: (values: RuleValues) => unknown;
  /** The index of the property in the project's property names, if the rule reads just one property. */
  readonly index?: number;
  readonly volatile: boolean;
  readonly readsState: boolean;
  readonly supported: boolean;
}
