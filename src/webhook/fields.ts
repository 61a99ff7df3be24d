/** Reads fields of events: JSON that a platform has sent, in which anything may be missing or of another type. */

/** The names of the paths so far: all of them stand in the code of this package. */
const paths = new Map<string, readonly string[]>();

function namesOf(path: string): readonly string[] {
  let names = paths.get(path);
  if (names === undefined) paths.set(path, (names = path.split('.')));
  return names;
}

/**
 * Returns the value at a path of own properties, such as `data.object.id`; undefined if there is none. A number in the
 * path is an index of a list.
 */
export function fieldOf(event: unknown, path: string): unknown {
  let value: unknown = event;
  for (const name of namesOf(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** As `fieldOf`, if the value is a text; else undefined. */
export function textOf(event: unknown, path: string): string | undefined {
  const value = fieldOf(event, path);
  return typeof value === 'string' ? value : undefined;
}

/** As `fieldOf`, if the value is a list; else an empty list. */
export function listOf(event: unknown, path: string): readonly unknown[] {
  const value = fieldOf(event, path);
  return Array.isArray(value) ? value : [];
}

/** Returns the value of a list of `{ name, value }` or `{ key, value }` objects, as shops keep custom fields. */
export function entryOf(list: readonly unknown[], nameField: 'name' | 'key', name: string): unknown {
  return fieldOf(
    list.find((entry) => fieldOf(entry, nameField) === name),
    'value',
  );
}
