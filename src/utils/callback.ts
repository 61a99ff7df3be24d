/** What functions that the app gave return, checked: they must not break a request, nor fail unseen. */
import { asConvertError, ConvertError } from './errors.js';

export type OnError = (error: ConvertError) => void;

export function callbackThrew(option: string, error: unknown): ConvertError {
  return asConvertError(error, 'CONVERT_CALLBACK', `${option} threw`);
}

/** `value` if it is a plain answer; else `undefined`, and the reason goes to `onError`. */
export function checkedObject(option: string, value: unknown, onError: OnError): object | undefined {
  const promise = isPromise(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !promise) return value;
  // Nobody will await it, and an unhandled rejection would end the process.
  if (promise) value.then(undefined, () => {});
  const got = promise
    ? 'a promise'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'an array'
        : typeof value;
  onError(
    new ConvertError('CONVERT_CALLBACK', `${option} must return an object at once; it returned ${got}`),
  );
  return undefined;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
