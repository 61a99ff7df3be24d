/** The cookie that keeps the id of a visitor. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { type CookieProblem, setCookie, type SetCookieOptions } from './set-cookie.js';

export interface VisitorCookieOptions {
  /** The name of the cookie. Default `cv_vid`. */
  name?: string;
  /**
   * The domain of the cookie, such as `shop.example` for all its subdomains. On a host to which it does not fit, the
   * cookie has no domain. Default: none, so that the cookie stays with the host that set it.
   */
  domain?: string;
  /**
   * Seconds for which the browser keeps the cookie. Default 31536000 (one year). Browsers keep it for 400 days at most.
   */
  maxAge?: number;
  /**
   * `none` also sends the cookie to pages in a frame on another site. There is no `strict`: such a cookie does not come
   * with a link from another site, so that each of these links would draw a new visitor. Default `lax`.
   */
  sameSite?: 'lax' | 'none';
  /**
   * True if the browser may send the cookie over https only. Default: true, except for plain http, where browsers keep
   * no secure cookie. Always true with `sameSite: 'none'` and for names that begin with `__Host-` or `__Secure-`, which
   * browsers accept with secure cookies only.
   */
  secure?: boolean;
  /**
   * True if the browser keeps one cookie for each site that embeds this one in a frame (CHIPS): without it, browsers
   * that block third-party cookies keep none there. Needs `sameSite: 'none'`. Default false.
   */
  partitioned?: boolean;
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
  /** Makes the `Set-Cookie` lines that set another id than the one that the browser has. */
  replace(id: string, request: IncomingRequest): readonly string[];
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
  /** What is wrong with the cookie that `issue` makes for this request; undefined if browsers keep it as configured. */
  problem(request: IncomingRequest): CookieProblem | undefined;
}

export const VISITOR_COOKIE_DEFAULTS = {
  name: 'cv_vid',
  maxAge: 365 * 24 * 60 * 60,
  sameSite: 'lax',
} as const satisfies VisitorCookieOptions;

/**
 * The attributes of a cookie: those of its own options, then those of the visitor cookie's options, then the defaults.
 */
export function cookieAttributes(
  visitor: VisitorCookieOptions,
  own: Omit<VisitorCookieOptions, 'name'> = {},
): Pick<SetCookieOptions, 'domain' | 'maxAge' | 'sameSite' | 'secure' | 'partitioned'> {
  return {
    domain: own.domain ?? visitor.domain,
    maxAge: own.maxAge ?? visitor.maxAge ?? VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite: own.sameSite ?? visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: own.secure ?? visitor.secure,
    partitioned: own.partitioned ?? visitor.partitioned,
  };
}

export function visitorCookie(options: VisitorCookieOptions = {}): VisitorCookie {
  const { name = VISITOR_COOKIE_DEFAULTS.name } = options;
  const lines = setCookie({ name, ...cookieAttributes(options) });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);

  return {
    // The id is copied: a slice would keep the whole Cookie header in memory for as long as events of the visitor
    // wait.
    read: (request) =>
      validIn(request, (value) => (COOKIE_ID.test(value) ? flattenString(value) : undefined)),
    present: (request) => valueIn(request) !== undefined,
    issue: (id, request) => lines.issue(id, request),
    replace: (id, request) => [...lines.expireOthers(request), lines.issue(id, request)],
    expire: (request) => lines.expire(request),
    problem: (request) => lines.problem(request),
  };
}
