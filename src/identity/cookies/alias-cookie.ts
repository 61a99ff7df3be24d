/**
 * The alias cookie: it holds the visitor id of a user's first device. Another device of the user takes this id over in
 * its next session.
 */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { setCookie } from './set-cookie.js';
import {
  cookieAttributes,
  cookieIdCheck,
  VISITOR_COOKIE_DEFAULTS,
  type VisitorCookieOptions,
} from './visitor-cookie.js';

/** Milliseconds without a request after which the session of a device is over. */
const SESSION = 30 * 60 * 1000;
/** Milliseconds of a minute: the cookie tells the minute in which the device was last seen. */
const MINUTE = 60 * 1000;

/** The value of the cookie: a visitor id, and the minute in which the device was last seen. */
const VALUE = /^([\w-]{1,64})\.([0-9a-z]{1,8})$/;

export interface CookieAlias {
  readonly id: string;
  /**
   * `due`: the session before is over, so the device takes over the id. `waits`: the session goes on. `renew`: the
   * session goes on, and the cookie has to be set again with the time of this request.
   */
  readonly state: 'due' | 'waits' | 'renew';
}

export interface AliasCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /**
   * Reads the first valid cookie; undefined if the request brings none. `current` is the visitor id that the
   * device has; undefined if it has none.
   */
  read(request: IncomingRequest, current: string | undefined): CookieAlias | undefined;
  /** Makes a `Set-Cookie` line for a visitor id that this package has made, with the present minute. */
  issue(id: string, request: IncomingRequest): string;
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
}

/** The name of the alias cookie: the name of the visitor cookie with a suffix. */
export const aliasCookieName = (visitorCookieName: string): string => `${visitorCookieName}_next`;

/**
 * Makes the alias cookie, with the attributes of the visitor cookie.
 *
 * @param isId says whether a value may be a visitor id
 */
export function aliasCookie(
  visitor: VisitorCookieOptions = {},
  isId = cookieIdCheck(visitor.accept, false),
  now = Date.now,
): AliasCookie {
  const name = aliasCookieName(visitor.name ?? VISITOR_COOKIE_DEFAULTS.name);
  const cookie = setCookie({ name, ...cookieAttributes(visitor), httpOnly: true });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);
  const parse = (value: string): RegExpExecArray | undefined => {
    const parts = VALUE.exec(value);
    return parts !== null && isId(parts[1]!) ? parts : undefined;
  };
  return {
    present: (request) => valueIn(request) !== undefined,
    read(request, current) {
      const [, id, minute] = validIn(request, parse) ?? [];
      if (id === undefined || minute === undefined) return undefined;
      const age = now() - parseInt(minute, 36) * MINUTE;
      if (current === undefined || age >= SESSION + MINUTE) return { id: flattenString(id), state: 'due' };
      // A negative age: the cookie was set by a server whose clock was ahead. The cookie is set again.
      return { id, state: age >= 2 * MINUTE || age < 0 ? 'renew' : 'waits' };
    },
    issue: (id, request) => cookie.issue(`${id}.${Math.floor(now() / MINUTE).toString(36)}`, request),
    expire: (request) => cookie.expire(request),
  };
}
