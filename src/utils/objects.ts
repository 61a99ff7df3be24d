/** Helpers for objects that are used as maps, safe for any key, such as `__proto__`. */

/** `segments` over `stored`, as the official SDK merges (see `mergeValues`). */
export function mergeSegments(
  stored: Readonly<Record<string, unknown>>,
  segments: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...stored };
  // Stored data may have a key `__proto__`, which is never a property of ours.
  if (Object.hasOwn(merged, '__proto__')) Reflect.deleteProperty(merged, '__proto__');
  for (const [key, value] of Object.entries(segments)) {
    if (key === '__proto__') continue;
    merged[key] = mergeValues(ownValue(merged, key), value);
  }
  return merged;
}

/** `value` over `before`: arrays by union, objects deeply (an array counts as one beside an object), else `value`. */
export function mergeValues(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) {
    return [...new Set([...(value as unknown[]), ...(before as unknown[])])];
  }
  return isObject(before) && isObject(value) ? mergeSegments(before, value) : value;
}

/** An own property; never one of the prototype, whatever the key says. */
export function ownValue<T>(
  object: Readonly<Record<string, T>> | undefined,
  key: string | number,
): T | undefined {
  const value = object?.[key];
  // No prototype has a text: the usual case needs no second look.
  if (typeof value === 'string' || value === undefined) return value;
  return Object.hasOwn(object!, key) ? value : undefined;
}

/**
 * A copy, to be changed. A spread is the same, but in V8 (Node 20) what is added to a spread object gives it a
 * hidden class of its own each time, and all code that sees many of them is slow.
 */
export function copied<T extends object>(object: T): T {
  // An assignment of it would change the prototype.
  return Object.hasOwn(object, '__proto__') ? { ...object } : Object.assign({}, object);
}

export function withEntry<T>(
  object: Record<string, T> | undefined,
  key: string,
  value: T,
): Record<string, T> {
  const copy: Record<string, T> = object === undefined ? {} : copied(object);
  setEntry(copy, key, value);
  return copy;
}

export function setEntry<T>(object: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') object[key] = value;
  // An assignment would change the prototype.
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

/** Each once. */
export function union(first: readonly string[] | undefined, second: readonly string[]): string[] {
  return first === undefined ? [...second] : [...new Set([...first, ...second])];
}

/** Tells promises of any make from plain values: stores and functions of an app may use a library of their own. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
