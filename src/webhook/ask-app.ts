/** Calls the functions that an app gives to a webhook. Unlike those of a request, they may return promises. */
import type { RouteConvert } from '../convert/types.js';
import { asConvertError } from '../utils/errors.js';

/**
 * A function of the app has failed, which was reported. `bad-order`: it threw, so that it would throw again. `failed`:
 * its promise was rejected, as when a server does not answer, so that another try is worth it.
 */
export class AppFailure extends Error {
  constructor(readonly outcome: 'bad-order' | 'failed') {
    super(outcome);
  }
}

/** @throws AppFailure */
export async function askApp<T>(
  convert: RouteConvert,
  option: string,
  ask: () => T | PromiseLike<T>,
): Promise<T> {
  const fail = (error: unknown, did: string, outcome: AppFailure['outcome']): AppFailure => {
    convert.report(
      asConvertError(error, 'CONVERT_CALLBACK', `the \`${option}\` function of a webhook ${did}`),
    );
    return new AppFailure(outcome);
  };
  let answer: T | PromiseLike<T>;
  try {
    answer = ask();
  } catch (error) {
    throw fail(error, 'threw', 'bad-order');
  }
  try {
    return await answer;
  } catch (error) {
    throw fail(error, 'returned a promise that was rejected', 'failed');
  }
}
