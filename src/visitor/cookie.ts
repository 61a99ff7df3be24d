/** The identity cookie: reading it from a request, and the lines that set and expire it. */
import { parseCookie, stringifySetCookie } from 'cookie';
import type { IncomingRequest } from '../exchange.js';

export interface VisitorCookieOptions {
  /** Default `cv_vid`. */
  name?: string;
  /** Default: none, the cookie stays with the host that set it. */
  domain?: string;
  /** Seconds. Default 31536000 (one year). Browsers cap it at 400 days. */
  maxAge?: number;
  /** Default `lax`. */
  sameSite?: 'lax' | 'strict' | 'none';
  /**
   * Default: true, except for plain http on localhost, where browsers would not keep the cookie. Always true with
   * `sameSite: 'none'`, which browsers take from secure cookies only.
   */
  secure?: boolean;
}

/** What an id from a cookie may look like; anything else is ignored and replaced. */
const COOKIE_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface VisitorCookie {
  /** The id that the request brings, or undefined where there is none or it is malformed. */
  read(request: IncomingRequest): string | undefined;
  /** True if the request brings the cookie at all, well-formed or not. */
  present(request: IncomingRequest): boolean;
  /** A `Set-Cookie` line for an id of ours. */
  issue(id: string, request: IncomingRequest): string;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
}

export function visitorCookie(options: VisitorCookieOptions = {}): VisitorCookie {
  const { name = 'cv_vid', domain, maxAge = 365 * 24 * 60 * 60, sameSite = 'lax', secure } = options;
  // The id is safe as it is, so everything but the id can be written once.
  const tail = (age: number, isSecure: boolean): string =>
    stringifySetCookie({
      name,
      value: '',
      domain,
      maxAge: age,
      sameSite,
      path: '/',
      secure: isSecure,
    }).slice(name.length + 1);
  const tails = {
    issue: { true: tail(maxAge, true), false: tail(maxAge, false) },
    expire: { true: tail(0, true), false: tail(0, false) },
  };
  const isSecure = (request: IncomingRequest): 'true' | 'false' =>
    sameSite === 'none' || (secure ?? !(request.protocol === 'http' && isLoopbackHost(request.host)))
      ? 'true'
      : 'false';

  return {
    read(request) {
      const value = readCookie(request, name);
      return value !== undefined && COOKIE_ID.test(value) ? value : undefined;
    },
    present: (request) => readCookie(request, name) !== undefined,
    issue: (id, request) => `${name}=${id}${tails.issue[isSecure(request)]}`,
    expire: (request) => `${name}=${tails.expire[isSecure(request)]}`,
  };
}

/** The value of one cookie of a request, decoded; undefined where it is absent. Never throws. */
export function readCookie(request: IncomingRequest, name: string): string | undefined {
  const header = request.headers.cookie;
  // HTTP/2 clients may send several cookie headers; Node joins them, other hosts may not.
  const text = Array.isArray(header) ? header.join('; ') : header;
  if (text === undefined || !text.includes(name)) return undefined;
  const cookies = parseCookie(text);
  return Object.hasOwn(cookies, name) ? cookies[name] : undefined;
}

function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]';
}
