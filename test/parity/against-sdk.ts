/** What the compiled engine answers, against the official SDK itself. */
import type {
  ConversionAttributes,
  ConversionOutcome,
  Decision,
  EngineEvent,
  FeatureOutcome,
} from '../../src/engine/types.js';
import { applyChange } from '../../src/model/visitor-state/apply-change.js';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import { Difference, expectSame, expectSameState, same } from './compare.js';
import type { RawDecision, RawRun } from './raw-sdk.js';

export function decisionsAgainstSdk(
  decisions: readonly Decision[],
  run: RawRun,
  before: Readonly<VisitorState>,
): void {
  if (run.thrown !== undefined) throw new Difference('SDK', 'an exception', run.thrown, decisions);
  const keys = decisions.map(({ experienceKey }) => experienceKey);
  expectSame(
    'SDK',
    'the experiences',
    run.decisions.map(({ key }) => key),
    keys,
  );
  for (const [index, decision] of decisions.entries()) decisionAgainstSdk(decision, run.decisions[index]!);
  expectSameState('SDK', run.state, applied(before, decisions), { anyLocations: run.hasFailed });
}

function decisionAgainstSdk(decision: Decision, expected: RawDecision): void {
  const { variation, reason, events, experienceKey } = decision;
  expectSame('SDK', `the variation of ${experienceKey} (${reason})`, expected.variation, variation);
  expectSame('SDK', `the events of ${experienceKey}`, expected.events, wireEvents(events));
  const { reasons } = expected;
  if (reasons.length > 0 && !reasons.includes(reason)) {
    throw new Difference('SDK', `the reason of ${experienceKey}`, reasons, reason);
  }
  if (variation !== null && !Object.isFrozen(variation)) {
    throw new Difference('rule', 'variations are frozen', true, variation);
  }
}

export function featuresAgainstSdk(
  { features, decisions }: FeatureOutcome,
  run: RawRun,
  before: Readonly<VisitorState>,
): void {
  // Where a variable can't be cast, the SDK gives no feature at all, and we leave out the one.
  if (run.thrown === undefined) {
    const expected = Array.isArray(run.result) ? run.result : [run.result];
    expectSame('SDK', 'the features', expected, features, true);
  }
  if (!features.every(Object.isFrozen)) throw new Difference('rule', 'features are frozen', true, features);
  const events = decisions.flatMap((decision) => wireEvents(decision.events));
  expectSame('SDK', 'the events of the features', run.events, events);
  for (const { experienceKey, variation } of decisions) {
    const sameKey = run.decisions.filter(({ key }) => key === experienceKey);
    if (sameKey.some((each) => same(each.variation, variation))) continue;
    throw new Difference('SDK', `the variation of ${experienceKey}`, sameKey, variation);
  }
  // Locations go along with a decision: where there is none, they stay.
  const anyLocations = run.hasFailed || decisions.length === 0;
  expectSameState('SDK', run.state, applied(before, decisions), { anyLocations });
}

export function conversionAgainstSdk(
  { events, change, reason }: ConversionOutcome,
  run: RawRun,
  before: Readonly<VisitorState>,
  goal: { readonly key: string; readonly isThere: boolean },
  { ruleData }: ConversionAttributes,
): void {
  const hasThrown = run.thrown !== undefined;
  expectSame('SDK', 'the events of the conversion', hasThrown ? [] : run.events, wireEvents(events), true);
  expectSameState('SDK', hasThrown ? before : run.state, applyChange(before, change ?? {}).state);
  expectSame('SDK', 'whether the goal is there', goal.isThere, reason !== 'goal-not-found');
  const mayBe: Record<typeof reason, boolean> = {
    tracked: run.events.length > 0,
    'already-tracked': Boolean(before.goals?.[goal.key]),
    'goal-rules': ruleData !== undefined,
    'goal-not-found': true,
  };
  expectSame('SDK', `whether the conversion may be ${reason}`, true, mayBe[reason]);
}

export function segmentsAgainstSdk(
  after: VisitorState,
  { thrown, state }: RawRun,
  before: Readonly<VisitorState>,
): void {
  expectSameState('SDK', thrown === undefined ? state : before, after);
}

/** The state after decisions. */
export function applied(before: Readonly<VisitorState>, decisions: readonly Decision[]): VisitorState {
  return decisions.reduce<VisitorState>(
    (state, { change }) => applyChange(state, change ?? {}).state,
    before,
  );
}

function wireEvents(events: readonly EngineEvent[]): unknown[] {
  return events.map(({ event }) => event);
}
