/** Opens for a request what is mounted besides a Convert, such as `oursPrivacy()`. */
import type { Mountable } from '../model/mountable.js';
import { asConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import { logError } from '../utils/operator-log.js';
import { isFetchConvert, type OpenRequest } from './convert.js';
import { type FetchCall, FetchIncoming, HostRequest } from './request.js';
import { FetchOutgoing } from './response.js';

export function isMountable(given: unknown): given is Mountable {
  return (
    typeof given === 'object' &&
    given !== null &&
    'as' in given &&
    'open' in given &&
    !isFetchConvert(given as object)
  );
}

/**
 * Opens the context of a request: what `oursPrivacy()` has for it, say. Never rejects.
 *
 * @example
 * ```js
 * const ours = oursPrivacy({ token });
 * const { context, finish } = openMounted(ours, request);
 * const { variantName } = await context.assign('checkout_redesign');
 * return finish(new Response(page(variantName)));
 * ```
 */
export function openMounted<Context extends object, Platform = unknown>(
  mountable: Mountable<Context>,
  request: Request,
  call?: FetchCall<Platform>,
): OpenRequest<Context> {
  const outgoing = new FetchOutgoing();
  const incoming = new FetchIncoming(new HostRequest<unknown>(request, asObject(call)));
  return {
    context: mountable.open(incoming, outgoing),
    run: (proceed) => proceed(),
    finish: async (response) => completed(outgoing, response),
    abandon: async () => outgoing.close(),
  };
}

let isTold = false;

function completed(outgoing: FetchOutgoing, response: Response): Response {
  try {
    return outgoing.complete(response);
  } catch (error) {
    const what = 'the headers of a response could not be completed';
    // What is mounted has its logger for itself.
    if (!isTold) logError(console, asConvertError(error, 'CONVERT_INTERNAL', what));
    isTold = true;
    return response;
  }
}
