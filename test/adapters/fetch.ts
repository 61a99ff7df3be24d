/** `convert-middleware/fetch` on a server of Node, as the adapter suites use it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Convert } from '../../src/convert/types.js';
import type { ConvertContext } from '../../src/context/types.js';
import type { FetchOptions } from '../../src/fetch/options.js';
import type { FetchRequest } from '../../src/fetch/request.js';
import { withConvert } from '../../src/fetch/with-convert.js';
import { type Adapter, type AppOptions, type Exchange, listen, stop } from './harness.js';

/** What the host hands on beside the request: authentication may run later. */
interface Locals {
  user?: string;
  req: IncomingMessage;
}

/** Statuses whose responses have no body. */
const EMPTY = [204, 304];

class FetchExchange implements Exchange {
  readonly headers = new Headers();
  readonly locals: Record<string, unknown>;
  response: Response | undefined;

  constructor(
    readonly convert: ConvertContext,
    readonly req: IncomingMessage,
  ) {
    this.locals = { convert };
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
    this.response = new Response(Readable.toWeb(body), { headers: this.headers });
  }
  takeOver(): never {
    return this.res;
  }
}

/** Makes a `Request` of a request of Node, as servers for web standards do. */
function requestOf(
  { url = '/', method, rawHeaders, headers }: IncomingMessage,
  trustsProxy: boolean,
): Request {
  const pairs = rawHeaders.flatMap((name, n): [string, string][] =>
    n % 2 === 0 ? [[name, rawHeaders[n + 1]!]] : [],
  );
  const given = new Headers();
  for (const [name, value] of pairs) given.append(name, value);
  const protocol = (trustsProxy && given.get('x-forwarded-proto')) || 'http';
  const host = (trustsProxy && given.get('x-forwarded-host')) || headers.host;
  return new Request(new URL(url, `${protocol}://${host}`), { method, headers: given });
}

async function write(response: Response, res: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) if (name !== 'set-cookie') res.setHeader(name, value);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  res.writeHead(response.status);
  if (response.body === null) res.end();
  else Readable.fromWeb(response.body).pipe(res);
}

export const fetchAdapter: Adapter = {
  name: 'fetch',
  isNode: false,
  user: (request) => (request as FetchRequest<Locals>).platform?.user,
  closesConvert: false,
  async start({ convert: given, routes, shop = {}, onError, trustProxy = false, before, authenticate }) {
    const handle = withConvert<Locals>(async (request, convert, { platform }) => {
      const exchange = new FetchExchange(convert, platform!.req);
      await before?.(exchange);
      if (authenticate) platform!.user = authenticate();
      const { pathname } = new URL(request.url);
      const handler = pathname.startsWith('/shop/') ? shop[pathname.slice('/shop'.length)] : routes[pathname];
      try {
        await handler?.(exchange);
      } catch (error) {
        if (onError === undefined) throw error;
        await onError(exchange);
      }
      return exchange.response ?? new Response('not found', { status: 404 });
    }, optionsOf(given));
    const server = createServer((req, res) => {
      const forwarded = trustProxy ? String(req.headers['x-forwarded-for'] ?? '').split(', ') : [];
      const ip = forwarded.at(-1) || req.socket.remoteAddress;
      // A server goes on running.
      handle(requestOf(req, trustProxy), { ip, waitUntil: () => undefined, platform: { req } })
        .then((response) => write(response, res))
        .catch(() => res.writeHead(500).end());
    });
    const url = await listen(server);
    return { url, convert: handle.convert as unknown as Convert, close: () => stop(server) };
  },
};

/** The options of a test, without those of Node alone. */
function optionsOf(given: AppOptions['convert']): FetchOptions<Locals> {
  const { delivery, ...options } = given as FetchOptions<Locals> & { delivery?: { linger?: number } };
  if (!delivery) return { ...options, ...(delivery !== undefined && { delivery }) };
  const { linger: _, ...others } = delivery;
  return { ...options, delivery: others };
}
