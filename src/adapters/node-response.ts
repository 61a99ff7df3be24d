/**
 * A response of Node (HTTP/1, or HTTP/2 by its compatibility API) as the core sees it.
 *
 * The file is over 300 lines since it is the one place that touches a response head: every way in which a framework may
 * write one goes through the same wrapped `writeHead`.
 */
import { ServerResponse } from 'node:http';
import type { OutgoingResponse, ResponseHead } from '../model/http.js';

/**
 * The response that Express, Koa and Fastify all hand out in the end: a `ServerResponse` of Node, or one of HTTP/2. It
 * is described without the types of Node, which an app need not have.
 */
export interface NodeResponse {
  readonly headersSent: boolean;
  getHeader(name: string): ReturnType<ResponseHead['getHeader']>;
  getHeaderNames(): string[];
  setHeader(name: string, value: number | string | string[]): unknown;
  removeHeader(name: string): void;
  writeHead: (...parameters: never[]) => unknown;
  once(event: 'close', listener: () => void): unknown;
  /** Present with HTTP/1 only. */
  readonly closed?: boolean;
  /** Present with HTTP/2 only, and absent again once the stream is destroyed. */
  readonly stream?: { readonly closed: boolean };
}

type HeadListener = (head: ResponseHead) => void;
type WriteHead = (...parameters: unknown[]) => unknown;
type HeaderArgument = Record<string, unknown> | unknown[];

export class NodeOutgoingResponse implements OutgoingResponse {
  readonly #response: NodeResponse;

  constructor(response: NodeResponse) {
    this.#response = response;
  }

  get headersSent(): boolean {
    return isHeadSent(this.#response);
  }

  get closed(): boolean {
    return this.#response.closed ?? this.#response.stream?.closed ?? false;
  }

  getHeader(name: string): ReturnType<ResponseHead['getHeader']> {
    return this.#response.getHeader(name);
  }

  getHeaderNames(): readonly string[] {
    return this.#response.getHeaderNames();
  }

  onHead(listener: HeadListener): void {
    beforeHead(this.#response, listener);
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#response.once('close', listener);
  }
}

/**
 * Asks Node itself: a framework may have put a `headersSent` of its own onto the response, as `@fastify/express` does,
 * which is true before the head is written.
 */
function isHeadSent(response: Pick<NodeResponse, 'headersSent'>): boolean {
  return response instanceof ServerResponse
    ? (Reflect.get(ServerResponse.prototype, 'headersSent', response) as unknown) === true
    : response.headersSent;
}

/**
 * A response of Express. Express gives each response a prototype of its own, so V8 sees no two of one shape, and adding
 * a property, as `beforeHead` does, takes several microseconds: headers that are known early are set directly.
 */
export class ExpressOutgoingResponse extends NodeOutgoingResponse {
  readonly #early: NodeResponse;

  constructor(response: NodeResponse) {
    super(response);
    this.#early = response;
  }

  setEarly(name: string, value: string): void {
    if (this.#early.getHeader(name) === undefined) this.#early.setHeader(name, value);
  }
}

/** Stands in if there is no response: it counts as sent and closed, so nothing is written to it. */
export const NO_RESPONSE: OutgoingResponse = {
  headersSent: true,
  closed: true,
  getHeader: () => undefined,
  getHeaderNames: () => [],
  onHead() {},
  onClose: (listener) => listener(),
};

/**
 * The listener of a response whose `writeHead` is wrapped, and the original `writeHead`, which is called after the
 * listener.
 */
class Watch {
  constructor(
    public listener: HeadListener,
    readonly original: WriteHead,
    /**
     * True if other code had wrapped `writeHead` before. That code may set headers on the response, so our headers must
     * be set on the response, too.
     */
    readonly isWrapped: boolean,
  ) {}
}

const WATCH = Symbol('convert head');
type WatchedResponse = Omit<NodeResponse, 'writeHead'> & { writeHead: WriteHead; [WATCH]?: Watch };

/**
 * Wraps `writeHead`, which every way to answer goes through: send, pipe, redirect, errors, hijacked replies.
 * Headers that are set earlier get lost in some of them. The app's header argument is put onto the response first,
 * so that the listener sees, and adds to, what will really be sent. If Node refuses a head as invalid, the listener is
 * called a second time, for the head that the framework answers with instead.
 *
 * One function wraps `writeHead` for all responses: with a closure per response, V8 kept all objects of a request until
 * the next full garbage collection, as long as the code was not optimized yet.
 */
function beforeHead(response: NodeResponse, listener: HeadListener): void {
  const target = response as unknown as WatchedResponse;
  const watch = target[WATCH];
  if (watch !== undefined) {
    const before = watch.listener;
    watch.listener = (head) => {
      before(head);
      listener(head);
    };
    return;
  }
  target[WATCH] = new Watch(listener, target.writeHead, Object.hasOwn(response, 'writeHead'));
  target.writeHead = writeHead;
}

function writeHead(this: WatchedResponse, status: unknown, second?: unknown, third?: unknown): unknown {
  const watch = this[WATCH];
  // This function was copied from a watched response to one that is not watched.
  if (watch === undefined) return prototypeOf(this).writeHead.call(this, status, second, third);
  const { original, listener, isWrapped } = watch;
  const hasReason = typeof second === 'string';
  const headers = (hasReason ? third : (third ?? second)) as HeaderArgument | null | undefined;
  // A second call of `writeHead` is a mistake of the app, and must fail as it does without this package. So must a list
  // of headers in which the last name has no value.
  if (isHeadSent(this) || isHalf(headers)) return send(original, this, status, second, headers);
  if (headers === undefined || headers === null) {
    listener(new NodeHead(this));
    return send(original, this, status, second, headers);
  }
  if (!isWrapped && isAlone(headers, this)) {
    const head = new ObjectHead(headers);
    listener(head);
    return send(original, this, status, second, head.headers);
  }
  applyHeaders(this, headers);
  listener(new NodeHead(this));
  return send(original, this, status, second, undefined);
}

const prototypeOf = (response: WatchedResponse): WatchedResponse =>
  Object.getPrototypeOf(response) as WatchedResponse;

/**
 * True if no header was set before `writeHead` was called, as is always so with Fastify: then Node sends the header
 * argument as it is, and our headers can be added to a copy of the argument.
 */
function isAlone(headers: HeaderArgument, response: WatchedResponse): headers is Record<string, unknown> {
  return !Array.isArray(headers) && response.getHeaderNames().length === 0 && isPlain(headers);
}

/** Calls `writeHead` with as many parameters as the app did. */
function send(
  writeHead: WriteHead,
  response: WatchedResponse,
  status: unknown,
  second: unknown,
  headers: HeaderArgument | null | undefined,
): unknown {
  if (typeof second === 'string') return writeHead.call(response, status, second, headers);
  return headers === undefined ? writeHead.call(response, status) : writeHead.call(response, status, headers);
}

/**
 * A head that consists of the argument of `writeHead` alone. The headers are copied, since the app may use its object
 * again. The copy is an object like the argument: what else has wrapped or replaced `writeHead` (an APM agent, a
 * serverless platform) understands the form in which the app gave it.
 */
class ObjectHead implements ResponseHead {
  readonly headers: Record<string, unknown>;

  constructor(headers: Record<string, unknown>) {
    this.headers = { ...headers };
  }

  getHeader(name: string): ReturnType<ResponseHead['getHeader']> {
    return this.headers[this.#spelling(name)] as ReturnType<ResponseHead['getHeader']>;
  }

  getHeaderNames(): readonly string[] {
    return Object.keys(this.headers);
  }

  setHeader(name: string, value: unknown): void {
    this.headers[this.#spelling(name)] = value;
  }

  appendCookie(line: string): void {
    this.setHeader('set-cookie', withCookie(this.getHeader('set-cookie'), line));
  }

  removeCookie(line: string): void {
    const rest = withoutCookie(this.getHeader('set-cookie'), line);
    if (rest !== undefined) this.setHeader('set-cookie', rest);
    else delete this.headers[this.#spelling('set-cookie')];
  }

  /** The header's name as the app has written it; `name` if the app has not set the header. */
  #spelling(name: string): string {
    for (const each in this.headers) {
      if (each.length === name.length && each.toLowerCase() === name.toLowerCase()) return each;
    }
    return name;
  }
}

class NodeHead implements ResponseHead {
  readonly #response: WatchedResponse;

  constructor(response: WatchedResponse) {
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
function isHalf(headers: HeaderArgument | null | undefined): boolean {
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
function isPlain(headers: Record<string, unknown>): boolean {
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
function applyHeaders(response: WatchedResponse, headers: HeaderArgument): void {
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

/** Some servers of WebSockets have no response (`koa-websocket`): then nothing can be written. */
export const outgoingOf = (response: NodeResponse | undefined): OutgoingResponse =>
  response === undefined ? NO_RESPONSE : new NodeOutgoingResponse(response);
