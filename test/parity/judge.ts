/**
 * Plays a case: each step is asked of the compiled engine, of the official SDK, and of `sdkEngine`, which is the SDK
 * behind our engine interface.
 */
import { deepFreeze } from '../../src/engine/coerce.js';
import { compiledEngine } from '../../src/engine/compiled-engine.js';
import type {
  Decision,
  EngineMemo,
  EngineProject,
  EngineVisitor,
  Properties,
} from '../../src/engine/types.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { applyChange } from '../../src/model/visitor-state/apply-change.js';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import { adoptProject } from '../../src/project/parse-config.js';
import { sdkEngine } from '../../src/sdk-engine.js';
import {
  conversionAgainstSdkEngine,
  decisionsAgainstSdkEngine,
  featuresAgainstSdkEngine,
  segmentsAgainstSdkEngine,
} from './against-sdk-engine.js';
import {
  applied,
  conversionAgainstSdk,
  decisionsAgainstSdk,
  featuresAgainstSdk,
  segmentsAgainstSdk,
} from './against-sdk.js';
import { Difference, expectSame } from './compare.js';
import { countDecisions, type Coverage } from './coverage.js';
import { RawSdk, type RawVisitor } from './raw-sdk.js';
import { ConvertSDK } from './sdk.js';
import type { Fields, Step, VisitorCase } from './visitors.js';

export interface ParityCase {
  /** As fetched. Steps name one by its place; where there is no second one, they mean the first. */
  readonly projects: readonly (Fields | undefined)[];
  readonly visitors: readonly VisitorCase[];
}

const compiled = compiledEngine({ strictSdk: true, uiRules: false });
const official = sdkEngine(ConvertSDK, { strictSdk: true });

/** What answers for one project. */
interface Bench {
  readonly config: ProjectConfig;
  readonly ours: EngineProject;
  readonly sdk: RawSdk;
  readonly sdkProject: EngineProject;
}

/** What a step came to. */
interface Played {
  readonly state: VisitorState;
  /** So many experiences were decided. */
  readonly decisions: number;
}

/**
 * @returns how many experiences were decided
 * @throws Difference
 */
export function judge({ projects, visitors }: ParityCase, coverage: Coverage): number {
  const benches = projects.flatMap((project) => (project === undefined ? [] : [bench(project, coverage)]));
  let decisions = 0;
  for (const visitor of visitors) {
    const asked = {
      id: visitor.id,
      locationProperties: propertiesOf(visitor.location),
      visitorProperties: propertiesOf(visitor.visitor),
      environment: visitor.environment,
      ...(visitor.memo && { memo: {} satisfies EngineMemo }),
    };
    let state = deepFreeze(structuredClone(visitor.state));
    for (const [index, step] of visitor.steps.entries()) {
      // Nobody writes to what they are given: an attempt throws.
      deepFreeze(step);
      try {
        const played = play(
          step,
          { ...asked, state },
          visitor,
          benches[step.project] ?? benches[0]!,
          coverage,
        );
        state = deepFreeze(played.state);
        decisions += played.decisions;
      } catch (error) {
        if (error instanceof Difference) error.message = `step ${index}, ${step.do}: ${error.message}`;
        throw error;
      }
    }
  }
  return decisions;
}

function bench(project: Fields, coverage: Coverage): Bench {
  const config = adoptProject(project, 'case');
  return {
    config,
    ours: compiled.load(config),
    sdk: new RawSdk(JSON.stringify(config), coverage),
    sdkProject: official.load(config),
  };
}

function propertiesOf(values: Fields): Properties {
  deepFreeze(values);
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) };
}

function play(
  step: Step,
  subject: EngineVisitor,
  visitor: VisitorCase,
  { ours, sdk, sdkProject, config }: Bench,
  coverage: Coverage,
): Played {
  coverage.add('steps', step.do);
  const { state } = subject;
  const raw: RawVisitor = { ...visitor, state };
  switch (step.do) {
    case 'experience':
    case 'explain':
    case 'experiences': {
      const decisions = decisionsOf(ours, step, subject);
      const run =
        step.do === 'experiences'
          ? sdk.experiences(raw, step.attributes)
          : sdk.experience(step.key, raw, step.attributes);
      decisionsAgainstSdk(decisions, run, state);
      if (step.do === 'experiences') {
        const variations = decisions.flatMap(({ variation }) => variation ?? []);
        expectSame('SDK', 'the variations of all experiences', run.result ?? [], variations);
      }
      decisionsAgainstSdkEngine(sdkProject, step, decisions, { subject, visitor, config, coverage, run });
      countDecisions(coverage, decisions, subject, config);
      return { state: applied(state, decisions), decisions: decisions.length };
    }
    case 'feature':
    case 'features': {
      const [outcome, run] =
        step.do === 'feature'
          ? [ours.feature(step.key, subject, step.attributes), sdk.feature(step.key, raw, step.attributes)]
          : [ours.features(subject, step.attributes), sdk.features(raw, step.attributes)];
      featuresAgainstSdk(outcome, run, state);
      featuresAgainstSdkEngine(sdkProject, step, outcome, { subject, visitor, config, coverage, run });
      for (const { status } of outcome.features) coverage.add('features', status);
      if (run.thrown !== undefined) coverage.add('sdk', 'features threw');
      return { state: applied(state, outcome.decisions), decisions: run.decisions.length };
    }
    case 'conversion': {
      const { key, attributes } = step;
      const outcome = ours.conversion(key, subject, attributes);
      const run = sdk.conversion(key, raw, attributes);
      conversionAgainstSdk(outcome, run, state, { key, isThere: sdk.hasGoal(key) }, attributes);
      conversionAgainstSdkEngine(sdkProject, step, outcome, { subject, visitor, config, coverage, run });
      coverage.add('conversions', outcome.reason);
      return { state: applyChange(state, outcome.change ?? {}).state, decisions: 0 };
    }
    case 'segments': {
      const change = ours.customSegments(step.keys, subject, step.attributes);
      const run = sdk.segments(step.keys, raw, step.attributes);
      const after = applyChange(state, change).state;
      segmentsAgainstSdk(after, run, state);
      segmentsAgainstSdkEngine(sdkProject, step, change, { subject, visitor, config, coverage, run });
      coverage.add('segments', change.segments ? 'added' : 'none');
      return { state: after, decisions: 0 };
    }
  }
}

function decisionsOf(
  ours: EngineProject,
  step: Extract<Step, { do: 'experience' | 'explain' | 'experiences' }>,
  subject: EngineVisitor,
): Decision[] {
  const { attributes } = step;
  if (step.do === 'experiences') return ours.experiences(subject, attributes);
  if (step.do === 'explain') return [ours.explain(step.key, subject, attributes).decision];
  return [ours.experience(step.key, subject, attributes)];
}
