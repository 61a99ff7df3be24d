/** Decides one experience for one visitor. The checks run in the order of the official SDK. */
import { bucketAt } from '../buckets.js';
import { textOf } from '../coerce.js';
import type { Audience, Plan, PlannedExperience, PlannedVariation } from '../plan-types.js';
import { isRuleError } from '../rules/compile-rules.js';
import type { RuleResult } from '../rules/types.js';
import type { Decision, EngineReason, ExperienceAttributes, Variation } from '../types.js';
import { type Assignment, enrolment, NO_EVENTS } from './enrolment.js';
import type { EvaluationInput } from './evaluation-input.js';
import type { EvaluationState } from './evaluation-state.js';

/** The arguments of one call of the engine. */
export interface Call {
  readonly plan: Plan;
  readonly input: EvaluationInput;
  readonly state: EvaluationState;
  readonly attributes: ExperienceAttributes;
  readonly strict: boolean;
}

const HASHES = 2 ** 32;

export function evaluate(call: Call, experience: PlannedExperience): Decision {
  const isOut = unavailable(call, experience);
  if (isOut !== undefined) return none(experience, isOut);

  const { attributes, state } = call;
  state.deciding = experience.id;
  const storedId = state.assigned(experience);
  const stored = storedId ? experience.variations.get(textOf(storedId)) : undefined;
  const unmatched =
    locationProblem(call, experience) ??
    audienceProblem(call, experience, stored !== undefined) ??
    segmentProblem(state, experience);
  if (unmatched !== undefined) return none(experience, unmatched);
  if (!experience.hasVariations) return none(experience, 'no-variations');

  const forced = attributes.forceVariationId
    ? experience.variations.get(textOf(attributes.forceVariationId))
    : undefined;
  if (stored !== undefined && (forced === undefined || forced === stored)) {
    const assignment = {
      experienceId: experience.id,
      variationId: stored.id,
      stored: storedId,
      isNew: false,
    };
    return decided(call, experience, stored, assignment, forced ? 'forced' : 'sticky', stored.stored);
  }
  const position = Math.floor((call.input.hash(experience.hash) / HASHES) * call.plan.maxTraffic);
  const bucket = bucketAt(experience.buckets, position);
  const chosen = forced ?? bucket?.content;
  if (chosen === undefined) return none(experience, 'traffic');
  const variation = chosen.at(bucket === undefined ? undefined : position);
  const assignment = { experienceId: experience.id, variationId: chosen.id, stored: storedId, isNew: true };
  return decided(call, experience, chosen, assignment, forced ? 'forced' : 'bucketed', variation);
}

/**
 * Returns the variation that the visitor has of an experience; undefined if there is none, or if the project has no
 * such variation any more.
 */
export function assignedTo(
  state: EvaluationState,
  experience: PlannedExperience,
): PlannedVariation | undefined {
  const variationId = state.assigned(experience);
  return variationId ? experience.variations.get(textOf(variationId)) : undefined;
}

/** Makes a decision without a change of the visitor's state and without events. */
export function none(
  { key }: { readonly key: string },
  reason: EngineReason,
  variation: Variation | null = null,
): Decision {
  return { experienceKey: key, variation, reason, change: undefined, events: NO_EVENTS };
}

function decided(
  { plan, attributes, state, strict }: Call,
  { id, key }: PlannedExperience,
  chosen: PlannedVariation,
  assignment: Assignment,
  reason: EngineReason,
  variation: Variation,
): Decision {
  const { change, events } = enrolment(assignment, state.visitorState, attributes, strict, chosen.enrolment);
  if (assignment.isNew && plan.interdependent) state.assign(id, chosen.id);
  if (change?.segments !== undefined) state.addSegments(change.segments);
  return { experienceKey: key, variation, reason, change, events };
}

function unavailable(
  { attributes, input }: Call,
  { archived, environment, dependsOnState }: PlannedExperience,
): EngineReason | undefined {
  if (archived) return 'archived';
  if (environment !== undefined && environment !== (attributes.environment || input.subject.environment)) {
    return 'environment';
  }
  return dependsOnState && input.subject.stateUnavailable ? 'state-unavailable' : undefined;
}

function locationProblem(
  { attributes, input, state }: Call,
  { locations, siteArea }: PlannedExperience,
): 'location' | undefined {
  if (attributes.ignoreLocationProperties === true) return undefined;
  if (locations !== undefined) {
    let isMatched = false;
    // The rules of all locations are evaluated, since the visitor's state keeps the locations that matched.
    for (const location of locations) {
      const result = input.locationResult(location);
      if (isRuleError(result)) return 'location';
      if (location.match === undefined) continue;
      state.atLocation(location, result);
      if (result !== false) isMatched = true;
    }
    return isMatched ? undefined : 'location';
  }
  if (siteArea === undefined) return undefined;
  const result = siteArea.match(input.location);
  return result && !isRuleError(result) ? undefined : 'location';
}

function audienceProblem(
  call: Call,
  experience: PlannedExperience,
  isAssigned: boolean,
): 'audience' | 'exclusion' | undefined {
  if (!experience.namesAudiences) return undefined;
  const { audiencesMatch } = experience;
  let failed: Audience | undefined;
  let checked = 0;
  let matched = 0;
  let isError = false;
  for (const audience of experience.audiences) {
    if (!isChecked(audience, isAssigned)) continue;
    checked++;
    const result = audienceResult(call, audience);
    if (isRuleError(result)) isError = true;
    else if (result !== false) matched++;
    else failed ??= audience;
  }
  if (checked === 0) return undefined;
  if (isError || audiencesMatch === undefined) return 'audience';
  if (audiencesMatch === 'all' ? matched === checked : matched > 0) return undefined;
  return failed?.exclusion ? 'exclusion' : 'audience';
}

/**
 * False for a permanent audience if the visitor has a variation: such a visitor keeps the variation without a new
 * check.
 */
export function isChecked({ permanent }: Audience, isAssigned: boolean): boolean {
  return !(isAssigned && permanent);
}

export function audienceResult({ plan, input, state }: Call, audience: Audience): RuleResult {
  const { exclusion } = audience;
  if (exclusion === undefined) return input.audienceResult(audience);
  const other = plan.byKey.get(exclusion.experienceKey);
  const isIn = other !== undefined && state.assigned(other) !== undefined;
  return isIn !== exclusion.negated;
}

function segmentProblem(state: EvaluationState, { segments }: PlannedExperience): 'segment' | undefined {
  if (segments.length === 0) return undefined;
  const { customSegments } = state;
  return segments.some(({ id }) => customSegments.includes(id)) ? undefined : 'segment';
}
