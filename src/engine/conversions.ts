/** Decides conversions: finds the goal, and checks whether its rules match and whether it was tracked before. */
import type { ConversionEvent } from '../model/tracking-event.js';
import { goalClaim } from '../model/visitor-state/claims.js';
import { asObject, ownValue } from '../utils/objects.js';
import { structuredCopy } from './conversion-data.js';
import { EvaluationInput } from './evaluation/evaluation-input.js';
import { PropertyValues } from './evaluation/property-values.js';
import type { GoalPlan, Plan } from './plan-types.js';
import { isRuleError } from './rules/compile-rules.js';
import type { ConversionAttributes, ConversionOutcome, EngineEvent, EngineVisitor } from './types.js';

export function evaluateConversion(
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
  const isRepeatable = Boolean(asObject(conversionSetting).forceMultipleTransactions);
  const events: EngineEvent[] = [];
  const { bucketing } = state;
  // Stores that hold the same variations for many visitors freeze them. A copy of ids that look like indexes is slow.
  const bucketingData = bucketing && (Object.isFrozen(bucketing) ? bucketing : { ...bucketing });
  const goalId = goal.id;
  const claim = goalClaim(goalKey);
  // Spread objects would be slower by far (see `shallowCopy`), and the order of the fields is that of the official SDK.
  if (!isRepeated) {
    const data = bucketingData === undefined ? { goalId } : { goalId, bucketingData };
    events.push({ event: { eventType: 'conversion', data }, claim });
  }
  if (conversionData && (!isRepeated || isRepeatable)) {
    const goalData = structuredCopy(conversionData);
    const data = bucketingData === undefined ? { goalId, goalData } : { goalId, goalData, bucketingData };
    const event: ConversionEvent = { eventType: 'conversion', data };
    // If transactions may repeat, this event does not depend on the claim of the goal: it is sent even if another
    // request has won that claim.
    events.push(isRepeatable ? { event } : { event, claim });
  }
  if (events.length === 0) return { reason: 'already-tracked', events };
  return { reason: 'tracked', change: isRepeated ? undefined : { goals: [goalKey] }, events };
}

/**
 * True if the rules of the goal match. Rules with a key read `ruleData` only; rules without a key may read the request
 * too.
 */
function matches(
  plan: Plan,
  { rules }: GoalPlan,
  visitor: EngineVisitor,
  ruleData: Record<string, unknown>,
): boolean {
  if (rules === undefined || typeof ruleData !== 'object') return false;
  const input = new EvaluationInput(plan, visitor, {
    locationProperties: ruleData,
    visitorProperties: ruleData,
  });
  const result = rules.match(new PropertyValues(plan.names, input, undefined, ruleData, undefined));
  return Boolean(result) && !isRuleError(result);
}
