/** `convert-middleware/fetch` on a server of Node, as the adapter suites use it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Convert } from '../../src/convert/types.js';
import { FETCH_ADAPTER, fetchApp, seenBy } from './fetch-app.js';
import { type Adapter, listen, stop } from './harness.js';

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  return headers;
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
  ...FETCH_ADAPTER,
  async start(options) {
    const handle = fetchApp(options, (body) => Readable.toWeb(body) as ReadableStream);
    const server = createServer((req, res) => {
      const headers = headersOf(req);
      const { origin, ip } = seenBy(options, headers, {
        host: String(req.headers.host),
        address: req.socket.remoteAddress,
      });
      const request = new Request(new URL(req.url ?? '/', origin), { method: req.method, headers });
      // A server goes on running.
      handle(request, { ip, waitUntil: () => undefined, platform: { req } })
        .then((response) => write(response, res))
        .catch(() => res.writeHead(500).end());
    });
    const url = await listen(server);
    return { url, convert: handle.convert as unknown as Convert, close: () => stop(server) };
  },
};
