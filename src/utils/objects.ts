/** Helpers for objects that are used as maps, safe for any key, such as `__proto__`. */

/** Returns the stored segments with new segments merged into them, as the official SDK does (see `mergeValues`). */
export function mergeSegments(
  stored: Readonly<Record<string, unknown>>,
  segments: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...stored };
  // Stored data may have a key `__proto__`, which is never a segment.
  if (Object.hasOwn(merged, '__proto__')) Reflect.deleteProperty(merged, '__proto__');
  for (const [key, value] of Object.entries(segments)) {
    if (key === '__proto__') continue;
    merged[key] = mergeValues(ownValue(merged, key), value);
  }
  return merged;
}

/**
 * Merges a new value into the value before. Two arrays are united, and two objects are merged deeply (an array counts
 * as an object if the other value is an object). In all other cases, the new value replaces the value before.
 */
export function mergeValues(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) {
    return [...new Set([...(value as unknown[]), ...(before as unknown[])])];
  }
  return isObject(before) && isObject(value) ? mergeSegments(before, value) : value;
}

/**
 * Returns an own property of an object; undefined if there is none, even if the prototype has a property of that name.
 */
export function ownValue<T>(
  object: Readonly<Record<string, T>> | undefined,
  key: string | number,
): T | undefined {
  const value = object?.[key];
  return value !== undefined && Object.hasOwn(object!, key) ? value : undefined;
}

/**
 * Returns a copy of an object that may be changed. The copy is not a spread object: in V8 (Node 20), each property that
 * is added to a spread object gives the object a hidden class of its own, and all code that sees many such objects is
 * slow.
 */
export function shallowCopy<T extends object>(object: T): T {
  // `Object.assign` would change the prototype.
  return Object.hasOwn(object, '__proto__') ? { ...object } : Object.assign({}, object);
}

export function withEntry<T>(
  object: Record<string, T> | undefined,
  key: string,
  value: T,
): Record<string, T> {
  const copy: Record<string, T> = object === undefined ? {} : shallowCopy(object);
  setEntry(copy, key, value);
  return copy;
}

export function setEntry<T>(object: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') object[key] = value;
  // An assignment to `__proto__` would change the prototype.
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

/** Returns the texts of both lists, each text once. */
export function union(first: readonly string[] | undefined, second: readonly string[]): string[] {
  return first === undefined ? [...second] : [...new Set([...first, ...second])];
}

/** True for a promise of any library: stores and functions of an app may use promises of their own. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * The class of objects that inherit nothing. V8 is as fast with them as with plain objects, while it makes a hash table
 * of an object of `Object.create(null)`.
 */
const Bare = Object.assign(function () {}, {
  prototype: Object.freeze<object>(Object.create(null) as never),
}) as unknown as new () => object;

/**
 * Returns a copy with the own properties of an object. The copy inherits nothing: a property that it does not have is
 * undefined, even if other code has added one of that name to `Object.prototype`. Whatever comes from outside, and may
 * lack properties, is read from such a copy.
 */
export function ownProperties<T extends object>(object: T): T {
  return Object.assign<object, T>(new Bare(), object);
}

/** Has no properties, and inherits none. */
export const NOTHING: Readonly<Record<string, never>> = Object.freeze(ownProperties({}));

/** Returns the own properties of the value if it is an object (see `ownProperties`); else none. */
export function asObject<T extends object>(value: T | null | undefined): T {
  if (!isObject(value)) return NOTHING as T;
  return value instanceof Bare ? value : ownProperties(value);
}
