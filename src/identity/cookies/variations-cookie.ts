/** The cookie that tells scripts of a site which variations the last page was decided with. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed } from '../../request/cookies.js';
import { NOTHING } from '../../utils/objects.js';
import { setCookie, type SetCookie } from './set-cookie.js';
import { cookieAttributes, type CookieOptions } from './visitor-cookie.js';

export const VARIATIONS_COOKIE_NAME = 'cv_variations';

export interface VariationsCookie extends Pick<SetCookie, 'issue' | 'expire'> {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
}

/**
 * The cookie has the attributes of the visitor cookie, but the browser keeps it only as long as it runs.
 *
 * @param visitor the options of the visitor cookie
 */
export function variationsCookie(name: string, visitor: CookieOptions = NOTHING): VariationsCookie {
  const valueIn = cookieNamed(name);
  const cookie = setCookie({ name, ...cookieAttributes(visitor), maxAge: undefined });
  return {
    issue: (value, request) => cookie.issue(value, request),
    expire: (request) => cookie.expire(request),
    present: (request) => valueIn(request) !== undefined,
  };
}
