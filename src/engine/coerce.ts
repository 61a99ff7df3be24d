/** Converts values of a config or an app to text and to numbers, without throwing if that is impossible. */

/**
 * Returns the value as text; '' if it can't be written as text. An object from JSON with a field `toString` is such a
 * value, and so is a list that is nested too deep.
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(value);
  } catch {
    return '';
  }
}

/** Returns the value as a number; NaN if it is not a number. */
export function numberOf(value: unknown): number {
  try {
    return Number(value);
  } catch {
    return NaN;
  }
}

/** The depth of lists and objects inside a value from which on `deepCopy` leaves them empty. */
const MAX_DEPTH = 20;

/**
 * Returns a copy of a value, in which lists and plain objects are copies too. From `MAX_DEPTH` on, they are empty.
 * Objects of a class are not copied: the copy holds the same objects.
 */
export function deepCopy<T>(value: T, depth = 0): T {
  if (Array.isArray(value))
    return (depth < MAX_DEPTH ? value.map((each: unknown) => deepCopy(each, depth + 1)) : []) as T;
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  if (depth >= MAX_DEPTH) return copy as T;
  for (const [key, each] of Object.entries(value)) {
    if (key !== '__proto__') copy[key] = deepCopy(each, depth + 1);
  }
  return copy as T;
}

/** Freezes a JSON value, with all lists and objects in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
