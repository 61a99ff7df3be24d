/**
 * The interface of every decision engine. An engine turns a project config, a visitor, their state and their properties
 * into values. An engine writes nothing, sends nothing and keeps nothing of a visitor between two calls. The file
 * has over 300 lines since it is one interface, with a docstring for each field that apps see.
 */
import type { Preview } from '../model/preview.js';
import type { ProjectConfig } from '../model/project-config.js';
import type {
  AnyVariables,
  DecidedKey,
  ExperienceKey,
  FeatureKey,
  FeatureVariables,
  VariationKey,
} from '../model/project-keys.js';
import type { Properties } from '../model/properties.js';
import type { GoalData, WireEvent } from '../model/tracking-event.js';
import type { StateChange, VisitorState } from '../model/visitor-state/types.js';

export type { Preview, Properties };

/** What makes a project that decides of a project config: the compiled engine, or the official SDK. */
export interface Engine {
  /** The name of the engine, for `stats()`. */
  readonly name: string;
  /**
   * Gets what `load` needs for a config, such as a package that few configs need. It is called before each call of
   * `load`, which waits for the promise; undefined if there is nothing to wait for. If it throws or rejects, the config
   * is not taken over. Default: nothing is needed.
   */
  prepare?(config: ProjectConfig): Promise<void> | undefined;
  /**
   * Loads a project config. It is called once for each config. Throws a ConvertError if it cannot work with the config.
   */
  load(config: ProjectConfig): EngineProject;
}

/**
 * Settings that decide which visitor gets which variation. Whoever changes one of them moves visitors: they are for
 * sites that use the official SDK with the same settings, and have its names.
 */
export interface BucketingOptions {
  /** True hashes the visitor's id alone, so that a visitor has one position in all experiences. Default false. */
  excludeExperienceIdHash?: boolean;
  /** The seed of the hash, from 1. Default 9999. */
  hash_seed?: number;
  /** The number of positions; a share of 1 % takes 100 of them. Default 10000. */
  max_traffic?: number;
}

/** A project config, loaded. All methods are pure functions of their arguments. */
export interface EngineProject {
  /** Warnings about the config for the operator, one line each. */
  readonly warnings: readonly string[];
  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision;
  /** Decides all experiences of the project, in the order of the config. */
  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[];
  /** Decides as `experience` does, and explains the decision. */
  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation;
  /**
   * Returns the decision that a preview link shows, whatever rules, traffic, environment and state say; undefined if
   * the project has no such variation. The decision has neither a change nor events.
   */
  preview(link: Preview): PreviewDecision | undefined;
  /**
   * Decides the experiences that carry the feature, in the order of the config, up to the first one that the visitor
   * has the feature of; with `attributes.all`, all of them.
   */
  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome;
  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome;
  conversion(goalKey: string, visitor: EngineVisitor, attributes: ConversionAttributes): ConversionOutcome;
  /** Evaluates the segments with these keys. Segments whose rules match are added to the visitor's `customSegments`. */
  customSegments(
    keys: readonly string[],
    visitor: EngineVisitor,
    attributes: SegmentsAttributes,
  ): StateChange;
}

/** A visitor whose properties do not change. If the properties change, the caller makes another object. */
export interface EngineVisitor {
  readonly id: string;
  readonly state: Readonly<VisitorState>;
  /**
   * True if the state could not be read: decisions that depend on it are not made (`state-unavailable`). Default false.
   */
  readonly stateUnavailable?: boolean;
  readonly locationProperties: Properties;
  readonly visitorProperties: Properties;
  readonly environment: string | undefined;
  /** The cookies of the request, for rules that ask for one. */
  readonly cookies?: Properties | undefined;
  /**
   * Returns the present time in milliseconds since the epoch, for rules about the time. Without it, such rules don't
   * match.
   */
  now?(): number;
  /**
   * An object in which the engine may keep results for the visitor's properties. Without it, each call computes them
   * again.
   */
  readonly memo?: EngineMemo;
}

/**
 * Results that an engine keeps for one visitor between calls. The caller keeps this object as long as the visitor's
 * properties stay the same.
 */
export interface EngineMemo {
  cached?: unknown;
}

/** Attributes that the app passes to one call. Properties in them override the properties of the request. */
export interface ExperienceAttributes {
  locationProperties?: Record<string, unknown>;
  visitorProperties?: Record<string, unknown>;
  /** Stores the given `visitorProperties` with the visitor. Default false. */
  updateVisitorProperties?: boolean;
  /** The environment to decide for. Default: the environment of the options. */
  environment?: string;
  /** False stores the assignment and sends no exposure; the first tracked decision sends it. Default true. */
  enableTracking?: boolean;
  /** False decides without storing or sending anything. Default true. */
  enableStorage?: boolean;
  /** Decides as if the locations of the experience matched. Default false. */
  ignoreLocationProperties?: boolean;
  /** The id of the variation to give, if locations, audiences and segments match. */
  forceVariationId?: string;
}

export interface FeatureAttributes extends ExperienceAttributes {
  /**
   * True decides all experiences that carry the feature, and returns the feature of each that the visitor is in. For
   * `runFeature`; `runFeatures` always does so. Default false: the feature of the first of them.
   */
  all?: boolean;
  /** Casts variables to the types that the feature declares. Default true. */
  typeCasting?: boolean;
  /** The keys of the experiences to consider. Default: all experiences that carry the feature. */
  experienceKeys?: ExperienceKey[];
}

/** Attributes of `trackConversion`. */
export interface ConversionAttributes {
  /**
   * Values for the rules of the goal. With them, the conversion is tracked only if the goal has rules and they match.
   */
  ruleData?: Record<string, unknown>;
  /** The data of a transaction, which is sent with the conversion. */
  conversionData?: GoalData[];
  conversionSetting?: { forceMultipleTransactions?: boolean };
}

/** Attributes of `runCustomSegments`. */
export interface SegmentsAttributes {
  /** Values that the rules of the segments are matched against. They override the visitor's properties. */
  ruleData?: Record<string, unknown>;
}

/** A variation as the official SDK returns it. Frozen. `Experience` is the key of its experience, if it is known. */
export interface Variation<Experience extends string = ExperienceKey> {
  readonly id: string;
  readonly key: VariationKey<Experience>;
  readonly name?: string;
  readonly status?: string;
  readonly traffic_allocation?: number | null;
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
  readonly experienceId: string;
  readonly experienceKey: DecidedKey<Experience>;
  readonly experienceName?: string;
  /**
   * The visitor's position in the traffic, 0 to 9999; absent if the variation was read from the state, or was forced
   * and the position has no variation.
   */
  readonly bucketingAllocation?: number;
}

/** A variation of one of the project's experiences: `experienceKey` tells of which. */
export type AnyVariation = { [Key in ExperienceKey]: Variation<Key> }[ExperienceKey];

/** A feature of a variation that the visitor has. Frozen. */
export interface EnabledFeature<Variables = AnyVariables, Key extends string = string> {
  readonly key: Key;
  readonly status: 'enabled';
  readonly id?: string;
  readonly name?: string;
  readonly variables: Variables;
  readonly experienceId?: string;
  readonly experienceKey?: string;
  readonly experienceName?: string;
}

/** A feature that no variation of the visitor has. Frozen. */
export interface DisabledFeature<Key extends string = string> {
  readonly key: Key;
  readonly status: 'disabled';
  readonly id?: string;
  readonly name?: string;
  readonly variables?: undefined;
  readonly experienceId?: undefined;
  readonly experienceKey?: undefined;
  readonly experienceName?: undefined;
}

/** A feature as the official SDK returns it: `status` tells whether it has variables. */
export type Feature<Variables = AnyVariables, Key extends string = string> =
  EnabledFeature<Variables, Key> | DisabledFeature<Key>;

/** One of the project's features: `key` tells which. */
export type AnyFeature = { [Key in FeatureKey]: Feature<FeatureVariables<Key>, Key> }[FeatureKey];

/**
 * The reason of a decision.
 * - `bucketed`: the hash of the visitor's id has chosen the variation now
 * - `sticky`: the variation is the stored one
 * - `forced`: the variation is that of `forceVariationId`
 * - `preview`: the variation is that of a preview link
 * - `not-found`: the project has no experience with that key
 * - `archived`: the experience is archived
 * - `environment`: the experience runs in another environment
 * - `location`, `audience`, `segment`: the locations, audiences or segments of the experience don't match
 * - `exclusion`: the visitor is in an experience that excludes this one (or is not in one that it needs)
 * - `draft`: the experience is not active, and `debugToken` shows it; nothing is stored or sent
 * - `traffic`: the visitor is outside of the traffic
 * - `no-variations`: the experience has no variations
 * - `state-unavailable`: the decision depends on the visitor's state, which could not be read
 * - `not-decided`: rules or traffic left the visitor out, and this engine cannot tell which
 */
export type EngineReason =
  | 'bucketed'
  | 'sticky'
  | 'forced'
  | 'preview'
  | 'draft'
  | 'not-found'
  | 'archived'
  | 'environment'
  | 'location'
  | 'audience'
  | 'segment'
  | 'exclusion'
  | 'traffic'
  | 'no-variations'
  | 'state-unavailable'
  | 'not-decided';

/**
 * What the engine answers about one experience, with what has to be stored and sent. The engine itself changes
 * nothing.
 */
export interface Decision {
  readonly experienceKey: string;
  readonly variation: Variation<string> | null;
  readonly reason: EngineReason;
  /** The change of the visitor's state; undefined if nothing changed. */
  readonly change?: StateChange | undefined;
  readonly events: readonly EngineEvent[];
}

/** The decision that a preview link shows, and the features that its variation carries. */
export interface PreviewDecision extends Decision {
  readonly features: readonly CarriedFeature[];
}

/** A feature that a variation carries. */
export interface CarriedFeature {
  /** The feature with its variables cast to the declared types; undefined if a variable can't be cast. */
  readonly cast: Feature | undefined;
  /** The feature with its variables as the config has them. */
  readonly raw: Feature;
}

/** A decision, and what it depends on. */
export interface EngineExplanation {
  readonly decision: Decision;
  /** The locations, audiences and segments that left the visitor out, if that is the reason. */
  readonly failed: readonly Failure[];
  /** The names of the properties that rules of the experience ask for and nobody supplied. */
  readonly missing: readonly string[];
}

/** A location, an audience or a segment that does not match. */
export interface Failure {
  readonly type: 'location' | 'site-area' | 'audience' | 'exclusion' | 'segment';
  readonly id?: string;
  readonly key?: string;
  readonly name?: string;
  /**
   * The reason why a location or an audience never matches, if no rule of it is to blame. `not-found`: the project does
   * not have it. `no-rules`: it has no rules.
   */
  readonly problem?: 'not-found' | 'no-rules';
  /** The rules that didn't match. At least one of them would have to match. */
  readonly rules: readonly FailedRule[];
}

/** A rule that did not match. */
export interface FailedRule {
  /** The path of the rule in its rule set: `OR[0].AND[1].OR_WHEN[0]`. */
  readonly path: string;
  /**
   * - `no-match`: the value of the property does not match
   * - `missing`: nobody supplied the property
   * - `invalid-rule`: the config has no rule here that the official SDK would understand
   * - `unsupported-rule`: a server cannot answer the rule (or the option `uiRules` is off)
   * - `unsafe-pattern`: the rule's regular expression could block the event loop, so it never matches
   */
  readonly problem: 'no-match' | 'missing' | 'invalid-rule' | 'unsupported-rule' | 'unsafe-pattern';
  /** The name of the property that the rule reads; the type of the rule if it reads no property. */
  readonly property?: string;
  readonly operator?: string;
  readonly negated?: boolean;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

/** What the engine answers when it is asked for features. */
export interface FeatureOutcome {
  /**
   * The features, at least one. `feature` gives several only with `all`, or if the engine answers as the official SDK
   * does (`strictSdk`); a disabled one if the visitor has the feature of no experience.
   */
  readonly features: readonly Feature[];
  /** The decisions on experiences that were made to decide the features. */
  readonly decisions: readonly Decision[];
}

/** What the engine answers about one conversion, with what has to be stored and sent. */
export interface ConversionOutcome {
  readonly reason: 'tracked' | 'already-tracked' | 'goal-not-found' | 'goal-rules';
  readonly change?: StateChange;
  readonly events: readonly EngineEvent[];
}

/** An event of a decision or a conversion. */
export interface EngineEvent {
  readonly event: WireEvent;
  /**
   * The claim that this event depends on (see `visitor-state/claims.ts`). If another request has won the claim, the
   * event is not sent.
   */
  readonly claim?: string;
  /** A second claim that this event depends on: its transaction, if the conversion counts once. */
  readonly also?: string;
}
