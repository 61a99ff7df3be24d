/** Gives a promise to platforms that freeze the process once the response is sent, so that they wait for commits. */
import type { WaitUntil } from '../model/http.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';
import { isThenable } from '../utils/objects.js';

/** Milliseconds from the first record on: the platform bills for its waiting, and some responses never end. */
const LIMIT = 30_000;

/** Milliseconds of them for delivery once all is stored: an endpoint that is down must not cost 30 s each time. */
const DELIVERY_LIMIT = 5_000;

interface WaitUntilParts {
  flush: (timeout: number) => Promise<unknown>;
  onError: (error: ConvertError) => void;
}

/** Makes the function that contexts call when they have something to commit. */
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
      const timer = setTimeout(resolve, LIMIT).unref();
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      keep((stored) => void delivered(stored).then(done, done));
    });
    try {
      const answer: unknown = waitUntil(promise, request);
      // Its rejection would be nobody's, and end the process.
      if (isThenable(answer)) Promise.resolve(answer).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
