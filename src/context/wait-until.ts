/**
 * Gives a promise to serverless platforms, which freeze the process once the response is sent: they wait for commits.
 */
import type { WaitUntil } from '../model/http.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { unrefTimeout } from '../utils/node/timers.js';
import type { Runtime } from './runtime.js';
import { isThenable } from '../utils/objects.js';

/**
 * The most milliseconds that the platform waits, from the first recorded change on. The platform bills for the wait,
 * and some responses never end.
 */
const LIMIT = 30_000;

/**
 * The most milliseconds that the platform waits for delivery after the commit. Without this limit, an endpoint that is
 * down would cost 30 s for each request.
 */
const DELIVERY_LIMIT = 5_000;

interface WaitUntilParts {
  flush: (timeout: number) => Promise<unknown>;
  onError: (error: ConvertError) => void;
}

/** Makes the function `Runtime.waitUntil`, which contexts call when they have something to commit. */
export function tellPlatform(
  waitUntil: WaitUntil<unknown>,
  { flush, onError }: WaitUntilParts,
): NonNullable<Runtime['waitUntil']> {
  const failed = (error: unknown): void =>
    onError(
      asConvertError(
        error,
        'CONVERT_CALLBACK',
        'the `waitUntil` function threw, delivery goes on without it',
      ),
    );
  const delivered = async (stored: unknown): Promise<void> => {
    await stored;
    await flush(DELIVERY_LIMIT);
  };

  return (request, keep) => {
    const promise = new Promise<void>((resolve) => {
      const timer = unrefTimeout(resolve, LIMIT);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      keep((stored) => void delivered(stored).then(done, done));
    });
    try {
      const answer: unknown = waitUntil(promise, request);
      // An unhandled rejection of the app's promise would end the process.
      if (isThenable(answer)) Promise.resolve(answer).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
