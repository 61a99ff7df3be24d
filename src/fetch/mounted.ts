/** Opens for a request what is mounted besides a Convert, such as `oursPrivacy()`. */
import type { Mountable } from '../model/mountable.js';
import { asConvertError, type ConvertErrorCode } from '../utils/errors.js';
import { oncePerCode } from '../utils/logger.js';
import { asObject } from '../utils/objects.js';
import { logError, warnOnceOn } from '../utils/operator-log.js';
import { isFetchConvert, type OpenRequest } from './convert.js';
import { type FetchCall, FetchIncoming, FINISHED_LATE, HostRequest, WAIT_UNTIL_THREW } from './request.js';
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
  const incoming = new MountedIncoming(new HostRequest<unknown>(request, asObject(call)));
  return {
    context: mountable.open(incoming, outgoing),
    run: (proceed) => proceed(),
    finish: async (response) => {
      const completed = complete(outgoing, response);
      await settle(incoming.raw);
      return completed;
    },
    abandon: () => {
      outgoing.close();
      return settle(incoming.raw);
    },
  };
}

/** A request whose host waits for what the mounted object does in it. */
class MountedIncoming extends FetchIncoming {
  keep(promise: Promise<unknown>): void {
    try {
      this.raw.keep(promise);
    } catch (error) {
      tell(error, 'CONVERT_CALLBACK', WAIT_UNTIL_THREW);
    }
  }
}

function complete(outgoing: FetchOutgoing, response: Response): Response {
  try {
    return outgoing.complete(response);
  } catch (error) {
    tell(error, 'CONVERT_INTERNAL', 'the headers of a response could not be completed');
    return response;
  }
}

async function settle(raw: HostRequest): Promise<void> {
  if ((await raw.settled()) === false) warnOnce('CONVERT_FINISH_LATE', FINISHED_LATE);
}

// What is mounted has its logger for itself.
const warnOnce = warnOnceOn(console);
const once = oncePerCode();
const tell = (error: unknown, code: ConvertErrorCode, what: string): void =>
  once(what, () => logError(console, asConvertError(error, code, what)));
