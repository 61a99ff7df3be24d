/** The compiled project: what a decision looks up instead of searching the config. */
import type { ExperienceConfig, ProjectConfig, RuleEntityConfig } from '../model/project-config.js';
import type { Buckets } from './buckets.js';
import type { Enrolment } from './evaluation/enrolment.js';
import type { FeaturePlan, VariationFeatures } from './feature-plan.js';
import type { HashPrefix } from './murmur3.js';
import type { Exclusion } from './rules/mutual-exclusion.js';
import type { PropertyNames } from './rules/property-names.js';
import type { CompiledRules, Predicate } from './rules/types.js';
import type { Variation } from './types.js';

/** A location or an audience. */
export interface RuleEntity {
  /** The index among the locations and audiences of the project. */
  readonly index: number;
  readonly config: RuleEntityConfig;
  /** The rules; undefined if it has none, so that it never matches. */
  readonly rules: CompiledRules | undefined;
  /** The `match` of `rules`, kept here too, since reading it through another object takes longer. */
  readonly match: Predicate | undefined;
  readonly volatile: boolean;
}

export interface Location extends RuleEntity {
  /** The key, as the state keeps it; undefined if the location has none. */
  readonly key: string | undefined;
  /** The index of the key among the keys of the locations. */
  readonly keyIndex: number;
}

export interface Audience extends RuleEntity {
  readonly permanent: boolean;
  /** A rule about other experiences, which replaces all rules of the audience. */
  readonly exclusion: Exclusion | undefined;
}

export interface PlannedVariation {
  readonly id: string;
  /** The variation as it is returned if it was read from the state. Frozen. */
  readonly stored: Variation;
  readonly at: VariationMaker;
  /** The enrolment of a visitor who is given this variation as the first one. */
  readonly enrolment: Enrolment;
  readonly features: VariationFeatures;
}

export interface PlannedExperience {
  readonly config: ExperienceConfig;
  readonly id: string;
  /** The id as a key of objects. */
  readonly slot: string | number;
  readonly key: string;
  readonly archived: boolean;
  /** The environment; undefined if the experience runs in all. */
  readonly environment: string | undefined;
  /** The locations; undefined if the experience is not restricted to any. */
  readonly locations: readonly Location[] | undefined;
  readonly siteArea: CompiledRules | undefined;
  readonly audiences: readonly Audience[];
  /** True if the experience names audiences, whether they exist or not. */
  readonly namesAudiences: boolean;
  /** How audiences are combined; undefined if the config doesn't say, which makes the official SDK throw. */
  readonly audiencesMatch: 'all' | 'any' | undefined;
  /** Segments of which the visitor must be in one. */
  readonly segments: readonly RuleEntityConfig[];
  readonly variations: ReadonlyMap<string, PlannedVariation>;
  readonly hasVariations: boolean;
  /** The buckets of the variations; the content is undefined for a variation that the project does not have. */
  readonly buckets: Buckets<PlannedVariation | undefined>;
  readonly hash: HashPrefix;
  /** True if the decision may depend on more of the visitor's state than the variation. */
  readonly dependsOnState: boolean;
}

export interface Plan {
  readonly config: ProjectConfig;
  readonly names: PropertyNames;
  /**
   * The experiences in the order of the project. If several have one key, the first one stands for all, as in the SDK.
   */
  readonly experiences: readonly PlannedExperience[];
  /** True if the decision on one experience may change that on another one. */
  readonly interdependent: boolean;
  readonly byKey: ReadonlyMap<string, PlannedExperience>;
  readonly byId: ReadonlyMap<string, PlannedExperience>;
  readonly locationCount: number;
  readonly ruleEntityCount: number;
  readonly segments: readonly { readonly config: RuleEntityConfig; readonly rules: CompiledRules }[];
  readonly goals: ReadonlyMap<string, GoalPlan>;
  readonly features: FeaturePlan;
  readonly warnings: readonly string[];
}

export interface GoalPlan {
  readonly id: string;
  readonly rules: CompiledRules | undefined;
}

/** Makes a variation for a position in the traffic (0 to 9999; undefined if it was read from the state). Frozen. */
export type VariationMaker = (bucketingAllocation: number | undefined) => Variation;
