/** Finds entities of the project config by key or id, as the official SDK does. */
import type { ProjectConfig } from '../model/project-config.js';
import { ownValue } from '../utils/objects.js';

/** The kinds of entities, by the names that the official SDK gives them. */
export type EntityType =
  'audience' | 'location' | 'segment' | 'feature' | 'goal' | 'experience' | 'variation';

/**
 * An entity of the project config, frozen. Fields that this package does not know are dropped, except of variations.
 */
export type ConfigEntity = Readonly<Record<string, unknown>> & { readonly id: string };

const LISTS = {
  audience: 'audiences',
  location: 'locations',
  segment: 'segments',
  feature: 'features',
  goal: 'goals',
  experience: 'experiences',
} as const;

/** Returns the first entity of that type whose `field` is `value`; null if there is none. */
export function configEntity(
  config: ProjectConfig | undefined,
  field: 'id' | 'key',
  value: string,
  type: string,
): ConfigEntity | null {
  const name = ownValue(LISTS as Readonly<Record<string, (typeof LISTS)[keyof typeof LISTS]>>, type);
  const list: readonly { readonly [Field in 'id' | 'key']: string }[] =
    type === 'variation'
      ? (config?.experiences ?? []).flatMap(({ variations }) => variations ?? [])
      : ((name && config?.[name]) ?? []);
  return (list.find((each) => each[field] === value) as ConfigEntity | undefined) ?? null;
}
