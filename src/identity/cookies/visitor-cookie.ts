/** The cookie that keeps the id of a visitor, and the cookie that signs it. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { flattenString } from '../../utils/flatten-string.js';
import { type IdCheck, type IdSignature, type IdSigner, UNSIGNED } from './id-signer.js';
import { type CookieProblem, type SetCookie, setCookie, type SetCookieOptions } from './set-cookie.js';
import { NOTHING } from '../../utils/objects.js';

/** The option `visitor.cookie`: the cookie with the id of the visitor. */
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
  /**
   * True if only ids count that this package has given: a second cookie, which scripts can not read, signs the id with
   * the first of `secrets`. An id without a valid signature is replaced by a new one, so turning this on draws all
   * visitors anew. `{ name }` names that cookie; default `cv_sig`. Needs `secrets`. Default false.
   */
  signed?: boolean | { name?: string };
}

/** The attributes of a cookie, which other cookies take over from the visitor cookie. */
export type CookieOptions = Omit<VisitorCookieOptions, 'accept' | 'signed'>;

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

/** A visitor id from a cookie, and how it is signed. */
export interface CookieId {
  readonly id: string;
  readonly signature: IdSignature;
}

export interface VisitorCookie {
  /**
   * Reads the first visitor id of the request that counts; undefined if there is none. If ids are signed, any signature
   * that the request brings may be the one of the id.
   */
  read(request: IncomingRequest, check: IdCheck): CookieId | undefined;
  /** True if the request brings the cookie, or its signature, at all, whatever they hold. */
  present(request: IncomingRequest): boolean;
  /** Makes the `Set-Cookie` lines for a visitor id that this package has made. */
  issue(id: string, request: IncomingRequest): readonly string[];
  /** Makes the `Set-Cookie` lines that set another id than the one that the browser has. */
  replace(id: string, request: IncomingRequest): readonly string[];
  /** Makes the `Set-Cookie` lines that sign the id anew, and leave it as it is. */
  signAgain(id: string, request: IncomingRequest): readonly string[];
  /** The `Set-Cookie` lines that remove the cookie and its signature, wherever this package may have set them. */
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
  own: Omit<CookieOptions, 'name'> = NOTHING,
): Pick<SetCookieOptions, 'domain' | 'maxAge' | 'sameSite' | 'secure' | 'partitioned'> {
  return {
    domain: own.domain ?? visitor.domain,
    maxAge: own.maxAge ?? visitor.maxAge ?? VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite: own.sameSite ?? visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: own.secure ?? visitor.secure,
    partitioned: own.partitioned ?? visitor.partitioned,
  };
}

/**
 * @param isId says whether a value may be a visitor id
 * @param signer signs ids if the option `signed` is on
 */
export function visitorCookie(
  options: VisitorCookieOptions = NOTHING,
  isId = cookieIdCheck(options.accept, false),
  signer = UNSIGNED,
): VisitorCookie {
  const { name = VISITOR_COOKIE_DEFAULTS.name } = options;
  const cookie = setCookie({ name, ...cookieAttributes(options) });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);
  const signature = signatureCookie(options, signer);
  const cookies = signature === undefined ? [cookie] : [cookie, signature];

  const signAgain = (id: string, request: IncomingRequest): readonly string[] =>
    signature === undefined ? [] : [signature.issue(id, request)];
  const issue = (id: string, request: IncomingRequest): readonly string[] => [
    cookie.issue(id, request),
    ...signAgain(id, request),
  ];
  return {
    read(request, check) {
      const signatures = signature?.read(request) ?? [];
      return validIn(request, (id) => {
        const verified = isId(id) ? check(id, signatures) : undefined;
        // The id is copied: a slice would keep the whole Cookie header in memory for as long as events of the visitor
        // wait.
        return verified && { id: flattenString(id), signature: verified };
      });
    },
    present: (request) => valueIn(request) !== undefined || signature?.present(request) === true,
    issue,
    replace: (id, request) => [
      ...cookies.flatMap((each) => each.expireOthers(request)),
      ...issue(id, request),
    ],
    signAgain,
    expire: (request) => cookies.flatMap((each) => each.expire(request)),
    problem: (request) => cookie.problem(request),
  };
}

export const SIGNATURE_COOKIE_NAME = 'cv_sig';
/** The value of the signature cookie begins with the number of its format. */
const VERSION = '1.';

/** The cookie that signs the id in the visitor cookie; undefined if ids are not signed. */
function signatureCookie(options: VisitorCookieOptions, signer: IdSigner): SignatureCookie | undefined {
  const { signed } = options;
  if (!signed) return undefined;
  const { name = SIGNATURE_COOKIE_NAME } = signed === true ? {} : signed;
  const cookie = setCookie({ name, ...cookieAttributes(options), httpOnly: true });
  const valueIn = cookieNamed(name);
  const valuesIn = validCookieNamed(name);
  return {
    ...cookie,
    issue: (id, request) => cookie.issue(`${VERSION}${signer.sign(id)}`, request),
    present: (request) => valueIn(request) !== undefined,
    read(request) {
      const signatures: string[] = [];
      valuesIn(request, (value) => {
        if (value.startsWith(VERSION)) signatures.push(value.slice(VERSION.length));
        return undefined;
      });
      return signatures;
    },
  };
}

interface SignatureCookie extends SetCookie {
  present(request: IncomingRequest): boolean;
  /** Returns the signatures that the request brings: those of the first 8 cookies of the name. */
  read(request: IncomingRequest): readonly string[];
}
