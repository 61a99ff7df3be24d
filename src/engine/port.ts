/**
 * The engine port: what every decision engine is. An engine turns a project config, a visitor, their state and their
 * properties into values. It writes nothing, sends nothing and keeps nothing of a visitor between two calls.
 */
import type { ProjectConfig } from '../project-config.js';
import type { StateChange, VisitorState } from '../state.js';
import type { GoalData, WireEvent } from '../tracking.js';

export interface Engine {
  /** Stands in `stats()`. */
  readonly name: string;
  /** Called once for each project config. Throws a ConvertError when it cannot work with it. */
  load(config: ProjectConfig): EngineProject;
}

/** A project config, loaded. All methods are pure functions of their arguments. */
export interface EngineProject {
  /** The names of the properties that the rules of this project read. Nothing else need be derived from a request. */
  readonly reads: { readonly location: ReadonlySet<string>; readonly visitor: ReadonlySet<string> };
  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision;
  /** All experiences of the project, in its order, each with its outcome. */
  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[];
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

/** A visitor, for the time of one call. */
export interface EngineVisitor {
  readonly id: string;
  readonly state: Readonly<VisitorState>;
  readonly locationProperties: Properties;
  readonly visitorProperties: Properties;
  readonly environment: string | undefined;
}

/** Properties that are derived when they are asked for. `undefined` means that the request does not tell. */
export interface Properties {
  get(name: string): unknown;
}

/** Given inline with a call; they override what the request says. */
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
  /** The id of the variation to give, where location and audience match. */
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
  /** What the rules of the segments are matched against, over the visitor's properties. */
  ruleData?: Record<string, unknown>;
}

/** A variation as the official SDK returns it. Frozen. */
export interface Variation<Key extends string = string> {
  readonly id: string;
  readonly key: string;
  readonly name?: string;
  readonly status?: string;
  readonly traffic_allocation?: number | null;
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
  readonly experienceId: string;
  readonly experienceKey: Key;
  readonly experienceName?: string;
  /** The visitor's place in the traffic, 0 to 9999; absent where the variation was read from the state. */
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
 * Why an engine decided so. `not-decided`: rules or traffic left the visitor out, and this engine cannot tell which.
 */
export type EngineReason =
  'bucketed' | 'sticky' | 'forced' | 'not-found' | 'archived' | 'environment' | 'traffic' | 'not-decided';

export interface Decision {
  readonly experienceKey: string;
  readonly variation: Variation | null;
  readonly reason: EngineReason;
  /** What to remember; undefined where nothing changed. */
  readonly change?: StateChange;
  readonly events: readonly EngineEvent[];
}

export interface FeatureOutcome {
  /** As the official SDK: one, several where experiences share the feature, or a disabled one. */
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
  /** The claim of the change that this event depends on (see `state.ts`): lost claim, no event. */
  readonly claim?: string;
}
