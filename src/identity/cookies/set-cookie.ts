/** Makes the `Set-Cookie` lines that set and expire the cookies of this package. */
import type { IncomingRequest } from '../../model/http.js';
import { hostnameOf } from '../../request/url.js';

export interface SetCookieOptions {
  name: string;
  domain: string | undefined;
  /** Seconds for which the browser keeps the cookie; undefined: until the browser is closed. */
  maxAge: number | undefined;
  sameSite: 'lax' | 'none';
  /** True if the browser may send the cookie over https only. Default: see `VisitorCookieOptions`. */
  secure: boolean | undefined;
  /** True if scripts can not read the cookie. Default false. */
  httpOnly?: boolean;
  /** True if the browser keeps one cookie for each site that embeds ours. Default false. */
  partitioned: boolean | undefined;
}

export interface SetCookie {
  /** Makes a `Set-Cookie` line that sets the cookie. The value must be one that needs no escaping. */
  issue(value: string, request: IncomingRequest): string;
  /**
   * The `Set-Cookie` lines that remove the cookie, and those which this package has set with other options before: a
   * browser keeps cookies with and without `Domain`, or with and without `Partitioned`, apart.
   */
  expire(request: IncomingRequest): readonly string[];
  /**
   * The lines that remove the cookies which a browser may hold beside the one that `issue` sets. If one of them comes
   * first, its value would count.
   */
  expireOthers(request: IncomingRequest): readonly string[];
  /** What is wrong with the cookie that `issue` makes for this request; undefined if browsers keep it as configured. */
  problem(request: IncomingRequest): CookieProblem | undefined;
}

/**
 * - `plain-http` the connection is plain http, so the cookie is not `Secure`, or the browser refuses it
 * - `foreign-domain` the option `domain` does not fit the host, so the cookie has no `Domain`
 */
export type CookieProblem = 'plain-http' | 'foreign-domain';

/** Browsers keep a cookie of such a name only if it is `Secure` (RFC 6265bis, 4.1.3). */
const SECURE_NAME = /^__(?:Host|Secure)-/i;

export function setCookie(options: SetCookieOptions): SetCookie {
  const { name, maxAge, sameSite, secure, httpOnly = false, partitioned = false } = options;
  // A leading dot has no meaning to browsers (RFC 6265, 5.2.3).
  const domain = options.domain?.replace(/^\./, '').toLowerCase();
  const isAlwaysSecure = secure === true || sameSite === 'none' || SECURE_NAME.test(name);

  // The attributes do not depend on the value, so they are turned into text only once. The options were checked.
  const tailsOf = (age: number | undefined, isPartitioned: boolean): Tails => {
    const tail = (isSecure: boolean, hasDomain: boolean): string => {
      const attributes = [
        age !== undefined && `Max-Age=${age}`,
        hasDomain && domain !== undefined && `Domain=${domain}`,
        'Path=/',
        httpOnly && 'HttpOnly',
        isSecure && 'Secure',
        isPartitioned && 'Partitioned',
        `SameSite=${sameSite === 'none' ? 'None' : 'Lax'}`,
      ];
      return attributes.flatMap((each) => (each === false ? [] : `; ${each}`)).join('');
    };
    return {
      secure: { domain: tail(true, true), host: tail(true, false) },
      open: { domain: tail(false, true), host: tail(false, false) },
    };
  };
  const issued = tailsOf(maxAge, partitioned);
  // Only a cookie with `SameSite=None` may be, or have been, partitioned.
  const partitions = sameSite === 'none' ? [partitioned, !partitioned] : [false];
  const expired = partitions.map((each) => tailsOf(0, each));

  const securityOf = (request: IncomingRequest): keyof Tails =>
    isAlwaysSecure || (secure ?? !isPlainHttp(request)) ? 'secure' : 'open';
  const placesOf = (request: IncomingRequest): readonly Place[] =>
    domain !== undefined && isWithin(domain, request.host) ? IN_DOMAIN : ON_HOST;

  const expire = (request: IncomingRequest): string[] => {
    const security = securityOf(request);
    const places = placesOf(request);
    return expired.flatMap((tails) => places.map((place) => `${name}=${tails[security][place]}`));
  };

  return {
    issue: (value, request) => `${name}=${value}${issued[securityOf(request)][placesOf(request)[0]!]}`,
    expire,
    expireOthers: (request) => expire(request).slice(1),
    problem(request) {
      if (domain !== undefined && !isWithin(domain, request.host)) return 'foreign-domain';
      if (secure === false || isLoopbackHost(request.host)) return undefined;
      return isPlainHttp(request) ? 'plain-http' : undefined;
    },
  };
}

/** The attributes of a cookie, as text: `secure` and `open` with and without `Secure`. */
type Tails = Readonly<Record<'secure' | 'open', Readonly<Record<Place, string>>>>;

/** `domain`: the cookie has a `Domain`; `host`: it has none, and stays with the host that set it. */
type Place = 'domain' | 'host';
/** Where a browser may hold our cookies, the place of new ones first. */
const IN_DOMAIN: readonly Place[] = ['domain', 'host'];
const ON_HOST: readonly Place[] = ['host'];

/** True if browsers let this host set cookies for the domain (RFC 6265, 5.1.3). */
function isWithin(domain: string, host: string): boolean {
  const name = hostnameOf(host);
  return name === domain || (name?.endsWith(`.${domain}`) === true && !IP_V4.test(name));
}

const IP_V4 = /^[\d.]+$/;

/**
 * True if a browser would not keep a `Secure` cookie: the framework says http, and the request has no `Sec-Fetch-Site`,
 * which browsers send over https and to localhost only. Behind a proxy that the framework does not trust, it says http,
 * too. On localhost, Safari sends the header and keeps no `Secure` cookie (WebKit bug 281149).
 */
function isPlainHttp({ protocol, host, headers }: IncomingRequest): boolean {
  if (protocol !== 'http') return false;
  return headers['sec-fetch-site'] === undefined || isLoopbackHost(host);
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
