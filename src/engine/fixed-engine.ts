/** The fixed engine gives all visitors the same variation of an experience, for an app's own tests. */
import type { ExperienceConfig, ProjectConfig, RuleEntityConfig } from '../model/project-config.js';
import type { StateChange } from '../model/visitor-state/types.js';
import { compiledEngine } from './compiled-engine.js';
import { EvaluationState } from './evaluation/evaluation-state.js';
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
} from './types.js';

/**
 * Asks no rule and shares no traffic: an experience gives its first running variation. Every goal and every segment is
 * known. In all else (what is sticky, stored, sent once, carried as a feature) it is the compiled engine, and wants as
 * that one a config that is validated and frozen.
 */
export function fixedEngine(): Engine {
  return { name: 'fixed', load: (config) => new FixedProject(config) };
}

class FixedProject implements EngineProject {
  readonly warnings: readonly string[] = [];
  readonly #config: ProjectConfig;
  readonly #compiled: EngineProject;

  constructor(config: ProjectConfig) {
    this.#config = config;
    this.#compiled = compiledEngine().load({ ...config, experiences: config.experiences?.map(fixed) });
  }

  experience(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): Decision {
    return this.#compiled.experience(key, visitor, attributes);
  }

  experiences(visitor: EngineVisitor, attributes: ExperienceAttributes): Decision[] {
    return this.#compiled.experiences(visitor, attributes);
  }

  explain(key: string, visitor: EngineVisitor, attributes: ExperienceAttributes): EngineExplanation {
    return this.#compiled.explain(key, visitor, attributes);
  }

  preview(preview: Preview): Decision | undefined {
    return this.#compiled.preview(preview);
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#compiled.feature(key, visitor, attributes);
  }

  features(visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    return this.#compiled.features(visitor, attributes);
  }

  conversion(
    goalKey: string,
    visitor: EngineVisitor,
    { ruleData: _, ...attributes }: ConversionAttributes,
  ): ConversionOutcome {
    const { account_id, project, goals } = this.#config;
    const goal = { id: idOf(goals, goalKey), key: goalKey };
    return compiledEngine()
      .load({ account_id, project, goals: [goal] })
      .conversion(goalKey, visitor, attributes);
  }

  customSegments(keys: readonly string[], { state }: EngineVisitor): StateChange {
    const { customSegments } = new EvaluationState(state);
    const ids = keys.map((key) => idOf(this.#config.segments, key));
    const added = [...new Set(ids)].filter((id) => !customSegments.includes(id));
    return added.length === 0 ? {} : { segments: { customSegments: [...customSegments, ...added] } };
  }
}

/** The experience without rules, and with all of its traffic at its first running variation. */
function fixed(experience: ExperienceConfig): ExperienceConfig {
  const { variations } = experience;
  const answer = variations?.find(({ status }) => !status || status === 'running');
  return {
    ...experience,
    locations: [],
    site_area: null,
    audiences: [],
    variations: variations?.map((each) => ({ ...each, traffic_allocation: each === answer ? 100 : 0 })),
  };
}

/** The id of a declared goal or segment; one that the project doesn't declare has its key as its id. */
function idOf(declared: readonly RuleEntityConfig[] | undefined, key: string): string {
  return declared?.find((each) => each.key === key)?.id ?? key;
}
