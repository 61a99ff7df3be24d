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
  /** Its place among the locations and audiences of the project. */
  readonly index: number;
  readonly config: RuleEntityConfig;
  /** undefined where it has none: then it never matches. */
  readonly rules: CompiledRules | undefined;
  /** Those of the rules; here, since each object on the way to them costs. */
  readonly match: Predicate | undefined;
  readonly volatile: boolean;
}

export interface Location extends RuleEntity {
  /** As the state keeps it; undefined where it has none. */
  readonly key: string | undefined;
  /** The place of its key among those of the locations. */
  readonly keyIndex: number;
}

export interface Audience extends RuleEntity {
  readonly permanent: boolean;
  /** Takes the place of its rules. */
  readonly exclusion: Exclusion | undefined;
}

export interface PlannedVariation {
  readonly id: string;
  /** As it is returned where it was read from the state. Frozen. */
  readonly stored: Variation;
  readonly at: VariationMaker;
  /** What becomes of a visitor who is given it first. */
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
  /** undefined where it runs in all. */
  readonly environment: string | undefined;
  /** undefined where it is not restricted to any. */
  readonly locations: readonly Location[] | undefined;
  readonly siteArea: CompiledRules | undefined;
  readonly audiences: readonly Audience[];
  /** It names audiences, whether they exist or not. */
  readonly namesAudiences: boolean;
  /** undefined where the config doesn't say how audiences are combined, which no SDK survives. */
  readonly audiencesMatch: 'all' | 'any' | undefined;
  /** Segments of which the visitor must be in one. */
  readonly segments: readonly RuleEntityConfig[];
  readonly variations: ReadonlyMap<string, PlannedVariation>;
  readonly hasVariations: boolean;
  /** Of the variations; undefined for one that the project does not have. */
  readonly buckets: Buckets<PlannedVariation | undefined>;
  readonly hash: HashPrefix;
  /** The answer may depend on what is stored of the visitor, beyond the variation. */
  readonly dependsOnState: boolean;
}

export interface Plan {
  readonly config: ProjectConfig;
  readonly names: PropertyNames;
  /** In the order of the project. Several of one key are all the first of them, as with the SDK. */
  readonly experiences: readonly PlannedExperience[];
  /** What is decided of one experience may matter to another one. */
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

/** Makes a variation for a position in the traffic (0 to 9999; undefined where it was read from the state). Frozen. */
export type VariationMaker = (bucketingAllocation: number | undefined) => Variation;
