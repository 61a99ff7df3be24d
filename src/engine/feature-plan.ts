/**
 * Compiles the features of a project: finds the features that each variation carries, and casts their variables once,
 * to the types that the feature declares, as the official SDK does.
 */
import type { ChangeConfig, FeatureConfig } from '../model/project-config.js';
import { deepFreeze, textOf } from './coerce.js';
import type { Feature, Variation } from './types.js';

/** A feature that a variation carries, in the two forms in which an app can get it. */
export interface CarriedFeature {
  /** The id of the feature, as text. */
  readonly id: string;
  /** The key of the feature; undefined if the project doesn't declare the feature. */
  readonly key: string | undefined;
  /**
   * The feature with its variables cast to the declared types; undefined if a variable can't be cast. The SDK throws
   * then.
   */
  readonly cast: Feature | undefined;
  /** The feature with its variables as the config has them. */
  readonly raw: Feature;
}

export type VariationFeatures = readonly CarriedFeature[];

export interface FeaturePlan {
  /** Disabled features by key, for visitors who are in no experience that carries the feature. */
  readonly disabled: ReadonlyMap<string, Feature>;
  /** The features that the project declares, disabled, in the order in which the SDK lists them. */
  readonly declared: readonly Feature[];
  of(variation: Variation): VariationFeatures;
}

export function compileFeatures(features: readonly FeatureConfig[]): FeaturePlan {
  const disabled = new Map<string, Feature>();
  // An object gives the order of the SDK: ids that are whole numbers come first. If two features have one id, the last
  // one counts.
  const byId = Object.create(null) as Record<string, FeatureConfig>;
  for (const feature of features) {
    byId[textOf(feature.id)] = feature;
    const key = textOf(feature.key);
    if (!disabled.has(key)) disabled.set(key, disabledFeature(feature, key));
  }
  const declared = Object.values(byId).map((feature) => disabledFeature(feature, feature.key));

  return {
    disabled,
    declared,
    of: (variation) =>
      changesOf(variation).flatMap((change) => {
        const id = change?.type === 'fullStackFeature' ? change.data?.feature_id : undefined;
        if (!id) return [];
        return carried(variation, textOf(id), byId[textOf(id)], change?.data?.variables_data);
      }),
  };
}

/**
 * Returns the changes of a variation. If `changes` is an object instead of a list, its values count as changes, as in
 * the SDK.
 */
export function changesOf(variation: { readonly changes?: unknown }): readonly (ChangeConfig | null)[] {
  const { changes } = variation;
  return typeof changes === 'object' && changes !== null
    ? (Object.values(changes) as (ChangeConfig | null)[])
    : [];
}

function disabledFeature({ id, name }: FeatureConfig, key: string): Feature {
  return Object.freeze({ id, name, key, status: 'disabled' });
}

function carried(
  variation: Variation,
  id: string,
  declared: FeatureConfig | undefined,
  variables: Readonly<Record<string, unknown>> | undefined,
): CarriedFeature {
  const { experienceId, experienceName, experienceKey } = variation;
  const feature = (its: unknown): Feature =>
    Object.freeze({
      experienceId,
      experienceName,
      experienceKey,
      key: declared?.key,
      name: declared?.name,
      id,
      status: 'enabled',
      variables: its,
    }) as Feature;
  const raw = feature(variables);
  const asCast = (): Feature | undefined => {
    try {
      const variablesCast = castAll(variables, declared);
      return variablesCast === variables ? raw : feature(variablesCast);
    } catch {
      return undefined;
    }
  };
  return { id, key: declared?.key, cast: asCast(), raw };
}

function castAll(variables: unknown, declared: FeatureConfig | undefined): unknown {
  if (typeof variables !== 'object' || variables === null || Object.keys(variables).length === 0)
    return variables;
  const types = new Map<string, string | undefined>();
  for (const variable of declared?.variables ?? []) {
    if (variable && !types.has(variable.key)) types.set(variable.key, variable.type);
  }
  if (types.size === 0) return variables;
  const copy = (Array.isArray(variables) ? [] : {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(variables)) {
    const type = types.get(name);
    copy[name] = type ? cast(value, type) : value;
  }
  return deepFreeze(copy);
}

type Cast = (value: unknown) => unknown;

const asNumber =
  (parse: (text: string) => number): Cast =>
  (value) =>
    value === true ? 1 : value === false ? 0 : parse(String(value));

/** The casts, by the type that a feature declares for a variable. A variable of any other type keeps its value. */
const CASTS: ReadonlyMap<string, Cast> = new Map<string, Cast>([
  ['boolean', (value) => value === 'true' || (value !== 'false' && Boolean(value))],
  ['float', asNumber(parseFloat)],
  ['integer', asNumber((text) => parseInt(text))],
  ['json', (value) => (typeof value === 'object' ? value : parsed(value))],
  ['string', String],
]);

/** Casts the value of a feature variable to a type. Throws if the value is an object that can't be written as text. */
function cast(value: unknown, type: string): unknown {
  const to = CASTS.get(type);
  return to === undefined ? value : to(value);
}

/** Parses JSON. Returns the value as text if it is not JSON. */
function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    return String(value);
  }
}
