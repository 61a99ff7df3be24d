/**
 * Sees headers that other middlewares add right before the head is sent. Those that wrap `writeHead` before this
 * package does (express-session, cookie-session, and all else that uses `on-headers`) add theirs after ours.
 */
import { ServerResponse } from 'node:http';
import { getterOf } from './getter-of.js';

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
 * Such code calls the `writeHead` that it has found, so nothing of ours is called after it. But Node assigns
 * `statusCode` right before it reads the headers: that is when they are looked at. Over HTTP/2, and on a runtime that
 * does not assign it, late headers are not seen.
 */
export function lookingAgain<Sent>(
  response: Response,
  look: (status: number) => void,
  send: () => Sent,
): Sent {
  // An accessor of others stays where it is.
  if (!(response instanceof ServerResponse) || getterOf(response, 'statusCode') !== undefined) return send();
  let before = decisiveIn(response);
  let status = response.statusCode;
  const isSeen = Reflect.defineProperty(response, 'statusCode', {
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
  if (!isSeen) return send();
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
