/**
 * The interface of every decision engine. An engine turns a project config, a visitor, their state and their properties
 * into values. An engine writes nothing, sends nothing and keeps nothing of a visitor between two calls.
 */
import type { Preview } from '../model/preview.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { Properties } from '../model/properties.js';
import type { GoalData, WireEvent } from '../model/tracking-event.js';
import type { StateChange, VisitorState } from '../model/visitor-state/types.js';

export type { Preview, Properties };

export interface Engine {
  /** The name of the engine, for `stats()`. */
  readonly name: string;
  /** Called once for each project config. Throws a ConvertError when it cannot work with it. */
  load(config: ProjectConfig): EngineProject;
}

/** A project config, loaded. All methods are pure functions of their arguments. */
export interface EngineProject {
  /** Warnings about the config for the operator, one line each. */
  readonly warnings: readonly string[];
  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision;
  /** All experiences of the project, in its order, each with its outcome. */
  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[];
  /** Decides as `experience` does, and tells why. */
  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation;
  /**
   * The decision that a preview link shows, whatever rules, traffic, environment and state say; undefined if the
   * project has no such variation. It has neither change nor events.
   */
  preview(link: Preview): Decision | undefined;
  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome;
  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome;
  conversion(goalKey: string, visitor: EngineVisitor, attributes: ConversionAttributes): ConversionOutcome;
  /** Segments whose rules match are added to the visitor's `customSegments`. */
  customSegments(
    keys: readonly string[],
    visitor: EngineVisitor,
    attributes: SegmentsAttributes,
  ): StateChange;
}

/** A visitor, for as long as their properties stay what they are. */
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
  /** Milliseconds since the epoch, for rules that ask for the time. Without it they don't match. */
  now?(): number;
  /** A place where the engine may keep results for these properties. Without it, each call begins anew. */
  readonly memo?: EngineMemo;
}

/** Results that an engine keeps for itself. The caller keeps the object together with the properties. */
export interface EngineMemo {
  cached?: unknown;
}

/** Attributes of one call; they go before the properties of the request. */
export interface ExperienceAttributes {
  locationProperties?: Record<string, unknown>;
  visitorProperties?: Record<string, unknown>;
  /** Stores the given `visitorProperties` with the visitor. Default false. */
  updateVisitorProperties?: boolean;
  /** Default: the environment of the options. */
  environment?: string;
  /** False stores the assignment and sends no exposure; the first tracked decision sends it. Default true. */
  enableTracking?: boolean;
  /** False decides without storing or sending anything. Default true. */
  enableStorage?: boolean;
  /** Decides as if the locations of the experience matched. Default false. */
  ignoreLocationProperties?: boolean;
  /** The id of the variation to give, if location and audience match. */
  forceVariationId?: string;
}

export interface FeatureAttributes extends ExperienceAttributes {
  /** Casts variables to the types that the feature declares. Default true. */
  typeCasting?: boolean;
  /** Only these experiences are considered. Default: all that carry the feature. */
  experienceKeys?: string[];
}

export interface ConversionAttributes {
  /** Tracked only if the goal has rules and they match these values. */
  ruleData?: Record<string, unknown>;
  /** Sent as a transaction with the conversion. */
  conversionData?: GoalData[];
  conversionSetting?: { forceMultipleTransactions?: boolean };
}

export interface SegmentsAttributes {
  /** Values that the rules of the segments are matched against; they go before the visitor's properties. */
  ruleData?: Record<string, unknown>;
}

/** A variation as the official SDK returns it. Frozen. */
export interface Variation {
  readonly id: string;
  readonly key: string;
  readonly name?: string;
  readonly status?: string;
  readonly traffic_allocation?: number | null;
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
  readonly experienceId: string;
  readonly experienceKey: string;
  readonly experienceName?: string;
  /** The visitor's position in the traffic, 0 to 9999; absent if the variation was read from the state. */
  readonly bucketingAllocation?: number;
}

/** A feature as the official SDK returns it. Frozen. */
export interface Feature {
  readonly key: string;
  readonly status: 'enabled' | 'disabled';
  readonly id?: string;
  readonly name?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly experienceId?: string;
  readonly experienceKey?: string;
  readonly experienceName?: string;
}

/**
 * The reason of a decision.
 * - `bucketed` anew, by the hash of the visitor's id; `sticky` as stored before; `forced` by `forceVariationId`;
 *   `preview` by a preview link
 * - `not-found` the project has no experience of that key; `archived`; `environment` it runs in another one
 * - `location`, `audience`, `segment` those of the experience don't match
 * - `exclusion` the visitor is in an experience that excludes this one (or is not in one that it needs)
 * - `traffic` the visitor is outside of the traffic; `no-variations` there is none to give
 * - `state-unavailable` the answer depends on the visitor's state, which could not be read
 * - `not-decided` rules or traffic left the visitor out, and this engine cannot tell which
 */
export type EngineReason =
  | 'bucketed'
  | 'sticky'
  | 'forced'
  | 'preview'
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

export interface Decision {
  readonly experienceKey: string;
  readonly variation: Variation | null;
  readonly reason: EngineReason;
  /** The change of the visitor's state; undefined if nothing changed. */
  readonly change?: StateChange | undefined;
  readonly events: readonly EngineEvent[];
}

export interface EngineExplanation {
  readonly decision: Decision;
  /** The locations, audiences and segments that left the visitor out, if that is the reason. */
  readonly failed: readonly Failure[];
  /** Properties that rules of the experience ask for and nobody supplied. */
  readonly missing: readonly string[];
}

/** A location, an audience or a segment that does not match. */
export interface Failure {
  readonly type: 'location' | 'site-area' | 'audience' | 'exclusion' | 'segment';
  readonly id?: string;
  readonly key?: string;
  readonly name?: string;
  /** Why no rule is to blame: the project has no such entity, or it has no rules; it never matches then. */
  readonly problem?: 'not-found' | 'no-rules';
  /** The rules that didn't match: one of them would have to. */
  readonly rules: readonly FailedRule[];
}

export interface FailedRule {
  /** The path of the rule: `OR[0].AND[1].OR_WHEN[0]`. */
  readonly path: string;
  /**
   * - `no-match` the value is another
   * - `missing` nobody supplied the property
   * - `invalid-rule` the config has no rule here that the official SDK would understand
   * - `unsupported-rule` a server cannot answer it (or the option `uiRules` is off)
   * - `unsafe-pattern` its regular expression could hold the event loop, and never matches
   */
  readonly problem: 'no-match' | 'missing' | 'invalid-rule' | 'unsupported-rule' | 'unsafe-pattern';
  /** The property that the rule reads, or the type of one that reads none. */
  readonly property?: string;
  readonly operator?: string;
  readonly negated?: boolean;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

export interface FeatureOutcome {
  /** Features as the official SDK returns them: one, several if experiences share the feature, or a disabled one. */
  readonly features: readonly Feature[];
  /** The experiences that were decided on the way. */
  readonly decisions: readonly Decision[];
}

export interface ConversionOutcome {
  readonly reason: 'tracked' | 'already-tracked' | 'goal-not-found' | 'goal-rules';
  readonly change?: StateChange;
  readonly events: readonly EngineEvent[];
}

export interface EngineEvent {
  readonly event: WireEvent;
  /** The claim that this event depends on (see `visitor-state/claims.ts`): if it is lost, the event is not sent. */
  readonly claim?: string;
  /** A second claim that this event depends on: its transaction, if the conversion counts once. */
  readonly also?: string;
}
