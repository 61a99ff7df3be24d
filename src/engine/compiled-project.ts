/** A project config that is compiled once, so that each decision only reads the compiled plan. */
import type { ProjectConfig } from '../model/project-config.js';
import type { StateChange } from '../model/visitor-state/types.js';
import { asObject, ownProperties } from '../utils/objects.js';
import { deepCopy } from './coerce.js';
import { compilePlan } from './compile-plan.js';
import { evaluateConversion } from './conversions.js';
import { type Call, evaluate, none } from './evaluation/evaluate.js';
import { EvaluationInput } from './evaluation/evaluation-input.js';
import { explainDecision } from './evaluation/explain.js';
import { decideFeature, decideFeatures } from './features.js';
import type { Plan } from './plan-types.js';
import type { CompileRegex } from './rules/operators.js';
import { webRulesOf } from './rules/web-rules.js';
import { customSegments } from './segments.js';
import { withTransactionsOnce } from './transactions.js';
import type {
  BucketingOptions,
  ConversionAttributes,
  ConversionOutcome,
  Decision,
  EngineExplanation,
  EngineProject,
  EngineVisitor,
  ExperienceAttributes,
  FeatureAttributes,
  FeatureOutcome,
  Preview,
  PreviewDecision,
  SegmentsAttributes,
} from './types.js';

/** Options of `compiledEngine()` and `compile()`. */
export interface CompiledEngineOptions {
  /**
   * True does as the official SDK does where this package differs from it by default. A call for features enrols the
   * visitor in every experience, even if the experience does not carry the feature. It ignores `enableTracking: false`,
   * `forceVariationId` and `ignoreLocationProperties`. An exposure that `enableTracking: false` has left out is never
   * sent later. A repeated transaction id counts again. Default false.
   */
  strictSdk?: boolean | undefined;
  /**
   * True answers rules without a key, which the Convert UI makes for web projects, from the request. It also answers
   * `cookie` rules from the request's cookies. Default false: rules without a key find no value, as with the official
   * SDK on a server.
   */
  uiRules?: boolean | undefined;
  /** How the traffic is shared out, if not as by default: the SDK's settings of the same names. */
  bucketing?: BucketingOptions | undefined;
}

/**
 * Compiles a project config. The config must be validated and deeply frozen, since decisions hand parts of it to the
 * app.
 */
export function compileProject(
  config: ProjectConfig,
  { strictSdk = false, uiRules = false, bucketing }: CompiledEngineOptions,
  compileRegex: CompileRegex,
): EngineProject {
  const webRules = uiRules ? webRulesOf(config) : undefined;
  return new CompiledProject(compilePlan(config, { uiRules: webRules, bucketing, compileRegex }), strictSdk);
}

class CompiledProject implements EngineProject {
  readonly warnings: readonly string[];

  constructor(
    private readonly plan: Plan,
    private readonly strict: boolean,
  ) {
    this.warnings = plan.warnings;
  }

  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision {
    const experience = this.plan.byKey.get(key);
    if (experience === undefined) return none({ key }, 'not-found');
    const call = this.#call(visitor, attributes);
    return withLocations(evaluate(call, experience), call);
  }

  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[] {
    const call = this.#callForAll(visitor, attributes);
    const decisions = this.plan.experiences.map((experience) => evaluate(call, experience));
    return atLastWithLocations(decisions, call);
  }

  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation {
    const decision = this.experience(key, visitor, attributes);
    return explainDecision(this.#call(visitor, attributes), this.plan.byKey.get(key), decision);
  }

  preview({ experienceId, variationId }: Preview): PreviewDecision | undefined {
    const experience = this.plan.byId.get(experienceId);
    const variation = experience?.variations.get(variationId);
    if (experience === undefined || variation === undefined) return undefined;
    return { ...none(experience, 'preview', variation.stored), features: variation.features };
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const given = asObject(attributes);
    return this.#features(visitor, given, (call) => decideFeature(call, key, given));
  }

  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const given = asObject(attributes);
    return this.#features(visitor, given, (call) => decideFeatures(call, given));
  }

  conversion(goalKey: string, visitor: EngineVisitor, attributes: ConversionAttributes): ConversionOutcome {
    const outcome = evaluateConversion(this.plan, goalKey, visitor, asObject(attributes));
    return this.strict ? outcome : withTransactionsOnce(outcome, goalKey, visitor.state);
  }

  customSegments(
    keys: readonly string[],
    visitor: EngineVisitor,
    attributes: SegmentsAttributes,
  ): StateChange {
    const { ruleData } = asObject(attributes);
    const { input, state } = this.#call(visitor, ruleData ? { visitorProperties: ruleData } : {});
    return customSegments(this.plan, keys, input, state);
  }

  #features(
    visitor: EngineVisitor,
    attributes: FeatureAttributes,
    decideAll: (call: Call) => FeatureOutcome,
  ): FeatureOutcome {
    const call = this.#callForAll(visitor, this.strict ? asSdk(attributes) : attributes);
    const outcome = decideAll(call);
    return { ...outcome, decisions: atLastWithLocations([...outcome.decisions], call) };
  }

  #callForAll(visitor: EngineVisitor, attributes: ExperienceAttributes): Call {
    const call = this.#call(visitor, attributes);
    call.state.expectMany(this.plan.locationCount);
    return call;
  }

  #call(visitor: EngineVisitor, given: ExperienceAttributes): Call {
    const own = asObject(given);
    const attributes = own.updateVisitorProperties ? withCopiedProperties(own) : own;
    const input = EvaluationInput.of(this.plan, visitor, attributes);
    return { plan: this.plan, input, state: input.state, attributes, strict: this.strict };
  }
}

/** Copies the visitor properties that will be stored, so that the app can not change them before that. */
function withCopiedProperties(attributes: ExperienceAttributes): ExperienceAttributes {
  const { visitorProperties } = attributes;
  if (!visitorProperties) return attributes;
  return Object.assign(ownProperties(attributes), { visitorProperties: deepCopy(visitorProperties) });
}

/**
 * Removes the attributes that SDK 4.4 ignores for features: `forceVariationId`, `ignoreLocationProperties` and
 * `enableTracking: false`.
 */
function asSdk(attributes: FeatureAttributes): FeatureAttributes {
  const { forceVariationId: _, ignoreLocationProperties: __, ...rest } = attributes;
  return Object.assign(ownProperties(rest), { enableTracking: true });
}

/**
 * Adds the locations that matched to the change of the last decision. Their list is complete only after all decisions.
 */
function atLastWithLocations(decisions: Decision[], call: Call): Decision[] {
  const last = decisions.at(-1);
  if (last !== undefined) decisions[decisions.length - 1] = withLocations(last, call);
  return decisions;
}

/**
 * Adds the locations that matched to the change of a decision, if they differ from the stored ones. The decision is
 * modified in place, since no other code has seen it yet.
 */
function withLocations(decision: Mutable<Decision>, { state, attributes }: Call): Decision {
  const locations = attributes.enableStorage === false ? undefined : state.changedLocations;
  if (locations === undefined) return decision;
  const { change } = decision;
  if (change === undefined) decision.change = { locations };
  // Most changes consist of one claim. For them, V8 makes a literal faster than a spread object.
  else if (change.segments === undefined && change.exposed === undefined) {
    decision.change = { claims: change.claims!, locations };
  } else decision.change = { ...change, locations };
  return decision;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
