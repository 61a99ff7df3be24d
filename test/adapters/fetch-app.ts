/** An app on `convert-middleware/fetch`, as the adapter suites use it, on any host. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/types.js';
import { createConvert, type FetchConvert } from '../../src/fetch/convert.js';
import type { FetchOptions } from '../../src/fetch/options.js';
import type { FetchCall, FetchRequest } from '../../src/fetch/request.js';
import { type ConvertHandler, type FetchHandler, withConvert } from '../../src/fetch/with-convert.js';
import type { Adapter, AppOptions, Exchange } from './harness.js';

/** What the host hands on beside the request: authentication may run later. */
export interface Locals {
  user?: string;
  req?: IncomingMessage;
}

/** Makes a body of what an app streams. */
export type ToWeb = (body: Readable) => ReadableStream;

/** What is the same on all hosts. */
export const FETCH_ADAPTER: Pick<Adapter, 'isNode' | 'user' | 'createConvert' | 'closesConvert'> = {
  isNode: false,
  createConvert: (options, as) => createConvert({ ...optionsOf(options), as }) as unknown as Convert,
  user: (request) => (request as FetchRequest<Locals>).platform?.user,
  closesConvert: false,
};

/** Statuses whose responses have no body. */
const EMPTY = [204, 304];

class FetchExchange implements Exchange {
  readonly headers = new Headers();
  readonly locals: Record<string, unknown>;
  response: Response | undefined;

  constructor(
    readonly convert: ConvertContext,
    readonly request: IncomingMessage | undefined,
    readonly toWeb: ToWeb,
    readonly keep: FetchCall['waitUntil'],
  ) {
    this.locals = { convert };
  }
  at(as: string): ConvertContext {
    return this.locals[as] as ConvertContext;
  }
  get req(): IncomingMessage {
    return this.request!;
  }
  get res(): never {
    throw new Error('there is no response of Node');
  }
  header(name: string, value: string | string[]): void {
    this.headers.delete(name);
    for (const each of [value].flat()) this.headers.append(name, each);
  }
  cookie(name: string, value: string): void {
    this.headers.append('set-cookie', `${name}=${value}; Path=/`);
  }
  send(status: number, body: string): void {
    const { headers } = this;
    if (!headers.has('content-type')) headers.set('content-type', 'text/html; charset=utf-8');
    this.response = new Response(EMPTY.includes(status) ? null : body, { status, headers });
  }
  redirect(location: string): void {
    this.headers.set('location', location);
    this.response = new Response(null, { status: 302, headers: this.headers });
  }
  stream(body: Readable): void {
    this.response = new Response(this.toWeb(body), { headers: this.headers });
  }
  takeOver(): never {
    return this.res;
  }
}

/** Makes the handler of an app. */
export function fetchApp(
  { convert, routes, shop = {}, onError, before, between, beside = {}, authenticate }: AppOptions,
  toWeb: ToWeb,
): ConvertHandler<Locals> {
  return withConvert<Locals>(async (request, context, call) => {
    const { platform, waitUntil } = call;
    const exchange = new FetchExchange(context, platform!.req, toWeb, waitUntil);
    await before?.(exchange);
    await between?.(exchange);
    if (authenticate) platform!.user = authenticate();
    // Bun gives the path alone if the request names no host.
    const { pathname } = new URL(request.url, 'http://localhost');
    const handler = pathname.startsWith('/shop/') ? shop[pathname.slice('/shop'.length)] : routes[pathname];
    const answer: FetchHandler<Locals> = async () => {
      try {
        await handler?.(exchange);
      } catch (error) {
        if (onError === undefined) throw error;
        await onError(exchange);
      }
      return exchange.response ?? new Response('not found', { status: 404 });
    };
    const all = Object.entries(beside).reduceRight(
      (inner, [as, other]): FetchHandler<Locals> =>
        (...[, , given]) =>
          withConvert<Locals>(
            (...opened) => {
              [, exchange.locals[as]] = opened;
              return inner(...opened);
            },
            other as unknown as FetchConvert<Locals>,
          )(request, given),
      answer,
    );
    return all(request, context, call);
  }, optionsOf(convert));
}

/** Returns the URL and the address that the host of an app says. */
export function seenBy(
  { trustProxy = false }: Pick<AppOptions, 'trustProxy'>,
  headers: Headers,
  { host, address }: { host: string; address: string | undefined },
): { origin: string; ip: string | undefined } {
  const forwarded = (name: string): string => (trustProxy ? (headers.get(name) ?? '') : '');
  return {
    origin: `${forwarded('x-forwarded-proto') || 'http'}://${forwarded('x-forwarded-host') || host}`,
    ip: forwarded('x-forwarded-for').split(', ').at(-1) || address,
  };
}

/** The options of a test, without those of Node alone. */
function optionsOf(given: AppOptions['convert']): FetchOptions<Locals> {
  const { delivery, ...options } = given as FetchOptions<Locals> & { delivery?: { linger?: number } };
  if (!delivery) return { ...options, ...(delivery !== undefined && { delivery }) };
  const { linger: _, ...others } = delivery;
  return { ...options, delivery: others };
}
