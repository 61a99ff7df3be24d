/** The servers of a worker: requests that it makes come back to it, and go to the server of their port. */

export type Server = (request: Request, wait: (promise: Promise<unknown>) => void) => Promise<Response>;

const servers = new Map<number, Server>();
let ports = 1024;

/** Returns the address of a server, and ends it. */
export function serve(server: Server): { readonly url: string; readonly close: () => void } {
  const port = ports++;
  servers.set(port, server);
  return { url: `http://127.0.0.1:${port}`, close: () => void servers.delete(port) };
}

/** Names the server of a request whose `Host` is another one. */
export const PORT = 'x-test-port';

export async function dispatch(given: Request, wait: (promise: Promise<unknown>) => void): Promise<Response> {
  const port = Number(given.headers.get(PORT) ?? new URL(given.url).port);
  const request = new Request(given);
  request.headers.delete(PORT);
  const server = servers.get(port);
  if (server === undefined) throw new Error(`nobody listens on port ${port}`);
  try {
    return await server(request, wait);
  } catch {
    return new Response(null, { status: 500 });
  }
}
