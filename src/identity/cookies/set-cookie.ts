/** Makes the `Set-Cookie` lines that set and expire the cookies of this package. */
import { stringifySetCookie } from 'cookie';
import type { IncomingRequest } from '../../model/http.js';

export interface SetCookieOptions {
  name: string;
  domain: string | undefined;
  /** Seconds for which the browser keeps the cookie. */
  maxAge: number;
  sameSite: 'lax' | 'strict' | 'none';
  /** True if the browser may send the cookie over https only. Default: true, except for plain http on localhost. */
  secure: boolean | undefined;
  /** True if scripts can not read the cookie. Default false. */
  httpOnly?: boolean;
}

export interface SetCookie {
  /** Makes a `Set-Cookie` line that sets the cookie. The value must be one that needs no escaping. */
  issue(value: string, request: IncomingRequest): string;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
}

export function setCookie(options: SetCookieOptions): SetCookie {
  const { name, domain, maxAge, sameSite, secure, httpOnly = false } = options;
  // The attributes do not depend on the value, which needs no escaping, so they are turned into text only once.
  const tail = (age: number, isSecure: boolean): string =>
    stringifySetCookie({
      name,
      value: '',
      domain,
      maxAge: age,
      sameSite,
      path: '/',
      secure: isSecure,
      httpOnly,
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
    issue: (value, request) => `${name}=${value}${tails.issue[isSecure(request)]}`,
    expire: (request) => `${name}=${tails.expire[isSecure(request)]}`,
  };
}

/**
 * Matches all hosts that may be loopback hosts. This check is cheaper than taking the host apart for each cookie of a
 * site behind plain http.
 */
const MAYBE_LOOPBACK = /^127|^\[::1|localhost/i;

function isLoopbackHost(host: string): boolean {
  if (!MAYBE_LOOPBACK.test(host)) return false;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]';
}
