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
 * Returns the declarations for a project. They are sorted by key, so that the same keys give the same text. Experiences
 * that are archived are left out; so are those of other environments, if `environment` is given.
 */
export function projectTypes(config: ProjectConfig, environment?: string): ProjectTypes {
  const live = liveExperiences(config).filter(
    (each) => environment === undefined || !each.environment || each.environment === environment,
  );
  const experiences = firstByKey(live);
  const goals = firstByKey(config.goals ?? []);
  const features = firstByKey(config.features ?? []);
  const lines = [
    "declare module 'convert-middleware' {",
    '  interface ConvertProject {',
    ...mapped('experiences', experiences, (each) => union(variationKeys(each))),
    ...mapped('goals', goals, () => 'true'),
    ...mapped('features', features, (each) => variablesOf(each, live)),
    '  }',
    '}',
  ];
  const counts = { experiences: experiences.size, goals: goals.size, features: features.size };
  return { text: `${HEAD}\n${lines.join('\n')}\n`, counts };
}

/** The entities by key, sorted. If several have one key, the first of them counts, as it does for decisions. */
function firstByKey<Entity extends { readonly key: string }>(
  entities: readonly Entity[],
): ReadonlyMap<string, Entity> {
  const byKey = new Map<string, Entity>();
  for (const entity of entities) if (!byKey.has(textOf(entity.key))) byKey.set(textOf(entity.key), entity);
  return new Map([...byKey.keys()].sort().map((key) => [key, byKey.get(key)!]));
}

function mapped<Entity>(
  name: string,
  entities: ReadonlyMap<string, Entity>,
  typeOf: (entity: Entity) => string,
): string[] {
  if (entities.size === 0) return [`    ${name}: {};`];
  const rows = [...entities].map(([key, entity]) => `      ${propertyName(key)}: ${typeOf(entity)};`);
  return [`    ${name}: {`, ...rows, '    };'];
}

/** Variations without a key can not be named by one. */
const variationKeys = ({ variations }: ExperienceConfig): string[] => [
  ...new Set((variations ?? []).flatMap(({ key }) => (key ? [textOf(key)] : []))),
];

function union(texts: readonly string[]): string {
  return texts.length === 0 ? 'never' : [...texts].sort().map(literal).join(' | ');
}

/**
 * Returns the type of a feature's variables. A variable that some variation leaves out may be missing, and if a
 * variation gives the feature without any variables, so may all of them be.
 */
function variablesOf({ id, variables }: FeatureConfig, experiences: readonly ExperienceConfig[]): string {
  const given = experiences
    .flatMap((experience) => experience.variations ?? [])
    .flatMap((variation) => [...changesOf(variation)])
    .filter((change) => change?.type === 'fullStackFeature' && textOf(change.data?.feature_id) === textOf(id))
    .map((change) => change?.data?.variables_data);
  const isGiven = (key: string): boolean => given.every((data) => data != null && Object.hasOwn(data, key));
  const fields = [...firstByKey((variables ?? []).filter((each) => each != null))].map(
    ([key, { type }]) =>
      `${propertyName(key)}${isGiven(key) ? '' : '?'}: ${VARIABLE_TYPES[type] ?? 'unknown'}`,
  );
  const type = fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`;
  return given.some((data) => data == null) ? `${type} | undefined` : type;
}

const propertyName = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key));

/** Returns a text in single quotes. JSON escapes what could end the line. */
function literal(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped}'`;
}
