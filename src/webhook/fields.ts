/** Reads fields of events: JSON that a platform has sent, in which anything may be missing or of another type. */

/**
 * Returns the value at a path of own properties, such as `data.object.id`; undefined if there is none. A number in the
 * path is an index of a list.
 */
export function fieldOf(event: unknown, path: string): unknown {
  let value: unknown = event;
  for (const name of path.split('.')) {
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
