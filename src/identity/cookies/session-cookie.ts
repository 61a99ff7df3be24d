/**
 * The cookie of a session: how the visitor got here when it began, and whether it is their first. Not signed: what
 * a client makes up reaches nothing but its own segments, and is as bounded as what its first request may say.
 */
import {
  type Attribution,
  ATTRIBUTION_BYTES,
  type Session,
  TRAFFIC_SOURCES,
} from '../../model/attribution.js';
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed } from '../../request/cookies.js';
import { setCookie } from './set-cookie.js';
import { VISITOR_COOKIE_DEFAULTS, type VisitorCookieOptions } from './visitor-cookie.js';

/** What is not given is as with the visitor cookie. It can't be read by scripts. */
export interface SessionCookieOptions extends Omit<VisitorCookieOptions, 'maxAge'> {
  /** Default `cv_ses`. */
  name?: string;
}

export const SESSION_COOKIE_NAME = 'cv_ses';

/** Seconds without a request after which a session is over: Convert's (`_conv_s` in its cookie reference). */
const IDLE = 20 * 60;
/** Seconds in which the browser is not told again, so that the end may come that much later. */
const RENEWAL = 60;
const END = IDLE + RENEWAL;

/** In the order of the value. */
const TEXTS = ['campaign', 'medium', 'keyword', 'sourceName'] as const;
/** Each source by its first letter. */
const SOURCES = new Map(TRAFFIC_SOURCES.map((source) => [source[0]!, source] as const));

/** Characters that so many bytes take in base64url. */
const encoded = (bytes: number): number => Math.ceil((bytes * 4) / 3);
const LONGEST = Math.max(...Object.values(ATTRIBUTION_BYTES).map(encoded));
/** Of a value that is looked at at all. */
const MAX_VALUE = 512;
/**
 * `tbz3k0.ns.c3ByaW5n..`: the second when the browser was told, new or returning, the source, and the texts in
 * base64url. Nothing but the first two where the project keeps no referral data. Empty texts at the end are left
 * out.
 */
const VALUE = new RegExp(
  `^([0-9a-z]{1,8})\\.([nr])(?:([${[...SOURCES.keys()].join('')}])((?:\\.[\\w-]{0,${LONGEST}}){0,${TEXTS.length}}))?$`,
);

export interface SessionCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
  /** What one request brings. What is malformed, or was over before `now`, counts as absent. */
  open(request: IncomingRequest, given: SessionContext): CarriedSession;
}

export interface SessionContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The visitor has no earlier request: whatever session the cookie tells of, it is not theirs. */
  readonly isNewcomer: boolean;
  /** False with the project's setting `do_not_track_referral`: how visitors got here is not kept. */
  readonly keepsAttribution: boolean;
}

/** The session of one request, between the cookie that it brought and the one that its response sets. */
export interface CarriedSession {
  /** undefined where the session begins with this request. */
  readonly session: Session | undefined;
  /** The browser is to be told: of a session that begins, or that one goes on, once a minute. */
  readonly isDue: boolean;
  /** The `Set-Cookie` line. `begun` is asked only where the session begins. */
  update(begun: () => Session): string;
}

/** @param visitor the options of the visitor cookie, which are the defaults of this one's */
export function sessionCookie(
  options: SessionCookieOptions = {},
  visitor: VisitorCookieOptions = {},
): SessionCookie {
  const { name = SESSION_COOKIE_NAME } = options;
  const cookie = setCookie({
    name,
    domain: options.domain ?? visitor.domain,
    maxAge: END,
    sameSite: options.sameSite ?? visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: options.secure ?? visitor.secure,
    httpOnly: true,
  });
  const valueIn = cookieNamed(name);

  return {
    present: (request) => valueIn(request) !== undefined,
    expire: (request) => cookie.expire(request),
    open(request, { now, isNewcomer, keepsAttribution }) {
      const second = Math.floor(now / 1000);
      const brought = isNewcomer ? undefined : read(valueIn(request), second, keepsAttribution);
      return {
        session: brought,
        isDue: brought === undefined || brought.isDue,
        update(begun) {
          const value = brought?.value ?? pack(begun(), keepsAttribution);
          return cookie.issue(`${second.toString(36)}.${value}`, request);
        },
      };
    },
  };
}

/** What the cookie says of a session that goes on. Most requests never ask how it began. */
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

  /** All of the cookie's but the time. */
  get value(): string {
    return `${this.isFirst ? 'n' : 'r'}${this.source?.[0] ?? ''}${this.texts}`;
  }
}

function read(
  value: string | undefined,
  second: number,
  keepsAttribution: boolean,
): BroughtSession | undefined {
  if (value === undefined || value.length > MAX_VALUE) return undefined;
  const [, told, type, letter, texts = ''] = VALUE.exec(value) ?? [];
  if (told === undefined) return undefined;
  const age = second - parseInt(told, 36);
  if (age >= END) return undefined;
  const mustForget = letter !== undefined && !keepsAttribution;
  // A clock that was ahead is put right.
  const isDue = age >= RENEWAL || age < -RENEWAL || mustForget;
  const source = mustForget || letter === undefined ? undefined : SOURCES.get(letter);
  return new BroughtSession(type === 'n', isDue, source, source === undefined ? '' : texts);
}

function pack({ isFirst, attribution }: Session, keepsAttribution: boolean): string {
  const type = isFirst ? 'n' : 'r';
  if (attribution === undefined || !keepsAttribution) return type;
  const texts = TEXTS.map((name) => `.${Buffer.from(attribution[name], 'utf8').toString('base64url')}`);
  return `${type}${attribution.source[0]}${texts.join('').replace(/\.+$/, '')}`;
}

function unpack(source: Attribution['source'], texts: string): Attribution {
  const [, ...given] = texts.split('.');
  const text = (place: number): string => {
    const bytes = ATTRIBUTION_BYTES[TEXTS[place]!];
    // Cut before it is decoded. A text that is longer all the same, of bytes that are no UTF-8, is none of ours.
    const decoded = Buffer.from((given[place] ?? '').slice(0, encoded(bytes)), 'base64url').toString('utf8');
    return Buffer.byteLength(decoded) <= bytes ? decoded : '';
  };
  return { source, campaign: text(0), medium: text(1), keyword: text(2), sourceName: text(3) };
}
