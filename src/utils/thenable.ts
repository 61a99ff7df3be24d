/** Telling promises of any make from plain values: stores and functions of an app may use a library of their own. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
