/** `convert-middleware/fetch` on the servers for web standards of other runtimes, as the adapter suites use it. */
import { Readable } from 'node:stream';
import type { Convert } from '../../../src/convert/types.js';
import { fetchAdapter } from '../../adapters/fetch.js';
import { FETCH_ADAPTER, fetchApp, seenBy } from '../../adapters/fetch-app.js';
import type { Adapter } from '../../adapters/harness.js';

/** Answers a request that came from this address. */
type Answer = (request: Request, address: string | undefined) => Promise<Response>;

interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

interface BunServer {
  readonly port: number;
  requestIP(request: Request): { readonly address: string } | null;
  stop(closeConnections: boolean): Promise<void>;
}
interface DenoServer {
  readonly addr: { readonly port: number };
  shutdown(): Promise<void>;
}

declare const Bun: {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    readonly fetch: (request: Request, server: BunServer) => Promise<Response>;
  }): BunServer;
};
declare const Deno: {
  serve(
    options: { readonly port: number; readonly hostname: string; readonly onListen: () => void },
    handler: (
      request: Request,
      info: { readonly remoteAddr: { readonly hostname: string } },
    ) => Promise<Response>,
  ): DenoServer;
};

const ADDRESS = { port: 0, hostname: '127.0.0.1' };

function serveOnBun(answer: Answer): RunningServer {
  const server = Bun.serve({
    ...ADDRESS,
    fetch: (request, host) => answer(request, host.requestIP(request)?.address),
  });
  return { port: server.port, close: () => server.stop(true) };
}

function serveOnDeno(answer: Answer): RunningServer {
  const server = Deno.serve({ ...ADDRESS, onListen() {} }, (request, info) =>
    answer(request, info.remoteAddr.hostname),
  );
  return { port: server.addr.port, close: () => server.shutdown() };
}

/** The body of a response is bytes. */
const toWeb = (body: Readable): ReadableStream => Readable.toWeb(body).pipeThrough(new TextEncoderStream());

function adapterOn(serve: (answer: Answer) => RunningServer): Adapter {
  return {
    name: 'fetch',
    ...FETCH_ADAPTER,
    async start(options) {
      const handle = fetchApp(options, toWeb);
      const server = serve(async (request, address) => {
        const host = request.headers.get('host') ?? '';
        const { origin, ip } = seenBy(options, request.headers, { host, address });
        // Without a trusted proxy, the app gets the request as the runtime has made it.
        const seen = options.trustProxy ? movedTo(origin, request) : request;
        // A server goes on running.
        return handle(seen, { ip, waitUntil: () => undefined, platform: {} }).catch(
          () => new Response('error', { status: 500 }),
        );
      });
      const url = `http://127.0.0.1:${server.port}`;
      return { url, convert: handle.convert as unknown as Convert, close: () => server.close() };
    },
  };
}

function movedTo(origin: string, request: Request): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(new URL(pathname + search, origin), request);
}

/** Returns the adapter of the runtime that this runs on. */
export function adapterHere(): Adapter {
  if ('Bun' in globalThis) return adapterOn(serveOnBun);
  return 'Deno' in globalThis ? adapterOn(serveOnDeno) : fetchAdapter;
}
