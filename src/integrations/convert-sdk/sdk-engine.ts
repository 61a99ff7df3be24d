/**
 * Makes an engine of the official SDK: the experiences, features, conversions and segments of a project are decided by
 * the SDK's own code. The file has over 300 lines since it is one class, which implements the interface of an engine.
 */
import { withNumbers } from '../../engine/conversion-data.js';
import { deepFreeze } from '../../engine/coerce.js';
import { NO_EVENTS } from '../../engine/evaluation/enrolment.js';
import { changesOf, compileFeatures } from '../../engine/feature-plan.js';
import { withTransactionsOnce } from '../../engine/transactions.js';
import { bucketingCheck } from '../../engine/bucketing-check.js';
import { compilePlan } from '../../engine/compile-plan.js';
import { compileRegex } from '../../engine/regex/safe-regex.js';
import type {
  BucketingOptions,
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
  PreviewDecision,
  SegmentsAttributes,
} from '../../engine/types.js';
import type { ExperienceConfig, ProjectConfig } from '../../model/project-config.js';
import { applyChange } from '../../model/visitor-state/apply-change.js';
import { goalClaim } from '../../model/visitor-state/claims.js';
import type { StateChange } from '../../model/visitor-state/types.js';
import { asObject, mergeSegments, ownValue } from '../../utils/objects.js';
import { assertOptions, flag, shape } from '../../utils/option-checks.js';
import { type ConvertSDKClass, type SdkCall, sdkClass, SdkInstance } from './sdk-instance.js';
import {
  asBucketed,
  decisionOf,
  FrozenVariations,
  isFeature,
  isVariation,
  NOT_DECIDED,
  sameList,
  segmentsOf,
} from './sdk-results.js';

export interface SdkEngineOptions {
  /**
   * If true, features enrol visitors as the SDK itself does: in every experience, even in one without the feature, and
   * whatever `enableTracking` says. An exposure that `enableTracking: false` suppressed is then never sent later.
   * Default false.
   */
  strictSdk?: boolean;
  /** The SDK's settings of the same names. Default: those of the SDK. */
  bucketing?: BucketingOptions;
}

const OPTIONS = shape({ strictSdk: flag, bucketing: bucketingCheck });

/**
 * Makes an engine that decides with the official SDK's own code, for the option `engine`. `sdk` is the class of the
 * SDK.
 *
 * @example
 * ```js
 * import ConvertSDK from '@convertcom/js-sdk';
 * const convert = createConvert({ sdkKey: '10035569/10034190', engine: sdkEngine(ConvertSDK) });
 * ```
 *
 * @throws ConvertError `CONVERT_NO_ENGINE` for anything else than the class, or for a version whose inside it does not
 *   know; `CONVERT_BAD_OPTION` for wrong options
 */
export function sdkEngine(sdk: unknown, options: SdkEngineOptions = {}): Engine {
  assertOptions(OPTIONS, options);
  const SdkClass = sdkClass(sdk);
  // The SDK is constructed once now, so that an unsupported version is an error at the start and not at the first
  // request.
  new SdkInstance(SdkClass, { account_id: '1', project: { id: '1' } });
  return {
    name: '@convertcom/js-sdk',
    load: (config) => new SdkProject(SdkClass, config, asObject(options)),
  };
}

class SdkProject implements EngineProject {
  readonly warnings: readonly string[];
  readonly #sdk: SdkInstance;
  readonly #config: ProjectConfig;
  readonly #strict: boolean;
  readonly #experiences = new Map<string, ExperienceConfig>();
  readonly #archived: Set<string>;
  readonly #featureKeys = new Map<string, string>();
  readonly #variations = new FrozenVariations();
  /** Keys of experiences whose decision depends on more stored state of the visitor than the variation. */
  readonly #dependOnState = new Set<string>();
  /** Experience key -> keys of the features that its variations carry. */
  readonly #carried = new Map<string, Set<string>>();

  constructor(
    SdkClass: ConvertSDKClass,
    config: ProjectConfig,
    { strictSdk = false, bucketing }: SdkEngineOptions,
  ) {
    this.#config = config;
    this.#strict = strictSdk;
    this.#sdk = new SdkInstance(SdkClass, config, bucketing);
    // The compiled engine knows the parts of a config that do not work as their author may think.
    this.warnings = compilePlan(config, { compileRegex }).warnings;
    this.#archived = new Set((config.archived_experiences ?? []).map(String));
    for (const feature of config.features ?? []) this.#featureKeys.set(String(feature.id), feature.key);
    for (const experience of config.experiences ?? []) {
      const key = String(experience.key);
      // If two experiences have one key, the SDK takes the first.
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

    const { result, state: after } = this.#sdk.run(visitor, ({ context, properties }) =>
      context.runExperience(key, {
        ...properties(attributes),
        environment: environmentOf(visitor, attributes),
        ignoreLocationProperties: attributes.ignoreLocationProperties,
        forceVariationId: attributes.forceVariationId,
      }),
    );
    const variation = isVariation(result) ? this.#variations.get(result) : null;
    const noTraffic = result === NOT_DECIDED;
    const decided = { experience, variation, noTraffic, before: visitor.state, after };
    return decisionOf(decided, attributes, this.#strict);
  }

  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[] {
    const decisions: Decision[] = [];
    let state = visitor.state;
    for (const { key } of this.#config.experiences ?? []) {
      const decision = this.experience(key, withState(visitor, state), attributes);
      if (decision.change) ({ state } = applyChange(state, decision.change));
      decisions.push(decision);
    }
    return decisions;
  }

  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation {
    return { decision: this.experience(key, visitor, attributes), failed: [], missing: [] };
  }

  preview({ experienceId, variationId }: Preview): PreviewDecision | undefined {
    const { experiences } = this.#config;
    const experience = experiences?.find(({ id }) => String(id) === experienceId);
    const config = experience?.variations?.find(({ id }) => String(id) === variationId);
    if (!experience || !config) return undefined;
    const variation = this.#variations.get(asBucketed(experience, config));
    return {
      experienceKey: experience.key,
      variation,
      features: compileFeatures(this.#config.features ?? []).of(variation),
      reason: 'preview',
      events: NO_EVENTS,
    };
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const carriers = this.#carriers(attributes.experienceKeys, (carried) => carried.has(key));
    const run = (subject: EngineVisitor, experienceKeys: string[] | undefined): FeatureOutcome =>
      this.#features(subject, attributes, (sdk, given) =>
        sdk.runFeature(subject.id, key, given, experienceKeys),
      );
    if (carriers === undefined) return run(visitor, attributes.experienceKeys);
    if (attributes.all === true && carriers.length > 0) return run(visitor, carriers);
    const decisions: Decision[] = [];
    let { state } = visitor;
    for (const carrier of carriers) {
      const outcome = run(withState(visitor, state), [carrier]);
      decisions.push(...outcome.decisions);
      const [feature] = outcome.features.filter(({ status }) => status === 'enabled');
      if (feature !== undefined) return { features: [feature], decisions };
      for (const { change } of outcome.decisions) if (change) ({ state } = applyChange(state, change));
    }
    return { features: [this.#disabled(key)], decisions };
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

  conversion(goalKey: string, visitor: EngineVisitor, given: ConversionAttributes): ConversionOutcome {
    const attributes = withNumbers(given);
    const known = this.#config.goals?.some((goal) => String(goal?.key) === goalKey && goal.id);
    if (!known) return { reason: 'goal-not-found', events: [] };
    const before = ownValue(visitor.state.goals, goalKey) === true;
    const run = this.#sdk.run(visitor, ({ context }) => context.trackConversion(goalKey, attributes));
    const claimed = ownValue(run.state.goals, goalKey) === true;
    if (!claimed) return { reason: 'goal-rules', events: [] };
    if (run.events.length === 0) return { reason: 'already-tracked', events: [] };
    const repeatable = asObject(attributes.conversionSetting).forceMultipleTransactions === true;
    const outcome: ConversionOutcome = {
      reason: 'tracked',
      change: before ? undefined : { goals: [goalKey] },
      events: run.events.map((event) => {
        // A transaction that may be repeated is sent even if another request was the first to claim the goal.
        const depends = !before && !(repeatable && Object.hasOwn(event.data, 'goalData'));
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
    const run = this.#sdk.run(visitor, ({ context, properties }) => {
      const { visitorProperties } = properties({ visitorProperties: attributes.ruleData });
      return context.runCustomSegments(keys, { ruleData: visitorProperties });
    });
    const before = segmentsOf(visitor.state);
    const now = segmentsOf(run.state);
    return sameList(now, before) ? {} : { segments: { customSegments: now } };
  }

  /**
   * Returns the reason for which an experience cannot be decided at all; undefined if it can be. The SDK answers null
   * for each of these reasons.
   */
  #unavailable(key: string, environment: string | undefined): EngineReason | undefined {
    const experience = this.#experiences.get(key);
    if (!experience) return 'not-found';
    if (this.#archived.has(String(experience.id))) return 'archived';
    if (experience.environment && experience.environment !== environment) return 'environment';
    return undefined;
  }

  #features(
    visitor: EngineVisitor,
    attributes: FeatureAttributes,
    call: (features: SdkCall['features'], given: object) => unknown,
  ): FeatureOutcome {
    const run = this.#sdk.run(visitor, ({ features, properties }) => {
      const { locationProperties, visitorProperties } = properties(attributes);
      return call(features, {
        locationProperties,
        // The SDK merges the segments in its context, for experiences only. Here its feature manager is called without
        // the context.
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
    // The decisions that the SDK made for the features are in the state that it left.
    const carriedBy = new Set(found.map((feature) => String(feature.experienceId)));
    const decisions: Decision[] = [];
    for (const experience of this.#experiences.values()) {
      const id = String(experience.id);
      const variationId = ownValue(run.state.bucketing, id);
      const isNew = variationId !== ownValue(visitor.state.bucketing, id);
      if (variationId === undefined || (!isNew && !carriedBy.has(id))) continue;
      const config = experience.variations?.find((each) => String(each.id) === String(variationId));
      if (!config) continue;
      const variation = this.#variations.get(asBucketed(experience, config));
      const tracking = this.#strict ? { ...attributes, enableTracking: true } : attributes;
      // Only the first decision carries the change of the visitor's locations.
      const locations = decisions.length > 0 ? visitor.state.locations : run.state.locations;
      const after = { ...run.state, locations };
      const decided = { experience, variation, noTraffic: false, before: visitor.state, after };
      decisions.push(decisionOf(decided, tracking, this.#strict));
    }
    return { features: found.map((feature) => deepFreeze(structuredClone(feature))), decisions };
  }

  /** Returns the keys of the experiences to decide for features; undefined if the SDK is to choose by itself. */
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
}

/**
 * True if the audiences of the experience depend on stored state: segments are stored, and a visitor who has a
 * variation is not checked for permanent audiences again.
 */
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

function environmentOf(visitor: EngineVisitor, attributes: ExperienceAttributes): string | undefined {
  return attributes.environment || visitor.environment;
}

/** A copy would lose the getters of a class, such as the environment. */
const withState = (visitor: EngineVisitor, state: EngineVisitor['state']): EngineVisitor =>
  Object.create(visitor, { state: { value: state } }) as EngineVisitor;
