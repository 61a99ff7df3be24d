/** Has features follow a preview link: its experience is decided by the link, all others as ever. */
import type {
  EngineVisitor,
  Feature,
  FeatureAttributes,
  FeatureOutcome,
  PreviewDecision,
} from '../engine/types.js';
import { type Included, previewIn } from './participation.js';
import type { LoadedProject } from './runtime.js';

/** No experience has this key. The engine takes an empty list of keys for all keys. */
const NO_EXPERIENCE = '';

/** Decides the feature `key`, or all features if that is undefined. */
export function decideFeatures(
  participation: Included,
  visitor: EngineVisitor,
  given: FeatureAttributes,
  key: string | undefined,
): FeatureOutcome {
  const { engine } = participation.project;
  const preview = previewIn(participation);
  const asked = preview === undefined ? given : besidePreview(preview, participation.project, given);
  const outcome = key === undefined ? engine.features(visitor, asked) : engine.feature(key, visitor, asked);
  if (preview === undefined) return outcome;
  return { ...outcome, features: withPreviewFeatures(preview, outcome.features, given, key) };
}

/** Returns the attributes with which the engine leaves out the experience of the preview. */
function besidePreview(
  preview: PreviewDecision,
  { config: { experiences = [] } }: LoadedProject,
  given: FeatureAttributes,
): FeatureAttributes {
  const chosen = chosenIn(given) ?? experiences.map(({ key }) => key);
  const others = chosen.filter((key) => key !== preview.experienceKey);
  return { ...given, experienceKeys: others.length > 0 ? others : [NO_EXPERIENCE] };
}

/**
 * Adds the features of the preview to the features that were decided beside it.
 *
 * @param key the key of the one feature that is asked for; undefined for all
 */
export function withPreviewFeatures(
  preview: PreviewDecision | undefined,
  decided: readonly Feature[],
  given: FeatureAttributes,
  key?: string,
): readonly Feature[] {
  if (preview === undefined || chosenIn(given)?.includes(preview.experienceKey) === false) return decided;
  const { typeCasting = true } = given;
  const shown = preview.features
    .map(({ cast, raw }) => (typeCasting ? cast : raw))
    .filter((each): each is Feature => each !== undefined && (key === undefined || each.key === key));
  const isShown = new Set(shown.map((each) => each.key));
  return [...shown, ...decided.filter((each) => each.status === 'enabled' || !isShown.has(each.key))];
}

/** The keys of the experiences that the call chooses; undefined for all. */
const chosenIn = ({ experienceKeys: keys }: FeatureAttributes): readonly string[] | undefined =>
  Array.isArray(keys) && keys.length > 0 ? keys : undefined;

/** The features of the project for a visitor who takes no part. */
export function disabledFeatures(project: LoadedProject | undefined): Feature[] {
  const features = project?.config.features ?? [];
  return features.map(({ id, key, name }) => ({ id, key, name, status: 'disabled' }));
}
