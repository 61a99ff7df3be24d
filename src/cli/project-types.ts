/** Writes the keys of a project as TypeScript declarations: the text of the file that the command `types` makes. */
import { textOf } from '../engine/coerce.js';
import { changesOf } from '../engine/feature-plan.js';
import {
  type ExperienceConfig,
  type FeatureConfig,
  liveExperiences,
  type ProjectConfig,
} from '../model/project-config.js';

const HEAD = `/* eslint-disable */
// Made by \`npx convert-middleware types\` from the project config: what is changed here by hand is lost.
import type {} from 'convert-middleware';
`;

/** The types of variables, by the type that the config declares. Any other value may be anything. */
const VARIABLE_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
};

export interface ProjectTypes {
  readonly text: string;
  /** The number of keys, by kind. */
  readonly counts: Readonly<Record<'experiences' | 'goals' | 'features', number>>;
}

/**
 * Returns the declarations for the projects of a program. They are sorted by key, so that the same keys give the same
 * text. Experiences that are archived are left out; so are those of other environments, if `environment` is given. A
 * key that two projects have stands for both.
 */
export function projectTypes(configs: readonly ProjectConfig[], environment?: string): ProjectTypes {
  const experiences = new Map<string, string[]>();
  const goals = new Set<string>();
  const features = new Map<string, Variables[]>();
  for (const config of configs) {
    const isLive = new Set(liveExperiences(config));
    // The short form lists a paused experience as archived, too. It stays in the types, since the app's code still
    // names it and it may run again.
    const kept = (config.experiences ?? []).filter((each) => isLive.has(each) || each.status === 'paused');
    const live = kept.filter(
      (each) => environment === undefined || !each.environment || each.environment === environment,
    );
    for (const [key, each] of firstByKey(live)) listOf(experiences, key).push(...variationKeys(each));
    for (const [key] of firstByKey(config.goals ?? [])) goals.add(key);
    for (const [key, each] of firstByKey(config.features ?? []))
      listOf(features, key).push(variablesOf(each, live));
  }
  const lines = [
    "declare module 'convert-middleware' {",
    '  interface ConvertProject {',
    ...mapped('experiences', experiences, union),
    ...mapped('goals', new Map([...goals].map((key) => [key, key])), () => 'true'),
    ...mapped('features', features, typeOfVariables),
    '  }',
    '}',
  ];
  const counts = { experiences: experiences.size, goals: goals.size, features: features.size };
  return { text: `${HEAD}\n${lines.join('\n')}\n`, counts };
}

function listOf<Value>(lists: Map<string, Value[]>, key: string): Value[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** The entities by key. If several have one key, the first of them counts, as it does for decisions. */
function firstByKey<Entity extends { readonly key: string }>(
  entities: readonly Entity[],
): ReadonlyMap<string, Entity> {
  const byKey = new Map<string, Entity>();
  for (const entity of entities) if (!byKey.has(textOf(entity.key))) byKey.set(textOf(entity.key), entity);
  return byKey;
}

function mapped<Value>(
  name: string,
  byKey: ReadonlyMap<string, Value>,
  typeOf: (value: Value) => string,
): string[] {
  if (byKey.size === 0) return [`    ${name}: {};`];
  const rows = [...byKey.keys()]
    .sort()
    .map((key) => `      ${propertyName(key)}: ${typeOf(byKey.get(key)!)};`);
  return [`    ${name}: {`, ...rows, '    };'];
}

/** Variations without a key can not be named by one. */
const variationKeys = ({ variations }: ExperienceConfig): string[] =>
  (variations ?? []).flatMap(({ key }) => (key ? [textOf(key)] : []));

function union(keys: readonly string[]): string {
  return keys.length === 0 ? 'never' : [...new Set(keys)].sort().map(literal).join(' | ');
}

/** The variables of a feature in one project. */
interface Variables {
  /** The type of each variable, and whether each variation that carries the feature gives it. */
  readonly fields: ReadonlyMap<string, { readonly type: string; readonly isGiven: boolean }>;
  /** True if a variation gives the feature without any variables. */
  readonly mayBeMissing: boolean;
}

function variablesOf({ id, variables }: FeatureConfig, experiences: readonly ExperienceConfig[]): Variables {
  const given = experiences
    .flatMap((experience) => experience.variations ?? [])
    .flatMap((variation) => [...changesOf(variation)])
    .filter((change) => change?.type === 'fullStackFeature' && textOf(change.data?.feature_id) === textOf(id))
    .map((change) => change?.data?.variables_data);
  const isGiven = (key: string): boolean => given.every((data) => data != null && Object.hasOwn(data, key));
  const declared = firstByKey((variables ?? []).filter((each) => each != null));
  const fields = [...declared].map(
    ([key, { type }]) => [key, { type: VARIABLE_TYPES[type] ?? 'unknown', isGiven: isGiven(key) }] as const,
  );
  return { fields: new Map(fields), mayBeMissing: given.some((data) => data == null) };
}

/**
 * Returns the type of a feature's variables, which may be those of several projects. A variable that some variation or
 * some project leaves out may be missing, and if a variation gives the feature without any variables, so may all of
 * them be.
 */
function typeOfVariables(all: readonly Variables[]): string {
  const keys = [...new Set(all.flatMap(({ fields }) => [...fields.keys()]))].sort();
  const rows = keys.map((key) => {
    const found = all.flatMap(({ fields }) => fields.get(key) ?? []);
    const isGiven = found.length === all.length && found.every((each) => each.isGiven);
    const types = [...new Set(found.map(({ type }) => type))].sort();
    return `${propertyName(key)}${isGiven ? '' : '?'}: ${types.join(' | ')}`;
  });
  const type = rows.length === 0 ? '{}' : `{ ${rows.join('; ')} }`;
  return all.some(({ mayBeMissing }) => mayBeMissing) ? `${type} | undefined` : type;
}

const propertyName = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key));

/** Returns a text in single quotes. JSON escapes what could end the line. */
function literal(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}
