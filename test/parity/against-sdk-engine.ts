/**
 * What the compiled engine answers, against `sdkEngine`, which is the official SDK behind our engine interface:
 * reasons, claims, and what depends on them. It can't judge everything, see `isJudge`.
 */
import type {
  ConversionAttributes,
  ConversionOutcome,
  Decision,
  EngineProject,
  EngineVisitor,
  FeatureAttributes,
  FeatureOutcome,
} from '../../src/engine/types.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { applyChange } from '../../src/model/visitor-state/apply-change.js';
import type { StateChange, VisitorState } from '../../src/model/visitor-state/types.js';
import { applied } from './against-sdk.js';
import { expectSame, expectSameState } from './compare.js';
import type { Coverage } from './coverage.js';
import { plain, type RawRun } from './raw-sdk.js';
import type { Step, VisitorCase } from './visitors.js';

type Attributes = FeatureAttributes & ConversionAttributes;

/** One step that `sdkEngine` is asked, too. */
export interface Asked {
  readonly subject: EngineVisitor;
  readonly visitor: VisitorCase;
  readonly config: ProjectConfig;
  readonly coverage: Coverage;
  /** What the SDK itself did. */
  readonly run: RawRun;
}

export function decisionsAgainstSdkEngine(
  sdkProject: EngineProject,
  step: Extract<Step, { do: 'experience' | 'explain' | 'experiences' }>,
  decisions: readonly Decision[],
  asked: Asked,
): void {
  const { subject, run } = asked;
  const given = withPlainProperties(step);
  const expected = ask(step, asked, () =>
    step.do === 'experiences'
      ? sdkProject.experiences(subject, given)
      : [sdkProject.experience(step.key, subject, given)],
  );
  if (expected === undefined) return;
  for (const [index, decision] of decisions.entries()) decisionAgainstSdkEngine(expected[index]!, decision);
  const { state } = subject;
  expectSameState('sdkEngine', applied(state, expected), applied(state, decisions), {
    anyLocations: run.hasFailed,
  });
}

function decisionAgainstSdkEngine({ variation, reason, change, events }: Decision, decision: Decision): void {
  const what = (part: string) => `the ${part} of ${decision.experienceKey}`;
  expectSame('sdkEngine', what('variation'), variation, decision.variation);
  if (!isSameReason(reason, decision.reason))
    expectSame('sdkEngine', what('reason'), reason, decision.reason);
  expectSame('sdkEngine', what('claims'), change?.claims, decision.change?.claims);
  expectSame('sdkEngine', what('stored properties'), change?.segments, plain(decision.change?.segments));
  expectSame('sdkEngine', what('claimed exposure'), change?.exposed, decision.change?.exposed);
  expectSame('sdkEngine', what('events'), events, decision.events);
}

/** `sdkEngine` doesn't say which rules left the visitor out. */
function isSameReason(reason: Decision['reason'], actual: Decision['reason']): boolean {
  if (reason === actual) return true;
  return (
    reason === 'not-decided' &&
    ['location', 'audience', 'segment', 'no-variations', 'traffic'].includes(actual)
  );
}

export function featuresAgainstSdkEngine(
  sdkProject: EngineProject,
  step: Extract<Step, { do: 'feature' | 'features' }>,
  { features, decisions }: FeatureOutcome,
  asked: Asked,
): void {
  const { subject } = asked;
  const given = withPlainProperties(step);
  const expected = ask(step, asked, () =>
    step.do === 'feature'
      ? sdkProject.feature(step.key, subject, given)
      : sdkProject.features(subject, given),
  );
  if (expected === undefined) return;
  expectSame('sdkEngine', 'the features', expected.features, features);
  const events = (all: readonly Decision[]) => all.flatMap((each) => each.events);
  expectSame('sdkEngine', 'the events of the features', events(expected.decisions), events(decisions));
  const { state } = subject;
  expectSameState('sdkEngine', applied(state, expected.decisions), applied(state, decisions), {
    anyLocations: decisions.length === 0,
  });
}

export function conversionAgainstSdkEngine(
  sdkProject: EngineProject,
  step: Extract<Step, { do: 'conversion' }>,
  outcome: ConversionOutcome,
  asked: Asked,
): void {
  const { subject } = asked;
  const expected = ask(step, asked, () =>
    sdkProject.conversion(step.key, subject, withPlainProperties(step)),
  );
  // Where nothing is tracked, `sdkEngine` can't tell exactly why.
  const isTracked = expected?.reason === 'tracked' || outcome.reason === 'tracked';
  if (expected !== undefined && isTracked) expectSame('sdkEngine', 'the conversion', expected, outcome);
}

export function segmentsAgainstSdkEngine(
  sdkProject: EngineProject,
  step: Extract<Step, { do: 'segments' }>,
  change: StateChange,
  asked: Asked,
): void {
  const { subject } = asked;
  const expected = ask(step, asked, () =>
    sdkProject.customSegments(step.keys, subject, withPlainProperties(step)),
  );
  if (expected === undefined) return;
  const after = (its: StateChange): VisitorState => applyChange(subject.state, its).state;
  expectSameState('sdkEngine', after(expected), after(change));
}

/** Where the SDK throws, `sdkEngine` has no answer. */
function ask<T>(step: Step, asked: Asked, question: () => T): T | undefined {
  if (!isJudge(step, asked)) return undefined;
  try {
    return question();
  } catch {
    asked.coverage.add('sdk', 'sdkEngine threw');
    return undefined;
  }
}

function isJudge(step: Step, { subject, visitor, config, run }: Asked): boolean {
  const attributes: Attributes = step.attributes;
  const { state } = subject;
  // It gives the SDK only those properties that rules read: it may miss the `name` that makes an object of them.
  const properties = [visitor.location, visitor.visitor, state.segments];
  const inline = [attributes.locationProperties, attributes.visitorProperties, attributes.ruleData];
  if ([...properties, ...inline].some((each) => each?.name === 'RuleData')) return false;
  if (step.do !== 'feature' && step.do !== 'features') return true;
  // What became of experiences, it reads off the state that the SDK leaves.
  if (run.thrown !== undefined || run.hasFailed || run.hasLost || sharesIds(config)) return false;
  // The SDK's own default stands in for no environment.
  if (!attributes.environment && subject.environment === undefined) return false;
  // It stores properties only after all experiences.
  if (attributes.updateVisitorProperties && attributes.visitorProperties?.customSegments) return false;
  return step.do === 'feature' || attributes.experienceKeys === undefined;
}

/** Two experiences have one id, or one key. */
function sharesIds({ experiences = [] }: ProjectConfig): boolean {
  const ids = new Set(experiences.map(({ id }) => id));
  const keys = new Set(experiences.map(({ key }) => key));
  return ids.size < experiences.length || keys.size < experiences.length;
}

/** `sdkEngine` takes `__proto__` for a property of locations and goals. */
function withPlainProperties(step: Step): Attributes {
  const attributes: Attributes = step.attributes;
  return {
    ...attributes,
    locationProperties: plain(attributes.locationProperties),
    visitorProperties: plain(attributes.visitorProperties),
    ruleData: plain(attributes.ruleData),
  };
}
