/** Asking the functions that an app gives in its options: what they throw, or answer later, never reaches a request. */
import { asConvertError, ConvertError } from './errors.js';
import { isThenable } from './thenable.js';

export interface Question {
  /** The option, as it is named in messages. */
  option: string;
  /** What is done instead where there is no answer, as it is told: `taken as unknown`. */
  otherwise: string;
  onError: (error: ConvertError) => void;
}

/** The answer of `ask`, undefined where it threw or gave a promise; both are told to `onError`. */
export function askApp(
  ask: RequestFunction<unknown, unknown>,
  request: unknown,
  { option, otherwise, onError }: Question,
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
