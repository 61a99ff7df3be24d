/** The types of a compiled project. A decision looks values up in it instead of searching the config. */
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
  /** The index of this location or audience among all locations and audiences of the project. */
  readonly index: number;
  readonly config: RuleEntityConfig;
  /**
   * The compiled rules; undefined if the location or audience has none, or if an `exclusion` replaces them. Without
   * rules and `exclusion`, it never matches.
   */
  readonly rules: CompiledRules | undefined;
  /** The `match` of `rules`, kept here too, since reading it through another object takes longer. */
  readonly match: Predicate | undefined;
  readonly volatile: boolean;
}

export interface Location extends RuleEntity {
  /** The key, as visitor state keeps it; undefined if the location has none. */
  readonly key: string | undefined;
  /** The index of the key among the distinct keys of all locations. */
  readonly keyIndex: number;
}

export interface Audience extends RuleEntity {
  readonly permanent: boolean;
  /**
   * The rule that the visitor must be, or must not be, in another experience. If an audience has such a rule, all its
   * other rules are ignored. Undefined if it has none.
   */
  readonly exclusion: Exclusion | undefined;
}

export interface PlannedVariation {
  readonly id: string;
  /** The variation as the app gets it if it was read from the visitor's state. Frozen. */
  readonly stored: Variation;
  readonly at: VariationMaker;
  /** The enrolment of a visitor who had no variation of this experience before. */
  readonly enrolment: Enrolment;
  readonly features: VariationFeatures;
}

export interface PlannedExperience {
  readonly config: ExperienceConfig;
  readonly id: string;
  /** The id as a key of objects: a number if the id is the text of a number. */
  readonly slot: string | number;
  readonly key: string;
  readonly archived: boolean;
  /** The environment that the experience runs in; undefined if it runs in all environments. */
  readonly environment: string | undefined;
  /** The locations; undefined if the experience is not restricted to any. */
  readonly locations: readonly Location[] | undefined;
  readonly siteArea: CompiledRules | undefined;
  readonly audiences: readonly Audience[];
  /** True if the experience names audiences, whether they exist or not. */
  readonly namesAudiences: boolean;
  /** How audiences are combined; undefined if the config doesn't say, which makes the official SDK throw. */
  readonly audiencesMatch: 'all' | 'any' | undefined;
  /** The visitor must be in one of these segments, unless there are none. */
  readonly segments: readonly RuleEntityConfig[];
  readonly variations: ReadonlyMap<string, PlannedVariation>;
  readonly hasVariations: boolean;
  /** The buckets of the variations; the content is undefined for a variation that the project does not have. */
  readonly buckets: Buckets<PlannedVariation | undefined>;
  readonly hash: HashPrefix;
  /** True if the decision may depend on more of the visitor's state than the stored variation of this experience. */
  readonly dependsOnState: boolean;
}

export interface Plan {
  readonly config: ProjectConfig;
  readonly names: PropertyNames;
  /** The number of positions that visitors are spread over. */
  readonly maxTraffic: number;
  /**
   * The experiences in the order of the project. If several have one key, the first one stands for all, as in the SDK.
   */
  readonly experiences: readonly PlannedExperience[];
  /** True if the decision on one experience may change the decision on another experience in the same call. */
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

/**
 * Makes a frozen variation. `bucketingAllocation` is the visitor's position in the traffic (0 to 9999); undefined if
 * the variation was read from the visitor's state, or was forced and the visitor's position has no bucket.
 */
export type VariationMaker = (bucketingAllocation: number | undefined) => Variation;
