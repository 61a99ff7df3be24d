/**
 * The session cookie: it holds how the visitor came to the site when the session began, and whether it is their first
 * session.
 *
 * The cookie is not signed: with a forged one, a client changes only its own report segments, which the first request
 * of a client could do as well.
 */
import {
  type Attribution,
  ATTRIBUTION_BYTES,
  type Session,
  TRAFFIC_SOURCES,
} from '../../model/attribution.js';
import { FORMATS, withoutFormat } from '../../model/formats.js';
import type { IncomingRequest } from '../../model/http.js';
import { BYTES } from '../../utils/node/bytes.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { setCookie } from './set-cookie.js';
import { cookieAttributes, type CookieOptions } from './visitor-cookie.js';
import { NOTHING } from '../../utils/objects.js';

/**
 * The options of the session cookie. Options that are not given are those of the visitor cookie, except for `name`.
 * Scripts can not read the cookie.
 */
export interface SessionCookieOptions extends Omit<CookieOptions, 'maxAge'> {
  /** The name of the cookie. Default `cv_ses`. */
  name?: string;
}

export const SESSION_COOKIE_NAME = 'cv_ses';

/** Seconds without a request after which a session is over, as at Convert (`_conv_s` in Convert's cookie reference). */
const IDLE = 20 * 60;
/** Seconds for which the cookie is not set again after it was set. A session may last that much longer than `IDLE`. */
const RENEWAL = 60;
const END = IDLE + RENEWAL;

/** The texts of the attribution, in the order in which they stand in the cookie. */
const TEXTS = ['campaign', 'medium', 'keyword', 'sourceName'] as const;
/** Traffic sources by their first letter, which stands for them in the cookie. */
const SOURCES = new Map(TRAFFIC_SOURCES.map((source) => [source[0]!, source] as const));

/** The number of characters that `bytes` bytes take in base64url. */
const encoded = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const LONGEST = Math.max(...Object.values(ATTRIBUTION_BYTES).map(encoded));
/** Characters of the longest value that is read. */
const MAX_VALUE = 512;
/**
 * The value of the cookie behind its format number, such as `tbz3k0.ns.c3ByaW5n..`: the second in which the cookie was
 * set, `n` or `r` for a new or returning visitor, the source, and the texts in base64url. Empty texts at the end are
 * left out. If the project keeps no referral data, the value ends after `n` or `r`.
 */
const VALUE = new RegExp(
  `^([0-9a-z]{1,8})\\.([nr])(?:([${[...SOURCES.keys()].join('')}])((?:\\.[\\w-]{0,${LONGEST}}){0,${TEXTS.length}}))?$`,
);

export interface SessionCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
  /**
   * Reads the session that a request brings: of several cookies, the first that holds one. A malformed cookie, or a
   * session that is over, counts as absent.
   */
  open(request: IncomingRequest, given: SessionContext): CarriedSession;
}

export interface SessionContext {
  /** The time of the request, in milliseconds since the epoch. */
  readonly now: number;
  /** True if this is the first request of the visitor: a session in the cookie is another visitor's. */
  readonly isNewcomer: boolean;
  /** False with the project's setting `do_not_track_referral`: the attribution is not kept. */
  readonly keepsAttribution: boolean;
}

/** The session of one request, between the cookie that it brought and the one that its response sets. */
export interface CarriedSession {
  /** The session that goes on; undefined if a session begins with this request. */
  readonly session: Session | undefined;
  /** True if the cookie has to be set: when a session begins, and once a minute while it goes on. */
  readonly isDue: boolean;
  /**
   * Makes the `Set-Cookie` line. `begun` makes the new session; it is called only if a session begins with this
   * request.
   */
  update(begun: () => Session): string;
}

/**
 * @param visitor the options of the visitor cookie, which are the defaults for those of this cookie
 * @param unknownFormat called with the name of the cookie if a newer version of this package has set it: it is left
 *   alone
 */
export function sessionCookie(
  options: SessionCookieOptions = NOTHING,
  visitor: CookieOptions = NOTHING,
  unknownFormat: (cookie: string) => void = () => undefined,
): SessionCookie {
  const { name = SESSION_COOKIE_NAME } = options;
  const cookie = setCookie({ name, ...cookieAttributes(visitor, options), maxAge: END, httpOnly: true });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);

  return {
    present: (request) => valueIn(request) !== undefined,
    expire: (request) => cookie.expire(request),
    open(request, { now, isNewcomer, keepsAttribution }) {
      const second = Math.floor(now / 1000);
      let isUnknown = false;
      const brought = validIn(request, (value) => {
        const known = withoutFormat('sessionCookie', value);
        if (known === undefined) isUnknown = true;
        return known === undefined || isNewcomer ? undefined : read(known, second, keepsAttribution);
      });
      if (isUnknown) unknownFormat(name);
      return {
        session: brought,
        isDue: brought === undefined ? !isUnknown : brought.isDue,
        update(begun) {
          const value = brought?.value ?? pack(begun(), keepsAttribution);
          return cookie.issue(`${FORMATS.sessionCookie}.${second.toString(36)}.${value}`, request);
        },
      };
    },
  };
}

/** A session that goes on, as the cookie tells it. The attribution is decoded when it is read: few requests need it. */
class BroughtSession implements Session {
  #attribution: Attribution | undefined;

  constructor(
    readonly isFirst: boolean,
    readonly isDue: boolean,
    private readonly source: Attribution['source'] | undefined,
    private readonly texts: string,
  ) {}

  get attribution(): Attribution | undefined {
    if (this.source === undefined) return undefined;
    return (this.#attribution ??= unpack(this.source, this.texts));
  }

  /** The value of the cookie without its time. */
  get value(): string {
    return `${this.isFirst ? 'n' : 'r'}${this.source?.[0] ?? ''}${this.texts}`;
  }
}

function read(value: string, second: number, keepsAttribution: boolean): BroughtSession | undefined {
  if (value.length > MAX_VALUE) return undefined;
  const [, told, type, letter, texts = ''] = VALUE.exec(value) ?? [];
  if (told === undefined) return undefined;
  const age = second - parseInt(told, 36);
  if (age >= END) return undefined;
  const mustForget = letter !== undefined && !keepsAttribution;
  // An age below -60 s: the cookie was set by a server whose clock was ahead. The cookie is set again.
  const isDue = age >= RENEWAL || age < -RENEWAL || mustForget;
  const source = mustForget || letter === undefined ? undefined : SOURCES.get(letter);
  return new BroughtSession(type === 'n', isDue, source, source === undefined ? '' : texts);
}

function pack({ isFirst, attribution }: Session, keepsAttribution: boolean): string {
  const type = isFirst ? 'n' : 'r';
  if (attribution === undefined || !keepsAttribution) return type;
  const texts = TEXTS.map((name) => base64url(attribution[name])).join('.');
  return `${type}${attribution.source[0]}.${texts}`.replace(/\.+$/, '');
}

function base64url(text: string): string {
  // Most texts are empty, and a Buffer takes as much time as a decision.
  return text === '' ? '' : BYTES.toBase64url(text);
}

function unpack(source: Attribution['source'], texts: string): Attribution {
  const [, ...given] = texts.split('.');
  const text = (index: number): string => {
    const bytes = ATTRIBUTION_BYTES[TEXTS[index]!];
    // The text is cut before it is decoded. A forged text whose bytes are no UTF-8 may be too long even then, and is
    // dropped.
    const decoded = BYTES.fromBase64url((given[index] ?? '').slice(0, encoded(bytes)));
    return BYTES.lengthOf(decoded) <= bytes ? decoded : '';
  };
  return { source, campaign: text(0), medium: text(1), keyword: text(2), sourceName: text(3) };
}
