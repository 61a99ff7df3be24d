/** Keeps those entities and fields of a project config that can be used, and leaves out all others. */

type Fields = Record<string, unknown>;

interface Kind {
  /** The fields that are kept; undefined keeps all. */
  readonly fields?: readonly string[];
  /** True if the app names the entity by its key, so that it is of no use without one. */
  readonly needsKey: boolean;
  /** The fields that must be lists of ids, or absent. */
  readonly idLists?: readonly string[];
}

const RULE_ENTITY = { fields: ['id', 'key', 'name', 'type', 'rules'] };

/**
 * The kinds of entities, by the name of their list. Audiences, segments, locations and variations are referred to by
 * their id, and work without a key, as in the official SDK: an experience whose audience was left out would be open to
 * everybody, and a variation that was left out would move the visitors of the others.
 */
const KINDS: Readonly<Record<string, Kind>> = {
  experiences: {
    fields: [
      'id',
      'key',
      'name',
      'type',
      'status',
      'environment',
      'version',
      'locations',
      'site_area',
      'audiences',
      'goals',
      'settings',
      'variations',
    ],
    needsKey: true,
    idLists: ['locations', 'audiences', 'goals'],
  },
  audiences: { ...RULE_ENTITY, needsKey: false },
  segments: { ...RULE_ENTITY, needsKey: false },
  locations: { ...RULE_ENTITY, needsKey: false },
  goals: { ...RULE_ENTITY, needsKey: true },
  features: { fields: ['id', 'key', 'name', 'type', 'variables'], needsKey: true },
};
/** The app gets a variation with all the fields that the config has. */
const VARIATION: Kind = { needsKey: false };

const ARCHIVED = 'archived_experiences';
const ROOT_FIELDS: readonly string[] = ['account_id', 'project', ARCHIVED, ...Object.keys(KINDS)];
const PROJECT_FIELDS: readonly string[] = ['id', 'key', 'name', 'type', 'utc_offset', 'settings'];

export type Usable = { readonly leftOut: readonly string[] } | { readonly problem: string };

/**
 * Changes a config in place: unknown fields are dropped, ids become texts, and entities that can't be used are left
 * out. An entity needs an id, and a key if the app names it by its key; an experience needs lists where it has lists.
 *
 * Returns a sentence for each entity that was left out; a problem if the config can't be used at all, because one of
 * its own lists is no list.
 */
export function keepUsable(config: Fields & { project: Fields }): Usable {
  keepFields(config, ROOT_FIELDS);
  keepFields(config.project, PROJECT_FIELDS);
  const leftOut: string[] = [];
  for (const name of [...Object.keys(KINDS), ARCHIVED]) {
    const list = config[name];
    if (list === null) delete config[name];
    if (list == null) continue;
    if (!Array.isArray(list)) return { problem: `${name} is ${kindOf(list)}, not a list` };
    config[name] = name === ARCHIVED ? list.map(idAsText) : entitiesOf(list, KINDS[name]!, name, leftOut);
  }
  return { leftOut };
}

function entitiesOf(list: readonly unknown[], kind: Kind, path: string, leftOut: string[]): Fields[] {
  const kept: Fields[] = [];
  for (const [index, entity] of list.entries()) {
    const place = `${path}[${index}]`;
    const problem = entityProblem(entity, kind, place);
    if (problem !== undefined) {
      leftOut.push(problem);
      continue;
    }
    const fields = withFields(entity as Fields, kind.fields);
    fields.id = idAsText(fields.id);
    for (const name of kind.idLists ?? []) {
      if (Array.isArray(fields[name])) fields[name] = fields[name].map(idAsText);
    }
    const { variations } = fields;
    if (kind === KINDS.experiences && Array.isArray(variations)) {
      fields.variations = entitiesOf(variations, VARIATION, `${place}.variations`, leftOut);
    }
    kept.push(fields);
  }
  return kept;
}

function entityProblem(entity: unknown, kind: Kind, place: string): string | undefined {
  if (typeof entity !== 'object' || entity === null || Array.isArray(entity)) {
    return `${place} is ${kindOf(entity)}, not an object`;
  }
  const fields = entity as Fields;
  const { id, key } = fields;
  if (!(typeof id === 'number' ? Number.isFinite(id) : isText(id))) return `${place}.id is ${kindOf(id)}`;
  if (kind.needsKey && !isText(key)) return `${place}.key is ${kindOf(key)}`;
  const lists = kind === KINDS.experiences ? [...kind.idLists!, 'variations'] : [];
  const wrong = lists.find((name) => fields[name] != null && !Array.isArray(fields[name]));
  return wrong === undefined ? undefined : `${place}.${wrong} is ${kindOf(fields[wrong])}, not a list`;
}

/**
 * Returns the entity with these fields only. The copy is a new object, since V8 reads objects with deleted fields
 * slowly.
 */
function withFields(entity: Fields, names: readonly string[] | undefined): Fields {
  const given = Object.keys(entity);
  if (names === undefined || given.every((name) => names.includes(name))) return entity;
  return Object.fromEntries(given.filter((name) => names.includes(name)).map((name) => [name, entity[name]]));
}

function keepFields(owner: Fields, names: readonly string[]): void {
  for (const name of Object.keys(owner)) if (!names.includes(name)) delete owner[name];
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

function idAsText(id: unknown): unknown {
  return typeof id === 'number' ? String(id) : id;
}

/** The kind of a value, for messages, which must not show the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
