/** How cookies are read from a request: one by name, without parsing the others. */
import type { IncomingRequest } from '../model/http.js';

/** Reads the value of one cookie of a request, decoded; undefined where it is absent. Never throws. */
export function cookieNamed(name: string): (request: IncomingRequest) => string | undefined {
  const valueIn = rawCookieNamed(name);
  return (request) => {
    const value = valueIn(request);
    return value === undefined ? undefined : decoded(value);
  };
}

/** As `cookieNamed`, as it came: for values whose structure decoding would blur. */
export function rawCookieNamed(name: string): (request: IncomingRequest) => string | undefined {
  if (!IS_NAME.test(name)) return () => undefined;
  return (request) => findCookie(cookieHeader(request), name);
}

/**
 * What `parseCookie(header)[name]` gives, but not decoded, without parsing the cookies of everybody else: that took
 * half the time of a returning visitor's request.
 */
function findCookie(header: string, name: string): string | undefined {
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const before = skipSpace(header, at - 1, -1);
    const equals = skipSpace(header, at + name.length, 1);
    const isWhole = before === -1 || header.charCodeAt(before) === SEMICOLON;
    if (!isWhole || header.charCodeAt(equals) !== EQUALS) continue;
    const end = header.indexOf(';', equals);
    const first = skipSpace(header, equals + 1, 1);
    const stop = skipSpace(header, (end === -1 ? header.length : end) - 1, -1) + 1;
    return header.slice(first, Math.max(first, stop));
  }
  return undefined;
}

const [SPACE, TAB, SEMICOLON, EQUALS] = [0x20, 0x09, 0x3b, 0x3d];

/** No name that was parsed has one of these, or space at its ends. */
const IS_NAME = /^(?![ \t])[^=;]+(?<![ \t])$/;

/** The first place from `at` on, forward or backward, that is no space. */
function skipSpace(text: string, at: number, step: 1 | -1): number {
  let place = at;
  for (;;) {
    const code = text.charCodeAt(place);
    if (code !== SPACE && code !== TAB) return place;
    place += step;
  }
}

function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The cookies of a request, by name; each read once, when it is asked for. Never throws. */
export class RequestCookies {
  readonly #values = new Map<string, string | undefined>();
  #header: string | undefined;

  constructor(private readonly request: IncomingRequest) {}

  get(name: string): string | undefined {
    if (!this.#values.has(name)) this.#values.set(name, this.#read(name));
    return this.#values.get(name);
  }

  #read(name: string): string | undefined {
    this.#header ??= bounded(cookieHeader(this.request));
    const value = IS_NAME.test(name) ? findCookie(this.#header, name) : undefined;
    return value === undefined ? undefined : decoded(value);
  }
}

/** '' where there is none. */
export function cookieHeader({ headers: { cookie } }: IncomingRequest): string {
  // HTTP/2 clients may send several cookie headers; Node joins them, other hosts may not.
  return (Array.isArray(cookie) ? cookie.join('; ') : cookie) ?? '';
}

/** In characters; Node takes no longer ones unless it is told to. */
const MAX_HEADER = 16_384;

/** The cookies that stand in full within the limit. */
function bounded(header: string): string {
  if (header.length <= MAX_HEADER) return header;
  return header.slice(0, Math.max(0, header.lastIndexOf(';', MAX_HEADER)));
}
