import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { setCookie } from './set-cookie.js';
import { VISITOR_COOKIE_DEFAULTS, type VisitorCookieOptions } from './visitor-cookie.js';

/** Milliseconds without a request after which a visit is over: what analytics call a session. */
const SESSION = 30 * 60 * 1000;
/** Milliseconds: the cookie says in which minute the device was last seen. */
const MINUTE = 60 * 1000;

export interface CookieAlias {
  readonly id: string;
  /** `due`: the visit before is over. `waits`: it goes on; `renew`: and the cookie has to say so. */
  readonly state: 'due' | 'waits' | 'renew';
}

export interface AliasCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** `current`: the id that the device has; undefined where it has none. */
  read(request: IncomingRequest, current: string | undefined): CookieAlias | undefined;
  /** A `Set-Cookie` line for an id of ours, last seen now. */
  issue(id: string, request: IncomingRequest): string;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
}

/** Behind the name of the visitor cookie. */
export const aliasCookieName = (visitorCookieName: string): string => `${visitorCookieName}_next`;

/** With the attributes of the visitor cookie. */
export function aliasCookie(visitor: VisitorCookieOptions = {}, now = Date.now): AliasCookie {
  const name = aliasCookieName(visitor.name ?? VISITOR_COOKIE_DEFAULTS.name);
  const cookie = setCookie({
    name,
    domain: visitor.domain,
    maxAge: visitor.maxAge ?? VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite: visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: visitor.secure,
    httpOnly: true,
  });
  const valueIn = cookieNamed(name);
  return {
    present: (request) => valueIn(request) !== undefined,
    read(request, current) {
      const [, id, minute] = /^([\w-]{1,64})\.([0-9a-z]{1,8})$/.exec(valueIn(request) ?? '') ?? [];
      if (id === undefined || minute === undefined) return undefined;
      const age = now() - parseInt(minute, 36) * MINUTE;
      if (current === undefined || age >= SESSION + MINUTE) return { id: flattenString(id), state: 'due' };
      // A clock that was ahead is put right.
      return { id, state: age >= 2 * MINUTE || age < 0 ? 'renew' : 'waits' };
    },
    issue: (id, request) => cookie.issue(`${id}.${Math.floor(now() / MINUTE).toString(36)}`, request),
    expire: (request) => cookie.expire(request),
  };
}
