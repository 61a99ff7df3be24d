/** Prefetch and prerender: requests for a page that may never be shown. */
import { headerText, type IncomingRequest } from '../exchange.js';

/**
 * - `count` they are visits: when the page is shown, no second request comes
 * - `refuse` they are answered with 503 before the handler runs, and the browser asks again when the page is to be shown
 */
export type PrefetchOption = 'count' | 'refuse';

/** A list of tokens with parameters: `prefetch`, `prefetch;prerender`, `prefetch;anonymous-client-ip`. */
const PREFETCH = /(?:^|,)[ \t]*prefetch[ \t]*(?:[;,]|$)/;
const PRERENDER = /;[ \t]*prerender[ \t]*(?:[;,]|$)/;
/** No browser sends longer ones. */
const MAX_HEADER = 256;

/**
 * True for a page, or a file, that the browser asks for ahead of time and asks for again if it gets no 2xx. Only by
 * `Sec-Purpose`, which no script can set: with `Purpose`, `X-Purpose` and `X-Moz`, client-side routers mark requests of
 * their own, and would take the 503 for an answer. Not what a prerendered page loads in turn (images, frames, its scripts'
 * fetches carry `prefetch;prerender`, too): that is asked for once, and shown as it came.
 */
export function isPrefetch({ method, headers }: IncomingRequest): boolean {
  const purpose = headerText(headers['sec-purpose']);
  if (purpose === undefined || purpose.length > MAX_HEADER || !PREFETCH.test(purpose)) return false;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const destination = headerText(headers['sec-fetch-dest']);
  // Sent over https and to localhost only.
  if (destination === undefined || destination === 'document') return true;
  return destination === 'empty' && !PRERENDER.test(purpose);
}
