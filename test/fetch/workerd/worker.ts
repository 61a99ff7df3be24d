/** A worker that runs the suites of the adapters on itself: `/cases` lists their cases, and `/run?case=` runs one. */
import type { Readable } from 'node:stream';
import type { Convert } from '../../../src/convert/types.js';
import { assignmentCookieConformance } from '../../adapters/assignment-cookie.js';
import { adapterConformance } from '../../adapters/conformance.js';
import { FETCH_ADAPTER, fetchApp, seenBy } from '../../adapters/fetch-app.js';
import type { Adapter } from '../../adapters/harness.js';
import { previewConformance } from '../../adapters/preview.js';
import { sessionConformance } from '../../adapters/session.js';
import { shareConformance } from '../../adapters/share.js';
import { dispatch, serve } from './network.js';
import { requestsOfOneWorker } from './requests.js';
import { CASES } from '../../support/vitest.js';

function toWeb(body: Readable): ReadableStream {
  const parts = (body as unknown as AsyncIterable<string>)[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = (await parts.next()) as IteratorResult<string, undefined>;
      if (done === true) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
}

const adapter: Adapter = {
  name: 'fetch',
  ...FETCH_ADAPTER,
  hasSockets: false,
  async start(options) {
    const handle = fetchApp(options, toWeb);
    const { url, close } = serve(async (request, wait) => {
      const asked = new URL(request.url);
      const { origin, ip } = seenBy(options, request.headers, { host: asked.host, address: '127.0.0.1' });
      const seen = new Request(new URL(asked.pathname + asked.search, origin), request);
      return handle(seen, { ip, waitUntil: wait, platform: {} });
    });
    return { url, convert: handle.convert as unknown as Convert, close: async () => close() };
  },
};

adapterConformance(adapter, { http2: false });
assignmentCookieConformance(adapter);
previewConformance(adapter);
sessionConformance(adapter);
shareConformance(adapter, { http2: false });
requestsOfOneWorker(adapter);

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

export default {
  async fetch(request: Request, _env: unknown, context: ExecutionContext): Promise<Response> {
    const { hostname, pathname, searchParams } = new URL(request.url);
    if (hostname !== 'suite.test') return dispatch(request, (promise) => context.waitUntil(promise));
    if (pathname === '/cases') return Response.json(CASES.map(({ title }) => title));
    try {
      await CASES[Number(searchParams.get('case'))]!.run();
      return new Response('');
    } catch (error) {
      return new Response(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  },
};
