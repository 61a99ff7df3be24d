/** Wraps a handler of a web-standard host, so that it gets the context of each request. */
import type { ConvertContext } from '../context/types.js';
import type { Mountable } from '../model/mountable.js';
import { createConvert, type FetchConvert, isFetchConvert, type OpenRequest } from './convert.js';
import { isMountable, openMounted } from './mounted.js';
import type { FetchOptions } from './options.js';
import type { FetchCall } from './request.js';

/** Answers a request; `convert` is its context. */
export type FetchHandler<Platform = unknown> = (
  request: Request,
  convert: ConvertContext,
  call: FetchCall<Platform>,
) => Response | Promise<Response>;

/** The wrapped handler, with the Convert that it uses. */
export interface ConvertHandler<Platform = unknown> {
  (request: Request, call?: FetchCall<Platform>): Promise<Response>;
  readonly convert: FetchConvert<Platform>;
}

/** Makes a handler that gets another object of this package for each request: what `oursPrivacy()` has for it. */
export function withConvert<Context extends object, Platform = unknown>(
  handler: (request: Request, context: Context, call: FetchCall<Platform>) => Response | Promise<Response>,
  given: Mountable<Context>,
): (request: Request, call?: FetchCall<Platform>) => Promise<Response>;
/**
 * Makes a handler that opens a context for each request, and completes the headers of its response.
 *
 * @example
 * ```js
 * const handle = withConvert(
 *   (request, convert) => new Response(page(convert.runExperience('homepage-hero'))),
 *   { sdkKey: '10035569/10034190' },
 * );
 * // Cloudflare Workers
 * export default {
 *   fetch: (request, env, ctx) =>
 *     handle(request, {
 *       ip: request.headers.get('cf-connecting-ip'),
 *       waitUntil: (promise) => ctx.waitUntil(promise),
 *     }),
 * };
 * ```
 *
 * @param given options, or a Convert that was made before
 * @throws ConvertError for wrong or missing options, as `createConvert` does
 */
export function withConvert<Platform = unknown>(
  handler: FetchHandler<Platform>,
  given?: FetchOptions<Platform> | FetchConvert<Platform>,
): ConvertHandler<Platform>;
export function withConvert(
  handler: FetchHandler,
  given?: FetchOptions | FetchConvert | Mountable<ConvertContext>,
): ConvertHandler | Handle {
  if (isMountable(given)) return handleWith(handler, (...asked) => openMounted(given, ...asked));
  const convert = isFetchConvert(given) ? given : createConvert(given);
  return Object.assign(
    handleWith(handler, (...asked) => convert.open(...asked)),
    { convert },
  );
}

type Handle = (request: Request, call?: FetchCall) => Promise<Response>;

function handleWith(
  handler: FetchHandler,
  open: (request: Request, call: FetchCall) => OpenRequest | Promise<OpenRequest>,
): Handle {
  return async (request, call = {}) => {
    const { context, run, finish, abandon } = await open(request, call);
    let response: Response;
    try {
      response = await run(() => handler(request, context, call));
    } catch (error) {
      await abandon();
      throw error;
    }
    return finish(response);
  };
}
