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
  /**
   * Accepts ids of another form in the cookie: those that match this pattern, of at most 64 letters, digits, `-` and
   * `_`. Default: any such id; if `visitor.id` is configured, only UUIDs and 32 hexadecimal digits, so that a cookie
   * can not name a user of the app.
   */
  accept?: RegExp;
}

/** The attributes of a cookie, which other cookies take over from the visitor cookie. */
export type CookieOptions = Omit<VisitorCookieOptions, 'accept'>;

/** A visitor id that the cookie may hold. A longer value, or one with other characters, is ignored and replaced. */
const COOKIE_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** An id of a form that this package, or the guides of Convert, make: a UUID, or 32 hexadecimal digits. */
const ISSUED_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/** Makes the check for ids from cookies. `hasAppIds` says that the app gives visitors ids of its own. */
export function cookieIdCheck(accept: RegExp | undefined, hasAppIds: boolean): (id: string) => boolean {
  if (accept === undefined) return (id) => (hasAppIds ? ISSUED_ID : COOKIE_ID).test(id);
  // With the flags `g` and `y`, a pattern begins where its last match ended.
  const accepted = new RegExp(accept.source, accept.flags.replace(/[gy]/g, ''));
  return (id) => COOKIE_ID.test(id) && (accepted.test(id) || ISSUED_ID.test(id));
}

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
  visitor: CookieOptions,
  own: Omit<CookieOptions, 'name'> = {},
): Pick<SetCookieOptions, 'domain' | 'maxAge' | 'sameSite' | 'secure' | 'partitioned'> {
  return {
    domain: own.domain ?? visitor.domain,
    maxAge: own.maxAge ?? visitor.maxAge ?? VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite: own.sameSite ?? visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: own.secure ?? visitor.secure,
    partitioned: own.partitioned ?? visitor.partitioned,
  };
}

/** @param isId says whether a value may be a visitor id */
export function visitorCookie(
  options: VisitorCookieOptions = {},
  isId = cookieIdCheck(options.accept, false),
): VisitorCookie {
  const { name = VISITOR_COOKIE_DEFAULTS.name } = options;
  const lines = setCookie({ name, ...cookieAttributes(options) });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);

  return {
    // The id is copied: a slice would keep the whole Cookie header in memory for as long as events of the visitor
    // wait.
    read: (request) => validIn(request, (value) => (isId(value) ? flattenString(value) : undefined)),
    present: (request) => valueIn(request) !== undefined,
    issue: (id, request) => lines.issue(id, request),
    replace: (id, request) => [...lines.expireOthers(request), lines.issue(id, request)],
    expire: (request) => lines.expire(request),
    problem: (request) => lines.problem(request),
  };
}
