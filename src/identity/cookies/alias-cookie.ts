/**
 * The alias cookie: it holds the visitor id of a user's first device. Another device of the user takes this id over in
 * its next session.
 */
import { FORMATS, withoutFormat } from '../../model/formats.js';
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { type IdCheck, UNSIGNED } from './id-signer.js';
import { setCookie } from './set-cookie.js';
import {
  cookieAttributes,
  cookieIdCheck,
  VISITOR_COOKIE_DEFAULTS,
  type CookieId,
  type VisitorCookieOptions,
} from './visitor-cookie.js';
import { NOTHING } from '../../utils/objects.js';

/** Milliseconds without a request after which the session of a device is over. */
const SESSION = 30 * 60 * 1000;
/** Milliseconds of a minute: the cookie tells the minute in which the device was last seen. */
const MINUTE = 60 * 1000;

/**
 * The value of the cookie behind its format number: a visitor id, the minute in which the device was last seen, and the
 * signature of the id if ids are signed. Without it, whoever writes this cookie would have any id signed.
 */
const VALUE = /^([\w-]{1,64})\.([0-9a-z]{1,8})(?:\.([0-9a-z]+))?$/;

export interface CookieAlias extends CookieId {
  /**
   * `due`: the session before is over, so the device takes over the id. `waits`: the session goes on. `renew`: the
   * session goes on, and the cookie has to be set again, with the time of this request and a signature of the first
   * secret.
   */
  readonly state: 'due' | 'waits' | 'renew';
}

export interface AliasCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /**
   * Reads the first valid cookie; undefined if the request brings none. `current` is the visitor id that the device
   * has; undefined if it has none.
   */
  read(request: IncomingRequest, current: CookieId | undefined, check: IdCheck): CookieAlias | undefined;
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
 * @param signer signs ids if the option `signed` is on
 * @param unknownFormat called with the name of the cookie if a newer version of this package has set it: it is left
 *   alone
 */
export function aliasCookie(
  visitor: VisitorCookieOptions = NOTHING,
  isId = cookieIdCheck(visitor.accept, false),
  signer = UNSIGNED,
  now = Date.now,
  unknownFormat: (cookie: string) => void = () => undefined,
): AliasCookie {
  const name = aliasCookieName(visitor.name ?? VISITOR_COOKIE_DEFAULTS.name);
  const cookie = setCookie({ name, ...cookieAttributes(visitor), httpOnly: true });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);
  const parse = (value: string, check: IdCheck): Brought | undefined => {
    const known = withoutFormat('aliasCookie', value);
    if (known === undefined) unknownFormat(name);
    const [, id = '', minute = '', signature = ''] = VALUE.exec(known ?? '') ?? [];
    const verified = isId(id) ? check(id, [signature]) : undefined;
    return verified && { id, minute, signature: verified };
  };
  return {
    present: (request) => valueIn(request) !== undefined,
    read(request, current, check) {
      const brought = validIn(request, (value) => parse(value, check));
      if (brought === undefined) return undefined;
      const { id, minute, signature } = brought;
      const age = now() - parseInt(minute, 36) * MINUTE;
      if (current === undefined || age >= SESSION + MINUTE)
        return { id: flattenString(id), signature, state: 'due' };
      // A negative age: the cookie was set by a server whose clock was ahead. The cookie is set again.
      const isDue = age >= 2 * MINUTE || age < 0 || signature === 'previous';
      return { id, signature, state: isDue ? 'renew' : 'waits' };
    },
    issue(id, request) {
      const parts = [FORMATS.aliasCookie, id, Math.floor(now() / MINUTE).toString(36), signer.sign(id)];
      return cookie.issue(parts.filter((part) => part !== undefined).join('.'), request);
    },
    expire: (request) => cookie.expire(request),
  };
}

/** The content of a valid cookie. */
interface Brought extends CookieId {
  readonly minute: string;
}
