/**
 * Calls the functions that an app gives in its options: an exception or a promise of theirs never reaches a request.
 */
import { asConvertError, ConvertError } from './errors.js';
import { isThenable } from './objects.js';

export interface AppFunctionCall {
  /** The option, as it is named in messages. */
  option: string;
  /** The consequence if the function gives no answer, for the message: `taken as unknown`. */
  otherwise: string;
  onError: (error: ConvertError) => void;
}

/** The answer of `ask`; undefined if it threw or returned a promise, which are reported to `onError`. */
export function callAppFunction(
  ask: RequestFunction<unknown, unknown>,
  request: unknown,
  { option, otherwise, onError }: AppFunctionCall,
): unknown {
  try {
    const answer = ask(request);
    if (!isThenable(answer)) return answer;
    // Its rejection would be nobody's, and end the process.
    Promise.resolve(answer).catch(() => undefined);
    onError(
      new ConvertError(
        'CONVERT_CALLBACK',
        `the \`${option}\` function returned a promise, ${otherwise}; it must answer at once`,
      ),
    );
  } catch (error) {
    onError(asConvertError(error, 'CONVERT_CALLBACK', `the \`${option}\` function threw, ${otherwise}`));
  }
  return undefined;
}

/**
 * A function that an app gives in its options: it gets the framework's own request. A method, so that an app may name
 * the type of its framework's request although the core knows none.
 */
export type RequestFunction<Raw, Result> = { ask(request: Raw): Result }['ask'];

/** Hears of errors in functions of the app: they must not break a request, nor fail unseen. */
export type OnError = (error: ConvertError) => void;

export function callbackThrew(option: string, error: unknown): ConvertError {
  return asConvertError(error, 'CONVERT_CALLBACK', `${option} threw`);
}

/** `value` if it is a plain answer; else `undefined`, and the reason goes to `onError`. */
export function checkedObject(option: string, value: unknown, onError: OnError): object | undefined {
  const promise = isThenable(value);
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
