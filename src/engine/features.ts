/**
 * Decides features: decides the experiences whose variations carry them, and enables the features of the variations
 * that the visitor gets.
 */
import { type Call, evaluate } from './evaluation/evaluate.js';
import type { PlannedExperience } from './plan-types.js';
import type { Decision, Feature, FeatureAttributes, FeatureOutcome } from './types.js';

/**
 * Decides one feature: that of the first experience, in the order of the config, that the visitor has it of. The
 * experiences after that one are not decided, so that nobody is enrolled in an experience whose feature is not shown.
 * With `all`, and in `strict` mode, all experiences that carry the feature are decided.
 */
export function decideFeature(call: Call, key: string, attributes: FeatureAttributes): FeatureOutcome {
  const { disabled } = call.plan.features;
  const declared = disabled.get(key);
  if (declared === undefined)
    return { features: [Object.freeze({ key, status: 'disabled' })], decisions: [] };
  const max = call.strict || attributes.all === true ? Infinity : 1;
  const outcome = collect(call, attributes, (carried) => carried === key, max);
  return outcome.features.length > 0 ? outcome : { ...outcome, features: [declared] };
}

/** Decides all features. A feature that no variation of the visitor carries is disabled. */
export function decideFeatures(call: Call, attributes: FeatureAttributes): FeatureOutcome {
  const { features, decisions } = collect(call, attributes, () => true);
  const ids = new Set(features.map(({ id }) => id));
  const rest = call.plan.features.declared.filter(({ id }) => !ids.has(id));
  return { features: [...features, ...rest], decisions };
}

function collect(
  call: Call,
  { experienceKeys, typeCasting = true }: FeatureAttributes,
  isWanted: (key: string | undefined) => boolean,
  max = Infinity,
): FeatureOutcome {
  const chosen = Array.isArray(experienceKeys) && experienceKeys.length > 0 ? experienceKeys : undefined;
  const features: Feature[] = [];
  const decisions: Decision[] = [];
  for (const experience of call.plan.experiences) {
    if (features.length >= max) break;
    if (chosen !== undefined && !chosen.includes(experience.key)) continue;
    // The SDK also decides experiences that carry no wanted feature, and enrols the visitor in them.
    if (!call.strict && !carries(experience, isWanted)) continue;
    const decision = evaluate(call, experience);
    if (decision.variation === null) continue;
    const carried = experience.variations
      .get(decision.variation.id)!
      .features.filter(({ key }) => isWanted(key));
    for (const { cast, raw } of carried) {
      const feature = typeCasting ? cast : raw;
      if (feature !== undefined) features.push(feature);
    }
    // A decision is left out if its variation carries no wanted feature, the visitor is not newly bucketed, and it has
    // no event to send.
    if (carried.length > 0 || decision.reason === 'bucketed' || decision.events.length > 0)
      decisions.push(decision);
  }
  return { features: features.length > max ? features.slice(0, max) : features, decisions };
}

function carries({ variations }: PlannedExperience, isWanted: (key: string | undefined) => boolean): boolean {
  for (const { features } of variations.values()) {
    for (const { key } of features) if (isWanted(key)) return true;
  }
  return false;
}
