/** Deeper than this, a value is no property any more. */
const MAX_DEPTH = 20;

/** A copy of a plain value, its lists and objects too; what lies too deep is left out, and other things are themselves. */
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
