/** Waiting for a store, and for how long. */
import { ConvertError } from '../errors.js';

/** Milliseconds that a job, and a commit's events, wait for a store at most. Requests wait for `storeTimeout`. */
export const STORE_LIMIT = 5_000;

/**
 * What a store answers. Rejects with CONVERT_STORE if it has not within so many milliseconds. With `hold`, the process
 * is kept alive meanwhile: somebody awaits it.
 */
export function withTimeout<T>(
  milliseconds: number,
  result: T | PromiseLike<T>,
  { hold = false }: { hold?: boolean } = {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = (): void => reject(new ConvertError('CONVERT_STORE', 'the visitor store took too long'));
    const timer = setTimeout(late, milliseconds);
    if (!hold) timer.unref();
    Promise.resolve(result).then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        // It is what it was rejected with.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(error);
      },
    );
  });
}
