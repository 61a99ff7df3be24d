/** What a config or an app gives is input: not each value can be written as text, or is a number. */

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
