/** Mounts a `RouteHandler` on Node's own server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MountedRoute } from '../adapters/shared/routes.js';
import type { RouteHandler } from '../model/http.js';

export function nodeRoute(
  handler: RouteHandler,
): (request: IncomingMessage, response: ServerResponse) => void {
  const mounted = new MountedRoute(handler, undefined, 'nothing else may read it');
  return (request, response) => {
    const { method = '', url = '/', headers, socket } = request;
    const { host = '' } = headers;
    const ip = socket.remoteAddress ?? '';
    void mounted
      .serve({ method, url, headers, host, ip, protocol: 'http', raw: request }, request, () => [])
      .then((answer) => response.writeHead(answer.status, answer.headers).end(answer.body))
      // The connection is gone, and nobody reads the answer.
      .catch(() => response.destroy());
  };
}
