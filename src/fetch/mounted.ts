/** Opens for a request what is mounted besides a Convert, such as `oursPrivacy()`. */
import type { Mountable } from '../model/mountable.js';
import { asConvertError, type ConvertErrorCode } from '../utils/errors.js';
import { oncePerCode } from '../utils/logger.js';
import { asObject } from '../utils/objects.js';
import { logError, type WarnOnce, warnOnceOn } from '../utils/operator-log.js';
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
  const teller = tellerOf(mountable);
  const incoming = new MountedIncoming(new HostRequest<unknown>(request, asObject(call)), teller);
  return {
    context: mountable.open(incoming, outgoing),
    run: (proceed) => proceed(),
    finish: async (response) => {
      const completed = complete(outgoing, response, teller);
      await settle(incoming.raw, teller);
      return completed;
    },
    abandon: () => {
      outgoing.close();
      return settle(incoming.raw, teller);
    },
  };
}

/** A request whose host waits for what the mounted object does in it. */
class MountedIncoming extends FetchIncoming {
  constructor(
    raw: HostRequest<unknown>,
    private readonly teller: Teller,
  ) {
    super(raw);
  }

  keep(promise: Promise<unknown>): void {
    try {
      this.raw.keep(promise);
    } catch (error) {
      this.teller.error(error, 'CONVERT_CALLBACK', WAIT_UNTIL_THREW);
    }
  }
}

function complete(outgoing: FetchOutgoing, response: Response, teller: Teller): Response {
  try {
    return outgoing.complete(response);
  } catch (error) {
    teller.error(error, 'CONVERT_INTERNAL', 'the headers of a response could not be completed');
    return response;
  }
}

async function settle(raw: HostRequest, { warnOnce }: Teller): Promise<void> {
  if ((await raw.settled()) === false) warnOnce('CONVERT_FINISH_LATE', FINISHED_LATE);
}

/** Tells the operator of one mounted object, of each matter once. */
interface Teller {
  readonly warnOnce: WarnOnce;
  readonly error: (error: unknown, code: ConvertErrorCode, what: string) => void;
}

const tellers = new WeakMap<Mountable, Teller>();

function tellerOf(mountable: Mountable): Teller {
  const before = tellers.get(mountable);
  if (before !== undefined) return before;
  const logger = mountable.logger ?? console;
  const once = oncePerCode();
  const teller: Teller = {
    warnOnce: warnOnceOn(logger),
    error: (error, code, what) => once(what, () => logError(logger, asConvertError(error, code, what))),
  };
  tellers.set(mountable, teller);
  return teller;
}
