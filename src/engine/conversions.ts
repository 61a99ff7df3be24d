/** Conversions: which goal, whether its rules match, and whether it was tracked before. */
import { goalClaim } from '../model/visitor-state/claims.js';
import { ownValue } from '../utils/objects.js';
import type { ConversionEvent } from '../model/tracking-event.js';
import { Facts } from './evaluation/evaluation-input.js';
import type { ConversionAttributes, ConversionOutcome, EngineEvent, EngineVisitor } from './types.js';
import { isRuleError } from './rules/compile-rules.js';
import { Values } from './evaluation/property-values.js';
import type { GoalPlan, Plan } from './plan-types.js';

export function convert(
  plan: Plan,
  goalKey: string,
  visitor: EngineVisitor,
  { ruleData, conversionData, conversionSetting }: ConversionAttributes,
): ConversionOutcome {
  const goal = plan.goals.get(goalKey);
  if (!goal?.id) return { reason: 'goal-not-found', events: [] };
  if (ruleData && !matches(plan, goal, visitor, ruleData)) return { reason: 'goal-rules', events: [] };

  const { state } = visitor;
  const isRepeated = Boolean(ownValue(state.goals, goalKey));
  const isRepeatable = Boolean(conversionSetting?.forceMultipleTransactions);
  const events: EngineEvent[] = [];
  const { bucketing } = state;
  const data: ConversionEvent['data'] = {
    goalId: goal.id,
    ...(bucketing && { bucketingData: { ...bucketing } }),
  };
  const claim = goalClaim(goalKey);
  if (!isRepeated) events.push({ event: { eventType: 'conversion', data }, claim });
  if (conversionData && (!isRepeated || isRepeatable)) {
    const goalData = structuredCopy(conversionData);
    const { goalId, ...rest } = data;
    const event: ConversionEvent = { eventType: 'conversion', data: { goalId, goalData, ...rest } };
    // A transaction that may repeat counts although another request was first to claim the goal.
    events.push(isRepeatable ? { event } : { event, claim });
  }
  if (events.length === 0) return { reason: 'already-tracked', events };
  return { reason: 'tracked', change: isRepeated ? undefined : { goals: [goalKey] }, events };
}

/** Rules with a key are matched against the given data alone; the others may ask the request, too. */
function matches(
  plan: Plan,
  { rules }: GoalPlan,
  visitor: EngineVisitor,
  ruleData: Record<string, unknown>,
): boolean {
  if (rules === undefined || typeof ruleData !== 'object') return false;
  const facts = new Facts(plan, visitor, { locationProperties: ruleData, visitorProperties: ruleData });
  const outcome = rules.match(new Values(plan.names, facts, undefined, ruleData, undefined));
  return Boolean(outcome) && !isRuleError(outcome);
}

/** What the app gave must not change under the event that waits. */
function structuredCopy(goalData: NonNullable<ConversionAttributes['conversionData']>) {
  return goalData.map((each) => ({ ...each }));
}
