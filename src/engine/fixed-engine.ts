/** The fixed engine gives all visitors the same variation of an experience, for an app's own tests. */
import type { ExperienceConfig, ProjectConfig, RuleEntityConfig } from '../model/project-config.js';
import type { StateChange } from '../model/visitor-state/types.js';
import { compileProject } from './compiled-project.js';
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
  PreviewDecision,
} from './types.js';

/**
 * Makes the fixed engine. It evaluates no rules and shares no traffic: each experience gives its first running
 * variation. It accepts every key of a goal, a segment or a feature. In all else (sticky variations, stored state,
 * events that are sent once) it works as the compiled engine does. Its configs must be validated and frozen, too.
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
    this.#compiled = compiled({ ...config, ...NO_RULES, experiences: config.experiences?.map(fixed) });
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

  preview(preview: Preview): PreviewDecision | undefined {
    return this.#compiled.preview(preview);
  }

  feature(key: string, visitor: EngineVisitor, attributes: FeatureAttributes): FeatureOutcome {
    const outcome = this.#compiled.feature(key, visitor, attributes);
    const isKnown = outcome.features.some(({ id }) => id !== undefined);
    return isKnown
      ? outcome
      : { ...outcome, features: [Object.freeze({ id: key, key, status: 'disabled' })] };
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
    return compiled({ account_id, project, goals: [goal] }).conversion(goalKey, visitor, attributes);
  }

  customSegments(keys: readonly string[], { state }: EngineVisitor): StateChange {
    const { customSegments } = new EvaluationState(state);
    const ids = keys.map((key) => idOf(this.#config.segments, key));
    const added = [...new Set(ids)].filter((id) => !customSegments.includes(id));
    return added.length === 0 ? {} : { segments: { customSegments: [...customSegments, ...added] } };
  }
}

const NO_RULES = { locations: [], audiences: [], segments: [], goals: [] };

/** Compiles a config without rules, in which there is no regular expression to be compiled. */
function compiled(config: ProjectConfig): EngineProject {
  return compileProject(config, {}, () => {
    throw new Error('a rule');
  });
}

/** Returns the experience without rules, and with all of its traffic at its first running variation. */
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

/** Returns the id of a goal or segment; the key if the project doesn't declare it. */
function idOf(declared: readonly RuleEntityConfig[] | undefined, key: string): string {
  return declared?.find((each) => each.key === key)?.id ?? key;
}
