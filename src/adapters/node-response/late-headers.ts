/**
 * Sees headers that other middlewares add right before the head is sent. Those that wrap `writeHead` before this
 * package does (express-session, cookie-session, and all else that uses `on-headers`) add theirs after ours.
 */
import { ServerResponse } from 'node:http';

/**
 * The headers that decide whether a cache may store a response, and hand it to others: `Cache-Control`, those for
 * certain caches, such as `CDN-Cache-Control` and `Surrogate-Control`, and cookies.
 */
const DECISIVE = /^set-cookie$|control$|^x-accel-expires$/i;

interface Response {
  statusCode?: number;
  getHeader(name: string): unknown;
  getHeaderNames(): string[];
}

/**
 * Calls `send`, which hands the head on to code that has wrapped `writeHead`, and in the end to Node. Calls `look` if
 * that code changes a decisive header, before Node puts the headers together.
 *
 * Whoever calls `writeHead` of Node can not be asked to wait, but Node assigns `statusCode` right before it reads the
 * headers, so that is when one looks. Over HTTP/2, and where a runtime does not assign it, late headers are not seen.
 */
export function lookingAgain<Sent>(
  response: Response,
  look: (status: number) => void,
  send: () => Sent,
): Sent {
  const own = Object.getOwnPropertyDescriptor(response, 'statusCode');
  const isPlain = own === undefined || (own.configurable === true && own.get === undefined);
  if (!isPlain || !(response instanceof ServerResponse)) return send();
  let before = decisiveIn(response);
  let status = response.statusCode;
  Object.defineProperty(response, 'statusCode', {
    configurable: true,
    enumerable: true,
    get: () => status,
    set(value: number) {
      status = value;
      if (decisiveIn(response) === before) return;
      look(value);
      before = decisiveIn(response);
    },
  });
  try {
    return send();
  } finally {
    Object.defineProperty(response, 'statusCode', {
      configurable: true,
      enumerable: true,
      writable: true,
      value: status,
    });
  }
}

const decisiveIn = (response: Response): string =>
  response
    .getHeaderNames()
    .filter((name) => DECISIVE.test(name))
    .map((name) => `${name}: ${String(response.getHeader(name))}`)
    .join('\n');
