/** The compiled engine: a project config is compiled once, and a decision is a walk through what came out. */
import type { ProjectConfig } from '../model/project-config.js';
import type { StateChange } from '../model/visitor-state/types.js';
import { copied } from './coerce.js';
import { compilePlan } from './compile-plan.js';
import { evaluateConversion } from './conversions.js';
import { type Call, evaluate, none } from './evaluation/evaluate.js';
import { EvaluationInput } from './evaluation/evaluation-input.js';
import { explainDecision } from './evaluation/explain.js';
import { decideFeature, decideFeatures } from './features.js';
import type { Plan } from './plan-types.js';
import { webRulesOf } from './rules/web-rules.js';
import { customSegments } from './segments.js';
import { withTransactionsOnce } from './transactions.js';
import type {
  ConversionAttributes,
  ConversionOutcome,
  Decision,
  Engine,
  EngineExplanation,
  EngineProject,
  EngineVisitor,
  ExperienceAttributes,
  FeatureAttributes,
  FeatureOutcome,
  Preview,
  SegmentsAttributes,
} from './types.js';

export interface CompiledEngineOptions {
  /**
   * Features enrol as with the official SDK: in every experience, those without the feature too, and whatever
   * `enableTracking` says; `enableTracking: false` is never made up for. Default false.
   */
  strictSdk?: boolean | undefined;
  /**
   * Answers rules without a key, which the Convert UI makes for web projects, from the request; and `cookie` rules from
   * its cookies. Default false: they are false, as with the official SDK on a server.
   */
  uiRules?: boolean | undefined;
}

/** An engine for project configs that are validated and frozen to the bottom: parts of them are handed out. */
export function compiledEngine({ strictSdk = false, uiRules = false }: CompiledEngineOptions = {}): Engine {
  const planOf = (config: ProjectConfig): Plan =>
    compilePlan(config, { uiRules: uiRules ? webRulesOf(config) : undefined });
  return { name: 'compiled', load: (config) => new CompiledProject(planOf(config), strictSdk) };
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

  preview({ experienceId, variationId }: Preview): Decision | undefined {
    const experience = this.plan.byId.get(experienceId);
    const variation = experience?.variations.get(variationId);
    return experience && variation && none(experience, 'preview', variation.stored);
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#features(visitor, attributes, (call) => decideFeature(call, key, attributes));
  }

  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#features(visitor, attributes, (call) => decideFeatures(call, attributes));
  }

  conversion(goalKey: string, visitor: EngineVisitor, attributes: ConversionAttributes): ConversionOutcome {
    const outcome = evaluateConversion(this.plan, goalKey, visitor, attributes);
    return this.strict ? outcome : withTransactionsOnce(outcome, goalKey, visitor.state);
  }

  customSegments(
    keys: readonly string[],
    visitor: EngineVisitor,
    { ruleData }: SegmentsAttributes,
  ): StateChange {
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
    const attributes = given.updateVisitorProperties ? withOwnProperties(given) : given;
    const input = EvaluationInput.of(this.plan, visitor, attributes);
    return { plan: this.plan, input, state: input.state, attributes, strict: this.strict };
  }
}

/** Copies the visitor properties that will be stored, so that the app can not change them before that. */
function withOwnProperties(attributes: ExperienceAttributes): ExperienceAttributes {
  const { visitorProperties } = attributes;
  return visitorProperties ? { ...attributes, visitorProperties: copied(visitorProperties) } : attributes;
}

/** With the SDK 4.4, features are neither forced nor untracked, and their locations are always asked. */
function asSdk(attributes: FeatureAttributes): FeatureAttributes {
  const { forceVariationId: _, ignoreLocationProperties: __, ...rest } = attributes;
  return { ...rest, enableTracking: true };
}

/** The locations that matched go along with the last decision: they are those after all of them. */
function atLastWithLocations(decisions: Decision[], call: Call): Decision[] {
  const last = decisions.at(-1);
  if (last !== undefined) decisions[decisions.length - 1] = withLocations(last, call);
  return decisions;
}

/** The decision is a fresh one: it is completed in place. */
function withLocations(decision: Mutable<Decision>, { state }: Call): Decision {
  const locations = state.changedLocations;
  if (locations === undefined) return decision;
  const { change } = decision;
  if (change === undefined) decision.change = { locations };
  // Most changes are one claim; to spread an object takes V8 long.
  else if (change.segments === undefined && change.exposed === undefined) {
    decision.change = { claims: change.claims!, locations };
  } else decision.change = { ...change, locations };
  return decision;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
