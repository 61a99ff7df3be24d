/** Where a request brings the key under which a shared cache keeps its page, and the cookie that gives browsers one. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieHeader, rawCookieNamed } from '../../request/cookies.js';
import { setCookie } from './set-cookie.js';
import { cookieAttributes, type CookieOptions } from './visitor-cookie.js';
import { NOTHING } from '../../utils/objects.js';

/** The option `responseCache`: how a cache finds the copy of a page. */
export interface ResponseCacheOptions {
  /** The name of the cookie that tells the cache which variations a visitor gets. Default `cv_key`. */
  cookie?: string;
  /**
   * The name of the request header in which the cache hands on the key that it has read from the cookie, such as
   * `X-CV-Key`; the responses then `Vary` on it. Default: none, the cookie itself is read.
   */
  header?: string;
}

export const KEY_COOKIE_NAME = 'cv_key';

/**
 * Seconds for which a browser keeps its key. What a cache answers is not seen by the app, so the visitor has to come by
 * before their session ends (20 minutes), and before another device's id can be taken over (30 minutes): then they are
 * decided for anew.
 */
const KEY_AGE = 15 * 60;

/** The form of a key: it is safe in a cookie, in a header, and in the languages of nginx, Varnish and Fastly. */
const KEY = /^[\w.:!-]{1,200}$/;

export interface KeyCookie {
  /** The request header that holds the key, in lower case; undefined if the cookie does. */
  readonly header: string | undefined;
  /** The key of the request; undefined if it brings none, or if a cache may have read another one than this. */
  keyOf(request: IncomingRequest): string | undefined;
  /** The key in the cookie; undefined without one. A cache may have read another one. */
  cookieKeyOf(request: IncomingRequest): string | undefined;
  /** True if the request brings the cookie, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** The `Set-Cookie` lines that give a browser its key. */
  issue(key: string, request: IncomingRequest): readonly string[];
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
}

/** @param visitor the options of the visitor cookie, whose attributes this cookie has, too */
export function keyCookie(
  options: ResponseCacheOptions = NOTHING,
  visitor: CookieOptions = NOTHING,
): KeyCookie {
  const { cookie: name = KEY_COOKIE_NAME } = options;
  const header = options.header?.toLowerCase();
  const cookie = setCookie({ name, ...cookieAttributes(visitor), maxAge: KEY_AGE, httpOnly: true });
  const valueIn = rawCookieNamed(name);

  const present = (request: IncomingRequest): boolean => valueIn(request) !== undefined;
  return {
    header,
    keyOf(request) {
      const given =
        header === undefined ? onlyCookieIn(cookieHeader(request), name) : request.headers[header];
      return typeof given === 'string' && KEY.test(given) ? given : undefined;
    },
    cookieKeyOf(request) {
      const given = valueIn(request);
      return given !== undefined && KEY.test(given) ? given : undefined;
    },
    present,
    issue: (key, request) => [
      ...(present(request) ? cookie.expireOthers(request) : []),
      cookie.issue(key, request),
    ],
    expire: (request) => cookie.expire(request),
  };
}

/**
 * Returns the value of a cookie exactly as it is written; undefined if it is absent, or if somebody who reads cookies
 * in another way may find another one. So the name must stand there once only, in any case and in any place: nginx
 * does not tell cases apart and takes `,` for a separator, some caches read the last of several cookies, some the
 * first. Otherwise a request could have its page stored under the key of others.
 */
function onlyCookieIn(header: string, name: string): string | undefined {
  const lower = header.toLowerCase();
  const wanted = name.toLowerCase();
  const at = lower.indexOf(wanted);
  if (at === -1 || lower.includes(wanted, at + 1) || !header.startsWith(`${name}=`, at)) return undefined;
  if (at > 0 && !/;[ ]?$/.test(header.slice(Math.max(0, at - 2), at))) return undefined;
  const end = header.indexOf(';', at);
  return header.slice(at + name.length + 1, end === -1 ? undefined : end);
}
