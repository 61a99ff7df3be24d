/** Converts values of a config or an app to text and to numbers, without throwing if that is impossible. */

/** '' for what can't be written as text, such as an object with a `toString` of its own, or a list too deep. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(value);
  } catch {
    return '';
  }
}

/** NaN for what is no number. */
export function numberOf(value: unknown): number {
  try {
    return Number(value);
  } catch {
    return NaN;
  }
}

/** Deeper than this, a value is no property any more. */
const MAX_DEPTH = 20;

/**
 * A copy of a plain value, its lists and objects too; what lies too deep is left out, and other things are themselves.
 */
export function copied<T>(value: T, depth = 0): T {
  if (Array.isArray(value))
    return (depth < MAX_DEPTH ? value.map((each: unknown) => copied(each, depth + 1)) : []) as T;
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  if (depth >= MAX_DEPTH) return copy as T;
  for (const [key, each] of Object.entries(value)) {
    if (key !== '__proto__') copy[key] = copied(each, depth + 1);
  }
  return copy as T;
}

/** Freezes a value of JSON to the bottom. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
