/** Reads single cookies of a request by name, without parsing its other cookies. */
import type { IncomingRequest } from '../model/http.js';

/** Makes a function that reads one cookie of a request, decoded; undefined if it is absent. Never throws. */
export function cookieNamed(name: string): (request: IncomingRequest) => string | undefined {
  const valueIn = rawCookieNamed(name);
  return (request) => {
    const value = valueIn(request);
    return value === undefined ? undefined : decoded(value);
  };
}

/** The most cookies of one name that are looked at for a valid one: a check may cost an HMAC. */
const MAX_SAME_NAME = 8;

/** Calls `read` with the values of a request's cookies of one name, until it returns something. */
export type ValidCookie = <T>(
  request: IncomingRequest,
  read: (value: string) => T | undefined,
) => T | undefined;

/**
 * Makes a function that finds the first valid cookie of a name, decoded. A browser sends several cookies of one name if
 * they have other domains or paths: an older one, or one that a sibling subdomain has set, may come first. `read`
 * returns undefined for a value that is not valid. At most 8 cookies of the name are looked at.
 */
export function validCookieNamed(name: string): ValidCookie {
  if (!IS_NAME.test(name)) return () => undefined;
  return (request, read) =>
    searchCookies(cookieHeader(request), name, MAX_SAME_NAME, (value) => read(decoded(value)));
}

/**
 * Makes a function that reads one cookie of a request without decoding it; undefined if it is absent. It is for values
 * in which a decoded `,` or `&` would look like a separator.
 */
export function rawCookieNamed(name: string): (request: IncomingRequest) => string | undefined {
  if (!IS_NAME.test(name)) return () => undefined;
  return (request) => findCookie(cookieHeader(request), name);
}

/**
 * Returns the value of a cookie, as `parseCookie(header)[name]` of the package `cookie` does, but without quotes around
 * it, and not decoded. It does not parse the other cookies, of which some sites have dozens.
 */
function findCookie(header: string, name: string): string | undefined {
  return searchCookies(header, name, 1, (value) => value);
}

/** Calls `read` with the first `most` values of the cookies of a name, until it returns something. */
function searchCookies<T>(
  header: string,
  name: string,
  most: number,
  read: (value: string) => T | undefined,
): T | undefined {
  let seen = 0;
  for (let at = header.indexOf(name); at !== -1 && seen < most; at = header.indexOf(name, at + 1)) {
    const before = skipSpace(header, at - 1, -1);
    const equals = skipSpace(header, at + name.length, 1);
    const isComplete = before === -1 || header.charCodeAt(before) === SEMICOLON;
    if (!isComplete || header.charCodeAt(equals) !== EQUALS) continue;
    const end = header.indexOf(';', equals);
    const first = skipSpace(header, equals + 1, 1);
    const stop = skipSpace(header, (end === -1 ? header.length : end) - 1, -1) + 1;
    const found = read(unquoted(header.slice(first, Math.max(first, stop))));
    if (found !== undefined) return found;
    seen += 1;
  }
  return undefined;
}

const [SPACE, TAB, SEMICOLON, EQUALS] = [0x20, 0x09, 0x3b, 0x3d];

/** A name that a parsed cookie may have: without `=` and `;`, and without white space at its ends. */
const IS_NAME = /^(?![ \t])[^=;]+(?<![ \t])$/;

/** Returns the first index from `at` on, forward or backward, at which there is neither a space nor a tab. */
function skipSpace(text: string, at: number, step: 1 | -1): number {
  let index = at;
  for (;;) {
    const code = text.charCodeAt(index);
    if (code !== SPACE && code !== TAB) return index;
    index += step;
  }
}

/** Takes off the quotes around a value: they are no part of it (RFC 6265, 4.1.1), and some servers write them. */
export function unquoted(value: string): string {
  const last = value.length - 1;
  return last > 0 && value[0] === '"' && value[last] === '"' ? value.slice(1, last) : value;
}

function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The cookies of a request by name; each is read once, when it is asked for. Never throws. */
export class RequestCookies {
  /** Most projects have no rule that asks for a cookie. */
  #values: Map<string, string | undefined> | undefined;
  #header: string | undefined;

  constructor(private readonly request: IncomingRequest) {}

  get(name: string): string | undefined {
    const values = (this.#values ??= new Map<string, string | undefined>());
    if (!values.has(name)) values.set(name, this.#read(name));
    return values.get(name);
  }

  #read(name: string): string | undefined {
    this.#header ??= bounded(cookieHeader(this.request));
    const value = IS_NAME.test(name) ? findCookie(this.#header, name) : undefined;
    return value === undefined ? undefined : decoded(value);
  }
}

/** The `Cookie` header of a request; '' if there is none. */
export function cookieHeader({ headers: { cookie } }: IncomingRequest): string {
  // HTTP/2 clients may send several cookie headers; Node joins them, other hosts may not.
  return (Array.isArray(cookie) ? cookie.join('; ') : cookie) ?? '';
}

/** The number of characters of the `Cookie` header that are read. By default, Node accepts no longer headers. */
const MAX_HEADER = 16_384;

/** Cuts the header after the last cookie that is complete within the limit. */
function bounded(header: string): string {
  if (header.length <= MAX_HEADER) return header;
  return header.slice(0, Math.max(0, header.lastIndexOf(';', MAX_HEADER)));
}
