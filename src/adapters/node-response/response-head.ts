/** The heads of Node's responses: their headers as the core reads and completes them, and arguments of `writeHead`. */
import type { ResponseHead } from '../../model/http.js';

/** The headers that `writeHead` was called with: an object, or a flat or nested list of pairs. */
export type HeaderArgument = Record<string, unknown> | unknown[];

/** The headers of a Node response, described without the types of Node, which an app need not have. */
export interface NodeHeaders {
  getHeader(name: string): ReturnType<ResponseHead['getHeader']>;
  getHeaderNames(): string[];
  setHeader(name: string, value: number | string | string[]): unknown;
  removeHeader(name: string): void;
}

/**
 * A head that consists of the argument of `writeHead` alone. The headers are copied, since the app may use its object
 * again. The copy is a list, because V8 needs a new shape for each header that is added to an object.
 */
export class ListHead implements ResponseHead {
  /** Name, value, name, value: a form that `writeHead` of Node takes. */
  readonly list: unknown[] = [];

  constructor(
    headers: Record<string, unknown>,
    readonly status: number,
  ) {
    for (const name of Object.keys(headers)) this.list.push(name, headers[name]);
  }

  getHeader(name: string): ReturnType<ResponseHead['getHeader']> {
    return this.list[this.#indexOf(name) + 1] as ReturnType<ResponseHead['getHeader']>;
  }

  getHeaderNames(): readonly string[] {
    return this.list.filter((_, index) => index % 2 === 0) as string[];
  }

  setHeader(name: string, value: unknown): void {
    const index = this.#indexOf(name);
    this.list[index + 1] = value;
    this.list[index] ??= name;
  }

  appendCookie(line: string): void {
    this.setHeader('set-cookie', withCookie(this.getHeader('set-cookie'), line));
  }

  removeCookie(line: string): void {
    const rest = withoutCookie(this.getHeader('set-cookie'), line);
    if (rest !== undefined) this.setHeader('set-cookie', rest);
    else this.list.splice(this.#indexOf('set-cookie'), 2);
  }

  /**
   * The headers in the form in which the app gave them, for a `writeHead` that is not the one of Node: a serverless
   * platform that has replaced it may not know lists.
   */
  asObject(): Record<string, unknown> {
    const headers: Record<string, unknown> = {};
    for (let index = 0; index < this.list.length; index += 2) {
      headers[this.list[index] as string] = this.list[index + 1];
    }
    return headers;
  }

  /** The index of the header's name; the end of the list if the header is not there. */
  #indexOf(name: string): number {
    for (let index = 0; index < this.list.length; index += 2) {
      const each = this.list[index] as string;
      if (each.length === name.length && each.toLowerCase() === name.toLowerCase()) return index;
    }
    return this.list.length;
  }
}

export class NodeHead implements ResponseHead {
  readonly #response: NodeHeaders;

  constructor(
    response: NodeHeaders,
    readonly status: number,
  ) {
    this.#response = response;
  }

  getHeader(name: string): string | number | readonly string[] | undefined {
    return this.#response.getHeader(name);
  }

  getHeaderNames(): readonly string[] {
    return this.#response.getHeaderNames();
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  appendCookie(line: string): void {
    this.#response.setHeader('Set-Cookie', withCookie(this.#response.getHeader('Set-Cookie'), line));
  }

  removeCookie(line: string): void {
    const before = this.#response.getHeader('Set-Cookie');
    if (before === undefined) return;
    const rest = withoutCookie(before, line);
    if (rest === undefined) this.#response.removeHeader('Set-Cookie');
    else this.#response.setHeader('Set-Cookie', rest);
  }
}

/** Adds a cookie line, unless the same line is there. A single line stays a string, as frameworks and tests expect. */
function withCookie(before: unknown, line: string): string | string[] {
  if (before === undefined) return line;
  const lines = [before].flat().map(String);
  return lines.includes(line) ? lines : [...lines, line];
}

function withoutCookie(before: unknown, line: string): string[] | undefined {
  const rest =
    before === undefined
      ? []
      : [before]
          .flat()
          .map(String)
          .filter((each) => each !== line);
  return rest.length > 0 ? rest : undefined;
}

/** True for a flat list that ends with a name without a value. */
export function isHalf(headers: HeaderArgument | null | undefined): boolean {
  return Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 === 1;
}

const UPPER_CASE = /[A-Z]/;
/** The names of nearly all headers, as frameworks write them: a look-up is faster than a search for upper case. */
const LOWER_CASE: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'cache-control',
  'set-cookie',
  'location',
  'vary',
  'etag',
  'last-modified',
]);

/** True if no name occurs twice in different spellings. */
export function isPlain(headers: Record<string, unknown>): boolean {
  let isLower = true;
  for (const name in headers) if (!LOWER_CASE.has(name) && UPPER_CASE.test(name)) isLower = false;
  // If all names are in lower case, as frameworks and nearly all apps write them, no name occurs in two spellings.
  if (isLower) return true;
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return new Set(names).size === names.length;
}

/**
 * Puts the header argument of `writeHead` (an object, or a flat or nested list of pairs) onto the response, with the
 * meaning that Node gives it: the argument replaces headers of the same name, and a name that is listed twice is sent
 * twice.
 */
export function applyHeaders(response: NodeHeaders, headers: HeaderArgument): void {
  const byName = new Map<string, { name: string; values: string[] | undefined; value: unknown }>();
  for (const [name, value] of pairs(headers)) {
    const key = name.toLowerCase();
    const known = byName.get(key);
    if (!known) byName.set(key, { name, values: undefined, value });
    else (known.values ??= [known.value].flat().map(String)).push(...[value].flat().map(String));
  }
  for (const { name, value, values } of byName.values()) {
    // Invalid names and values throw an error here, as they would in `writeHead`.
    response.setHeader(name, values ?? (value as string | number | string[]));
  }
}

function pairs(headers: HeaderArgument): [string, unknown][] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as [string, unknown][];
  const list: [string, unknown][] = [];
  for (let index = 0; index < headers.length; index += 2) {
    list.push([String(headers[index]), headers[index + 1]]);
  }
  return list;
}
