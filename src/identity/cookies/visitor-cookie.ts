/** The cookie that keeps the id of a visitor. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { setCookie } from './set-cookie.js';

export interface VisitorCookieOptions {
  /** The name of the cookie. Default `cv_vid`. */
  name?: string;
  /** The domain of the cookie. Default: none, so that the cookie stays with the host that set it. */
  domain?: string;
  /**
   * Seconds for which the browser keeps the cookie. Default 31536000 (one year). Browsers keep it for 400 days at most.
   */
  maxAge?: number;
  /** Default `lax`. */
  sameSite?: 'lax' | 'strict' | 'none';
  /**
   * True if the browser may send the cookie over https only. Default: true, except for plain http on localhost, where
   * browsers would not keep a secure cookie. Always true with `sameSite: 'none'`, which browsers accept with secure
   * cookies only.
   */
  secure?: boolean;
}

/** A visitor id that the cookie may hold. A longer value, or one with other characters, is ignored and replaced. */
const COOKIE_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface VisitorCookie {
  /** Reads the first valid visitor id that the request brings; undefined if there is none. */
  read(request: IncomingRequest): string | undefined;
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** Makes a `Set-Cookie` line for a visitor id that this package has made. */
  issue(id: string, request: IncomingRequest): string;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
}

export const VISITOR_COOKIE_DEFAULTS = {
  name: 'cv_vid',
  maxAge: 365 * 24 * 60 * 60,
  sameSite: 'lax',
} as const satisfies VisitorCookieOptions;

export function visitorCookie(options: VisitorCookieOptions = {}): VisitorCookie {
  const {
    name = VISITOR_COOKIE_DEFAULTS.name,
    domain,
    maxAge = VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite = VISITOR_COOKIE_DEFAULTS.sameSite,
    secure,
  } = options;
  const lines = setCookie({ name, domain, maxAge, sameSite, secure });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);

  return {
    // The id is copied: a slice would keep the whole Cookie header in memory for as long as events of the visitor
    // wait.
    read: (request) =>
      validIn(request, (value) => (COOKIE_ID.test(value) ? flattenString(value) : undefined)),
    present: (request) => valueIn(request) !== undefined,
    issue: (id, request) => lines.issue(id, request),
    expire: (request) => lines.expire(request),
  };
}
