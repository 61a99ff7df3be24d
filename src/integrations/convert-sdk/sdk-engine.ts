/**
 * The official SDK as an engine. The class is driven as a pure function: state goes in, changes and events come out,
 * and none of its own queues, timers, stores, listeners or mutations of the config take part. Everything that this
 * package knows about the inside of the SDK stands in this file.
 */
import { deepFreeze } from '../../engine/coerce.js';
import { enrolment, NO_EVENTS } from '../../engine/evaluation/enrolment.js';
import { changesOf } from '../../engine/feature-plan.js';
import { withTransactionsOnce } from '../../engine/transactions.js';
import type {
  ConversionAttributes,
  ConversionOutcome,
  Decision,
  Engine,
  EngineExplanation,
  EngineProject,
  EngineReason,
  EngineVisitor,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  FeatureOutcome,
  Preview,
  SegmentsAttributes,
  Variation,
} from '../../engine/types.js';
import type { ExperienceConfig, ProjectConfig, VariationConfig } from '../../model/project-config.js';
import type { WireEvent } from '../../model/tracking-event.js';
import { applyChange } from '../../model/visitor-state/apply-change.js';
import { goalClaim } from '../../model/visitor-state/claims.js';
import type { StateChange, VisitorState } from '../../model/visitor-state/types.js';
import { ConvertError } from '../../utils/errors.js';
import { mergeSegments, ownValue } from '../../utils/objects.js';
import { assertOptions, flag, shape } from '../../utils/option-checks.js';
import { referencedProperties } from './referenced-properties.js';

/** Versions of `@convertcom/js-sdk` that this engine is tested with. */
export const SUPPORTED_SDK = '4.4.x';

/** The class that `@convertcom/js-sdk` exports by default. */
export type ConvertSDKClass = new (config: Record<string, unknown>) => unknown;

export interface SdkEngineOptions {
  /**
   * Features enrol as with the SDK itself: in every experience, those without the feature too, and whatever
   * `enableTracking` says; `enableTracking: false` is never made up for. Default false.
   */
  strictSdk?: boolean;
}

const OPTIONS = shape({ strictSdk: flag });

/** What the SDK keeps of a visitor. */
type SdkState = Pick<VisitorState, 'bucketing' | 'goals' | 'segments' | 'locations'>;

type SdkVariation = Omit<Variation, 'changes'> & { changes?: readonly object[] };

interface SdkContext {
  runExperience(key: string, attributes: Record<string, unknown>): unknown;
  trackConversion(goalKey: string, attributes: ConversionAttributes): unknown;
  runCustomSegments(keys: readonly string[], attributes: { ruleData: Record<string, unknown> }): unknown;
}

/** The private parts that are taken hold of. */
interface SdkInstance {
  createContext(visitorId: string): SdkContext | null;
  _apiManager: { enqueue(visitorId: string, event: WireEvent): void };
  _eventManager: { fire(): void };
  _dataManager: {
    getData(visitorId: string): SdkState | null;
    putData(visitorId: string, change: SdkState): void;
    _ruleManager?: { getComparisonProcessorMethods?: () => string[] };
  };
  _featureManager: {
    runFeature(visitorId: string, key: string, attributes: object, experienceKeys?: string[]): unknown;
    runFeatures(visitorId: string, attributes: object, filter?: { experiences: string[] }): unknown;
  };
}

const PRIVATE_PARTS: [keyof SdkInstance, string[]][] = [
  ['_apiManager', ['enqueue']],
  ['_eventManager', ['fire']],
  ['_dataManager', ['getData', 'putData']],
  ['_featureManager', ['runFeature', 'runFeatures']],
];

/** `LogLevel.SILENT` of the SDK. */
const SILENT = 5;
/** `BucketingError.VARIAION_NOT_DECIDED` of the SDK. */
const NOT_DECIDED = 'convert.com_variation_not_decided';

/**
 * An engine that decides with the official SDK's own code. Pass the class:
 * `sdkEngine(ConvertSDK)`, from `import ConvertSDK from '@convertcom/js-sdk'`.
 *
 * Throws a ConvertError (`CONVERT_NO_ENGINE`) if it is given anything else, or a version whose inside it does not know.
 */
export function sdkEngine(sdk: unknown, options: SdkEngineOptions = {}): Engine {
  assertOptions(OPTIONS, options);
  const SdkClass = sdkClass(sdk);
  // Construct once now: a version with another inside must be an error at start, not at the first request.
  instantiate(SdkClass, { account_id: '1', project: { id: '1' } });
  return {
    name: '@convertcom/js-sdk',
    load: (config) => new SdkProject(SdkClass, config, options.strictSdk ?? false),
  };
}

class SdkProject implements EngineProject {
  readonly warnings: readonly string[] = [];
  readonly #reads: ReturnType<typeof referencedProperties>;
  readonly #sdk: SdkInstance;
  readonly #config: ProjectConfig;
  readonly #strict: boolean;
  readonly #experiences = new Map<string, ExperienceConfig>();
  readonly #archived: Set<string>;
  readonly #featureKeys = new Map<string, string>();
  /** Experience id -> variation id -> a frozen copy of the variation in the config. Made once, not per decision. */
  readonly #variations = new Map<string, Map<string, SdkVariation>>();
  /** What the call under way reads and leaves behind: the SDK is synchronous. */
  #call: SdkCall = { state: {}, events: [] };
  /** Keys of experiences whose answer depends on what is stored of the visitor, beyond their variation. */
  readonly #dependOnState = new Set<string>();
  /** Experience key -> keys of the features that its variations carry. */
  readonly #carried = new Map<string, Set<string>>();

  constructor(SdkClass: ConvertSDKClass, config: ProjectConfig, strict: boolean) {
    this.#config = config;
    this.#strict = strict;
    this.#sdk = instantiate(SdkClass, unsharedVariables(config));
    this.#takeOver(this.#sdk);
    this.#reads = referencedProperties(config);
    this.#archived = new Set((config.archived_experiences ?? []).map(String));
    for (const feature of config.features ?? []) this.#featureKeys.set(String(feature.id), feature.key);
    for (const experience of config.experiences ?? []) {
      const key = String(experience.key);
      // The SDK takes the first of two with one key.
      if (this.#experiences.has(key)) continue;
      this.#experiences.set(key, experience);
      this.#carried.set(key, featuresOf(experience, this.#featureKeys));
      if (dependsOnState(experience, config)) this.#dependOnState.add(key);
    }
  }

  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision {
    const missing =
      this.#unavailable(key, environmentOf(visitor, attributes)) ??
      (visitor.stateUnavailable && this.#dependOnState.has(key) ? 'state-unavailable' : undefined);
    if (missing) return { experienceKey: key, variation: null, reason: missing, events: [] };
    const experience = this.#experiences.get(key)!;

    const run = this.#run(visitor, (context, properties) =>
      context.runExperience(key, {
        ...properties(attributes),
        environment: environmentOf(visitor, attributes),
        ignoreLocationProperties: attributes.ignoreLocationProperties,
        forceVariationId: attributes.forceVariationId,
      }),
    );
    const variation = isVariation(run.result) ? this.#frozen(run.result) : null;
    return this.#decision(experience, visitor, attributes, variation, run, run.result === NOT_DECIDED);
  }

  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[] {
    const decisions: Decision[] = [];
    let state = visitor.state;
    for (const { key } of this.#config.experiences ?? []) {
      const decision = this.experience(key, { ...visitor, state }, attributes);
      if (decision.change) ({ state } = applyChange(state, decision.change));
      decisions.push(decision);
    }
    return decisions;
  }

  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation {
    return { decision: this.experience(key, visitor, attributes), failed: [], missing: [] };
  }

  preview({ experienceId, variationId }: Preview): Decision | undefined {
    const { experiences } = this.#config;
    const experience = experiences?.find(({ id }) => String(id) === experienceId);
    const config = experience?.variations?.find(({ id }) => String(id) === variationId);
    if (!experience || !config) return undefined;
    return {
      experienceKey: experience.key,
      variation: this.#frozen(asBucketed(experience, config)),
      reason: 'preview',
      events: NO_EVENTS,
    };
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const carriers = this.#carriers(attributes.experienceKeys, (carried) => carried.has(key));
    if (carriers?.length === 0) return { features: [this.#disabled(key)], decisions: [] };
    return this.#features(visitor, attributes, (sdk, given) =>
      sdk.runFeature(visitor.id, key, given, carriers ?? attributes.experienceKeys),
    );
  }

  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const carriers = this.#carriers(attributes.experienceKeys, (carried) => carried.size > 0);
    if (carriers?.length === 0) {
      const keys = (this.#config.features ?? []).map((feature) => feature.key);
      return { features: keys.map((key) => this.#disabled(key)), decisions: [] };
    }
    return this.#features(visitor, attributes, (sdk, given) =>
      sdk.runFeatures(visitor.id, given, carriers ? { experiences: carriers } : undefined),
    );
  }

  conversion(goalKey: string, visitor: EngineVisitor, attributes: ConversionAttributes): ConversionOutcome {
    const known = this.#config.goals?.some((goal) => String(goal?.key) === goalKey && goal.id);
    if (!known) return { reason: 'goal-not-found', events: [] };
    const before = ownValue(visitor.state.goals, goalKey) === true;
    const run = this.#run(visitor, (context) => context.trackConversion(goalKey, attributes));
    const claimed = ownValue(run.state.goals, goalKey) === true;
    if (!claimed) return { reason: 'goal-rules', events: [] };
    if (run.events.length === 0) return { reason: 'already-tracked', events: [] };
    const repeatable = attributes.conversionSetting?.forceMultipleTransactions === true;
    const outcome: ConversionOutcome = {
      reason: 'tracked',
      change: before ? undefined : { goals: [goalKey] },
      events: run.events.map((event) => {
        // A transaction that may repeat counts although another request was first to claim the goal.
        const depends = !before && !(repeatable && 'goalData' in event.data);
        return depends ? { event, claim: goalClaim(goalKey) } : { event };
      }),
    };
    return this.#strict ? outcome : withTransactionsOnce(outcome, goalKey, visitor.state);
  }

  customSegments(
    keys: readonly string[],
    visitor: EngineVisitor,
    attributes: SegmentsAttributes,
  ): StateChange {
    const run = this.#run(visitor, (context, properties) => {
      const { visitorProperties } = properties({ visitorProperties: attributes.ruleData });
      return context.runCustomSegments(keys, { ruleData: visitorProperties });
    });
    const before = segmentsOf(visitor.state);
    const now = segmentsOf(run.state);
    return sameList(now, before) ? {} : { segments: { customSegments: now } };
  }

  /** Why an experience cannot be decided at all; the SDK answers null for each. */
  #unavailable(key: string, environment: string | undefined): EngineReason | undefined {
    const experience = this.#experiences.get(key);
    if (!experience) return 'not-found';
    if (this.#archived.has(String(experience.id))) return 'archived';
    if (experience.environment && experience.environment !== environment) return 'environment';
    return undefined;
  }

  #decision(
    experience: ExperienceConfig,
    visitor: EngineVisitor,
    attributes: ExperienceAttributes,
    variation: Variation | null,
    run: Run,
    noTraffic: boolean,
  ): Decision {
    const id = String(experience.id);
    const stored = ownValue(visitor.state.bucketing, id);
    const now = ownValue(run.state.bucketing, id);
    // Ids that the SDK can't find again are stored by it and exposed, and the visitor gets the original.
    const isNew = variation !== null && now !== undefined && now !== stored;
    const { change, events } =
      variation === null
        ? { change: undefined, events: NO_EVENTS }
        : enrolment(
            { experienceId: id, variationId: String(isNew ? now : variation.id), stored, isNew },
            visitor.state,
            attributes,
            this.#strict,
          );
    const { locations } = run.state;
    const hasMoved = locations !== undefined && !sameList(locations, visitor.state.locations);
    return {
      experienceKey: String(experience.key),
      variation,
      reason: reasonOf(variation, isNew, attributes.forceVariationId, noTraffic),
      change: hasMoved ? { ...change, locations } : change,
      events,
    };
  }

  #features(
    visitor: EngineVisitor,
    attributes: FeatureAttributes,
    call: (sdk: SdkInstance['_featureManager'], given: object) => unknown,
  ): FeatureOutcome {
    const run = this.#run(visitor, (_context, properties) => {
      const { locationProperties, visitorProperties } = properties(attributes);
      return call(this.#sdk._featureManager, {
        locationProperties,
        // The SDK's context does so for experiences; its feature manager is asked directly here.
        visitorProperties: mergeSegments(visitor.state.segments ?? {}, visitorProperties),
        typeCasting: attributes.typeCasting ?? true,
        ...(!this.#strict && {
          forceVariationId: attributes.forceVariationId,
          ignoreLocationProperties: attributes.ignoreLocationProperties,
        }),
        environment: environmentOf(visitor, attributes),
      });
    });
    const found = (Array.isArray(run.result) ? run.result : [run.result]).filter(isFeature);
    // What the SDK decided on the way is in the state that it left.
    const carriedBy = new Set(found.map((feature) => String(feature.experienceId)));
    const decisions: Decision[] = [];
    for (const experience of this.#experiences.values()) {
      const id = String(experience.id);
      const variationId = ownValue(run.state.bucketing, id);
      const isNew = variationId !== ownValue(visitor.state.bucketing, id);
      if (variationId === undefined || (!isNew && !carriedBy.has(id))) continue;
      const config = experience.variations?.find((each) => String(each.id) === String(variationId));
      if (!config) continue;
      const variation = this.#frozen(asBucketed(experience, config));
      const tracking = this.#strict ? { ...attributes, enableTracking: true } : attributes;
      const locations = decisions.length > 0 ? visitor.state.locations : run.state.locations;
      const alone = { ...run, state: { ...run.state, locations } };
      decisions.push(this.#decision(experience, visitor, tracking, variation, alone, false));
    }
    return { features: found.map((feature) => deepFreeze(structuredClone(feature))), decisions };
  }

  /** The experiences to decide for features; undefined where the SDK's own choice is wanted. */
  #carriers(given: string[] | undefined, wanted: (carried: Set<string>) => boolean): string[] | undefined {
    if (this.#strict) return undefined;
    const keys = [...this.#carried].filter(([, carried]) => wanted(carried)).map(([key]) => key);
    return given?.length ? keys.filter((key) => given.includes(key)) : keys;
  }

  #disabled(key: string): Feature {
    const feature = this.#config.features?.find((each) => each.key === key);
    return Object.freeze(
      feature
        ? { id: feature.id, name: feature.name, key, status: 'disabled' as const }
        : { key, status: 'disabled' as const },
    );
  }

  /** One call of the SDK, between a state that is read from here and changes and events that are caught here. */
  #run(
    visitor: EngineVisitor,
    call: (
      context: SdkContext,
      properties: (attributes: ExperienceAttributes) => {
        locationProperties: Record<string, unknown>;
        visitorProperties: Record<string, unknown>;
      },
    ) => unknown,
  ): Run {
    const own: SdkCall = { state: sdkState(visitor.state), events: [] };
    // The app's own property functions may run in the middle of this call, and ask for another decision.
    const outer = this.#call;
    this.#call = own;
    try {
      const context = this.#sdk.createContext(visitor.id);
      if (!context) throw new ConvertError('CONVERT_INTERNAL', 'the official SDK gave no context');
      const result = call(context, (attributes) => ({
        locationProperties: {
          ...pick(visitor.locationProperties, this.#reads.location),
          ...attributes.locationProperties,
        },
        visitorProperties: {
          ...pick(visitor.visitorProperties, this.#reads.visitor),
          ...attributes.visitorProperties,
        },
      }));
      // Bucketing events are the SDK's own and fresh; a conversion holds what the app gave, and the state.
      const events = own.events.map((event) =>
        event.eventType === 'conversion' ? structuredClone(event) : event,
      );
      return { result, events, state: own.state };
    } finally {
      this.#call = outer;
    }
  }

  /** Puts the call under way in the place of the SDK's store, queue and listeners. */
  #takeOver(sdk: SdkInstance): void {
    sdk._eventManager.fire = () => {};
    sdk._apiManager.enqueue = (_visitorId, event) => void this.#call.events.push(event);
    sdk._dataManager.getData = () => this.#call.state;
    sdk._dataManager.putData = (_visitorId, { bucketing, goals, segments, locations }) => {
      const { state } = this.#call;
      this.#call.state = {
        bucketing: bucketing ? { ...state.bucketing, ...bucketing } : state.bucketing,
        goals: goals ? { ...state.goals, ...goals } : state.goals,
        segments: segments ? mergeSegments(state.segments ?? {}, segments) : state.segments,
        // The array that the SDK goes on working with must not be the one that is kept.
        locations: locations ? [...locations] : state.locations,
      };
    };
    // The SDK lists the names of its comparisons anew for each rule.
    const rules = sdk._dataManager._ruleManager;
    const names = rules?.getComparisonProcessorMethods?.();
    if (rules && names) rules.getComparisonProcessorMethods = () => names;
  }

  /** What the SDK returned, without its references into the config. */
  #frozen(result: SdkVariation): Variation {
    const { experienceId, experienceName, experienceKey, bucketingAllocation, ...config } = result;
    let ofExperience = this.#variations.get(experienceId);
    if (!ofExperience) {
      ofExperience = new Map<string, SdkVariation>();
      this.#variations.set(experienceId, ofExperience);
    }
    let copy = ofExperience.get(config.id);
    if (copy === undefined) {
      copy = deepFreeze(structuredClone(config)) as SdkVariation;
      ofExperience.set(config.id, copy);
    }
    return Object.freeze({
      ...copy,
      experienceId,
      experienceName,
      experienceKey,
      bucketingAllocation,
    }) as Variation;
  }
}

interface SdkCall {
  state: SdkState;
  events: WireEvent[];
}

interface Run {
  result: unknown;
  events: WireEvent[];
  state: SdkState;
}

function sdkClass(given: unknown): ConvertSDKClass {
  // From ESM the package arrives as CommonJS: the class is the default of the default.
  let candidate = given;
  while (typeof candidate === 'object' && candidate !== null && 'default' in candidate) {
    candidate = candidate.default;
  }
  if (typeof candidate === 'function') return candidate as ConvertSDKClass;
  throw new ConvertError(
    'CONVERT_NO_ENGINE',
    `sdkEngine() takes the class that @convertcom/js-sdk exports, given ${given === null ? 'null' : typeof given};` +
      ` pass it as in sdkEngine(ConvertSDK)`,
  );
}

function instantiate(SdkClass: ConvertSDKClass, data: unknown): SdkInstance {
  let instance: unknown;
  try {
    instance = new SdkClass({
      data,
      // No timers, no requests, no words: all of that is done elsewhere.
      network: { tracking: false },
      logger: { logLevel: SILENT, customLoggers: [] },
    });
  } catch (cause) {
    throw new ConvertError('CONVERT_NO_ENGINE', `the class given to sdkEngine() can't be constructed`, {
      cause,
    });
  }
  const parts = instance as Record<string, Record<string, unknown> | undefined>;
  for (const [part, methods] of PRIVATE_PARTS) {
    for (const method of methods) {
      if (typeof parts[part]?.[method] === 'function') continue;
      throw new ConvertError(
        'CONVERT_NO_ENGINE',
        `this version of @convertcom/js-sdk is not supported (no ${part}.${method}); install ${SUPPORTED_SDK}`,
      );
    }
  }
  return instance as SdkInstance;
}

/**
 * A copy of the config that gives fresh `variables_data` at each read: the SDK casts feature variables in place, which
 * would change the config for everybody.
 */
function unsharedVariables(config: ProjectConfig): ProjectConfig {
  const copy = structuredClone(config);
  for (const experience of copy.experiences ?? []) {
    for (const variation of experience?.variations ?? []) {
      for (const change of changesOf(variation)) {
        const variables = change?.data?.variables_data;
        if (typeof variables !== 'object' || variables === null) continue;
        Object.defineProperty(change!.data, 'variables_data', {
          enumerable: true,
          get: () => structuredClone(variables),
        });
      }
    }
  }
  return copy;
}

/** Segments are stored, and who has a variation is not asked for permanent audiences again. */
function dependsOnState(
  { audiences: ids }: ExperienceConfig,
  { audiences, segments }: ProjectConfig,
): boolean {
  return (
    segments?.some(({ id }) => ids?.includes(id)) === true ||
    audiences?.some(({ id, type }) => type === 'permanent' && ids?.includes(id)) === true
  );
}

function featuresOf(experience: ExperienceConfig, keys: ReadonlyMap<string, string>): Set<string> {
  const carried = new Set<string>();
  for (const variation of experience.variations ?? []) {
    for (const change of changesOf(variation)) {
      const key = keys.get(String(change?.data?.feature_id));
      if (change?.type === 'fullStackFeature' && key !== undefined) carried.add(key);
    }
  }
  return carried;
}

/** A variation as the SDK returns it where it read it from the state. */
function asBucketed({ id, name, key }: ExperienceConfig, variation: VariationConfig): SdkVariation {
  return { experienceId: id, experienceName: name, experienceKey: key, ...variation };
}

function reasonOf(
  variation: Variation | null,
  isNew: boolean,
  forced: string | undefined,
  noTraffic: boolean,
): EngineReason {
  if (!variation) return noTraffic ? 'traffic' : 'not-decided';
  if (forced !== undefined && String(variation.id) === String(forced)) return 'forced';
  return isNew ? 'bucketed' : 'sticky';
}

function environmentOf(visitor: EngineVisitor, attributes: ExperienceAttributes): string | undefined {
  return attributes.environment || visitor.environment;
}

/** The SDK changes what it gets: it gets copies. */
function sdkState({ bucketing, goals, segments, locations }: Readonly<VisitorState>): SdkState {
  return {
    bucketing: bucketing && { ...bucketing },
    goals: goals && { ...goals },
    segments: segments && structuredClone(segments),
    locations: locations && [...locations],
  };
}

/** An absent property is left out: to the SDK, `undefined` is the text "undefined". */
function pick(
  properties: { get(name: string): unknown },
  names: ReadonlySet<string>,
): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) {
    const value = properties.get(name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

function isVariation(result: unknown): result is SdkVariation {
  return typeof result === 'object' && result !== null && 'experienceId' in result && 'id' in result;
}

function isFeature(result: unknown): result is Feature {
  return typeof result === 'object' && result !== null && 'status' in result;
}

function segmentsOf({ segments }: SdkState): readonly string[] {
  const list = segments?.customSegments;
  return Array.isArray(list) ? (list as string[]) : [];
}

function sameList(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a.length === (b?.length ?? 0) && a.every((each, index) => each === b?.[index]);
}
