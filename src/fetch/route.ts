/** Mounts a `RouteHandler`, such as a webhook, on a host that hands out a `Request` and takes a `Response`. */
import { Route, type RouteBody, type RouteOptions } from '../convert/route.js';
import type { RouteHandler } from '../model/http.js';
import { asConvertError } from '../utils/errors.js';
import { joined } from '../utils/node/bytes.js';
import { asObject } from '../utils/objects.js';
import { warnOnceOn } from '../utils/operator-log.js';
import { type FetchCall, FetchIncoming, FINISHED_LATE, HostRequest } from './request.js';

/** Answers the requests of a route, with the `RouteHandler` that it calls. */
export interface FetchRoute<Platform = unknown> {
  (request: Request, call?: FetchCall<Platform>): Promise<Response>;
  readonly handler: RouteHandler;
}

type Body = NonNullable<ConstructorParameters<typeof Response>[0]>;

/** Statuses whose responses have no body. */
const EMPTY: readonly number[] = [101, 204, 205, 304];

/**
 * Makes a function that answers requests with a `RouteHandler`, such as a webhook or the assignment endpoint. Give it
 * the requests of one path: it reads the bytes of the body, and answers for itself. What the handler records is sent in
 * `waitUntil`; without it, the response waits for that, 1 s at most. The function never rejects.
 *
 * @example
 * ```js
 * const orders = route(conversionWebhook(convert, { platform: stripe({ secret }), goal: 'purchase' }));
 * export default {
 *   fetch: (request, env, ctx) => orders(request, { waitUntil: (promise) => ctx.waitUntil(promise) }),
 * };
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function route<Platform = unknown>(
  handler: RouteHandler,
  options?: RouteOptions,
): FetchRoute<Platform> {
  const mounted = new Route(handler, options, 'give the request to it before anything else reads the body');
  const warnOnce = warnOnceOn(handler.logger ?? console);
  const answer = async (request: Request, call?: FetchCall<Platform>): Promise<Response> => {
    const raw = new HostRequest(request, asObject(call));
    const read = await bodyOf(request, mounted.maxBytes);
    const { status, headers, body } = await mounted.answer(new FetchIncoming(raw), read);
    sendRecorded(handler, raw);
    if ((await raw.settled()) === false) warnOnce('CONVERT_FINISH_LATE', FINISHED_LATE);
    return new Response(EMPTY.includes(status) ? null : (body as Body), { status, headers });
  };
  return Object.assign(answer, { handler });
}

function sendRecorded({ flush, report }: RouteHandler, raw: Pick<HostRequest, 'keep'>): void {
  const failed = (error: unknown): void =>
    report?.(asConvertError(error, 'CONVERT_CALLBACK', 'what a route has recorded could not be sent'));
  try {
    const sent = flush?.().catch(failed);
    if (sent !== undefined) raw.keep(sent);
  } catch (error) {
    failed(error);
  }
}

async function bodyOf(request: Request, maxBytes: number): Promise<RouteBody> {
  if (request.bodyUsed || request.body?.locked === true) return 'parsed';
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  const chunks: Uint8Array[] = [];
  try {
    for (let bytes = 0; reader !== undefined;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > maxBytes) {
        await reader.cancel();
        return 'too-large';
      }
      chunks.push(value);
    }
  } catch {
    return 'cut-off';
  }
  return joined(chunks);
}
