/**
 * Checks the answers that a test gives to `testConvert()`, and makes the project config that leads to these answers.
 */
import type {
  ExperienceConfig,
  FeatureConfig,
  ProjectConfig,
  VariationConfig,
} from '../model/project-config.js';
import type { ExperienceKey, FeatureKey, FeatureVariables, VariationKey } from '../model/project-keys.js';
import { adoptProject } from '../project/parse-config.js';
import { ConvertError } from '../utils/errors.js';
import { isPlainObject } from '../utils/objects.js';
import { type Check, given, shape, text } from '../utils/option-checks.js';

/**
 * The answer for one experience: the key of the variation that every visitor gets, or an object with this key, features
 * and changes; null: no visitor takes part in the experience.
 */
export type Answer<Experience extends string = ExperienceKey> =
  VariationKey<Experience> | null | VariationAnswer<Experience>;

/** Answers by the key of the experience. */
export type Answers = { readonly [Key in ExperienceKey]?: Answer<Key> };

/** What a test has `runExperience` answer: a variation, with its features and changes. */
export interface VariationAnswer<Experience extends string = ExperienceKey> {
  /** The key of the variation. */
  readonly variation: VariationKey<Experience>;
  /** The features that `runFeature` finds turned on: their variables by the key of the feature, `{}` for none. */
  readonly features?: { readonly [Key in FeatureKey]?: Partial<NonNullable<FeatureVariables<Key>>> };
  /** Entries of `variation.changes`, to which one entry for each of `features` is added. Default: none. */
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
}

const changes: Check = (value, path) =>
  Array.isArray(value) && value.every(isPlainObject) ? [] : [`option \`${path}\` must be a list of objects`];
const features: Check = (value, path) =>
  isPlainObject(value) && Object.values(value).every(isPlainObject)
    ? []
    : [
        `option \`${path}\` must be { featureKey: { variable: value } }, with {} for a feature without variables`,
      ];
const variationAnswer = shape({ variation: text, features, changes }, ['variation']);

const answer: Check = (value, path) => {
  if (value === null || (typeof value === 'string' && value !== '')) return [];
  if (isPlainObject(value)) return variationAnswer(value, path);
  return [
    `option \`${path}\` must be the key of a variation, null for nobody, or { variation, features, changes }` +
      ` (given ${given(value)})`,
  ];
};

/**
 * Makes a project config in which each experience of the answers has one variation: the one of its answer.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION` that names every wrong answer
 */
export function projectOf(answers: unknown): ProjectConfig {
  const wrong = isPlainObject(answers)
    ? Object.entries(answers).flatMap(([key, each]) => answer(each, `answers.${key}`))
    : [`the answers must be an object, such as { 'homepage-hero': 'version-b' } (given ${given(answers)})`];
  if (wrong.length > 0) throw new ConvertError('CONVERT_BAD_OPTION', wrong.join('; '));
  const all = Object.entries(answers as Readonly<Record<string, Answer>>);
  return adoptProject(
    {
      account_id: '1',
      project: { id: '1' },
      experiences: all.map(([key, each]) => experienceOf(key, each)),
      features: featuresOf(all.map(([, each]) => each)),
    } satisfies ProjectConfig,
    'what stands in the answers',
  );
}

// Ids differ from keys, so that a test fails if the app takes an id for a key.
const idOf = (key: string): string => `id:${key}`;
const variationIdOf = (experienceId: string, key: string): string => `${experienceId}/${key}`;

/** Returns the key of an experience from its id, which `idOf` made; `variationKeyOf` does the same for a variation. */
export const experienceKeyOf = (experienceId: string): string => experienceId.slice(idOf('').length);
export const variationKeyOf = (experienceId: string, variationId: string): string =>
  variationId.slice(variationIdOf(experienceId, '').length);

function experienceOf(key: string, given: Answer): ExperienceConfig {
  const id = idOf(key);
  return { id, key, name: key, variations: [variationOf(id, given)] };
}

function variationOf(experienceId: string, given: Answer): VariationConfig {
  // If all variations of an experience are stopped, the experience has no traffic, so no visitor takes part.
  if (given === null) return { id: variationIdOf(experienceId, 'none'), key: 'none', status: 'stopped' };
  const {
    variation: key,
    features = {},
    changes = [],
  } = typeof given === 'string' ? { variation: given } : given;
  return {
    id: variationIdOf(experienceId, key),
    key,
    name: key,
    status: 'running',
    changes: [
      ...changes,
      ...Object.entries(features).map(([feature, variables]) => ({
        id: `${variationIdOf(experienceId, key)}/${feature}`,
        type: 'fullStackFeature',
        data: { feature_id: idOf(feature), variables_data: variables },
      })),
    ],
  };
}

function featuresOf(answers: readonly Answer[]): FeatureConfig[] {
  const keys = answers.flatMap((each) => (isPlainObject(each) ? Object.keys(each.features ?? {}) : []));
  return [...new Set(keys)].map((key) => ({ id: idOf(key), key, name: key }));
}
