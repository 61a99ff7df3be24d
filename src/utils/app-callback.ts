/**
 * Calls the functions that an app gives in its options. An exception or a promise of such a function never reaches a
 * request.
 */
import { asConvertError, ConvertError } from './errors.js';
import { isThenable } from './objects.js';

export interface AppFunctionCall {
  /** The name of the option in messages. */
  option: string;
  /** The consequence if the function gives no answer, as a part of the message: `taken as unknown`. */
  otherwise: string;
  onError: (error: ConvertError) => void;
}

/**
 * Calls `ask` and returns its answer. If `ask` throws or returns a promise, `onError` gets an error and the answer is
 * undefined.
 */
export function callAppFunction(
  ask: RequestFunction<unknown, unknown>,
  request: unknown,
  { option, otherwise, onError }: AppFunctionCall,
): unknown {
  try {
    const answer = ask(request);
    if (!isThenable(answer)) return answer;
    // No code awaits this promise, and an unhandled rejection would end the process.
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
 * Calls `ask`, which answers a question with yes or no, and returns its answer. If it gives none, the answer is false.
 * An answer such as `'true'` or `1` counts as none, and `onError` gets an error.
 */
export function askYesOrNo(
  ask: RequestFunction<unknown, unknown>,
  request: unknown,
  question: AppFunctionCall,
): boolean {
  const answer = callAppFunction(ask, request, question);
  if (typeof answer === 'boolean') return answer;
  if (answer !== undefined && answer !== null)
    question.onError(unknownAnswer(question, answer, 'true or false'));
  return false;
}

/** The error for an answer that an app's function may not give. The message does not hold the answer itself. */
export function unknownAnswer(
  { option, otherwise }: AppFunctionCall,
  answer: unknown,
  meant: string,
): ConvertError {
  return new ConvertError(
    'CONVERT_CALLBACK',
    `the \`${option}\` function must return ${meant}; it returned ${kindOf(answer)}, ${otherwise}`,
  );
}

function kindOf(answer: unknown): string {
  if (Array.isArray(answer)) return 'an array';
  return typeof answer === 'object' ? 'an object' : `a ${typeof answer}`;
}

/**
 * A function that an app gives in its options. It gets the framework's own request. It is typed as a method, so that an
 * app may name the type of its framework's request, which the core does not know.
 */
export type RequestFunction<Raw, Result> = { ask(request: Raw): Result }['ask'];

/**
 * Receives errors of functions of the app. Such an error must not break a request, but must not go unnoticed either.
 */
export type OnError = (error: ConvertError) => void;

export function callbackThrew(option: string, error: unknown): ConvertError {
  return asConvertError(error, 'CONVERT_CALLBACK', `${option} threw`);
}

/**
 * Returns the answer of an app's function if it is an object. Otherwise returns undefined, and the reason goes to
 * `onError`.
 */
export function checkedObject(option: string, value: unknown, onError: OnError): object | undefined {
  const promise = isThenable(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !promise) return value;
  // No code awaits this promise, and an unhandled rejection would end the process.
  if (promise) value.then(undefined, () => {});
  const got = promise ? 'a promise' : value === null ? 'null' : kindOf(value);
  onError(
    new ConvertError('CONVERT_CALLBACK', `${option} must return an object at once; it returned ${got}`),
  );
  return undefined;
}
