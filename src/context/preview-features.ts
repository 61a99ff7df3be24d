/** Has features follow a preview: its experiences are decided by the preview, all others as ever. */
import type { EngineVisitor, Feature, FeatureAttributes, FeatureOutcome } from '../engine/types.js';
import { chosenIn, type Decider, NO_EXPERIENCE } from './decider.js';
import { type Included, previewsIn } from './participation.js';
import type { Previews } from './preview-link.js';
import type { LoadedProject } from './runtime.js';

/** Decides the feature `key`, or all features if that is undefined. */
export function decideFeatures(
  participation: Included,
  decider: Decider,
  visitor: EngineVisitor,
  given: FeatureAttributes,
  key: string | undefined,
): FeatureOutcome {
  const previews = previewsIn(participation);
  const asked = previews === undefined ? given : besidePreviews(previews, participation.project, given);
  const outcome = key === undefined ? decider.features(visitor, asked) : decider.feature(key, visitor, asked);
  if (previews === undefined) return outcome;
  return { ...outcome, features: withPreviewFeatures(previews, outcome.features, given, key) };
}

/** Returns the attributes with which the engine leaves out the experiences of the preview. */
function besidePreviews(
  previews: Previews,
  { config: { experiences = [] } }: LoadedProject,
  given: FeatureAttributes,
): FeatureAttributes {
  const chosen = chosenIn(given) ?? experiences.map(({ key }) => key);
  const others = chosen.filter((key) => !previews.has(key));
  return { ...given, experienceKeys: others.length > 0 ? others : [NO_EXPERIENCE] };
}

/**
 * Adds the features of the preview to the features that were decided beside it. Where one feature is asked for, that
 * of the preview goes before them.
 *
 * @param key the key of the one feature that is asked for; undefined for all
 */
export function withPreviewFeatures(
  previews: Previews | undefined,
  decided: readonly Feature[],
  given: FeatureAttributes,
  key?: string,
): readonly Feature[] {
  if (previews === undefined) return decided;
  const { typeCasting = true } = given;
  const chosen = chosenIn(given);
  const shown = [...previews.values()]
    .filter(({ experienceKey }) => chosen === undefined || chosen.includes(experienceKey))
    .flatMap(({ features }) => features)
    .map(({ cast, raw }) => (typeCasting ? cast : raw))
    .filter((each): each is Feature => each !== undefined && (key === undefined || each.key === key));
  if (key !== undefined && given.all !== true && shown.length > 0) return shown.slice(0, 1);
  const isShown = new Set(shown.map((each) => each.key));
  return [...shown, ...decided.filter((each) => each.status === 'enabled' || !isShown.has(each.key))];
}

/** What a visitor gets who takes no part: the feature `key`, or all of the project, disabled. */
export function disabledFeatures(project: LoadedProject | undefined, key: string | undefined): Feature[] {
  if (key !== undefined) return [{ key, status: 'disabled' }];
  const features = project?.config.features ?? [];
  return features.map(({ id, key: each, name }) => ({ id, key: each, name, status: 'disabled' }));
}
