/**
 * A response of Node (HTTP/1, or HTTP/2 by its compatibility API) as the core sees it. Every way in which a framework
 * may write a response head goes through the same wrapped `writeHead`.
 */
import { ServerResponse } from 'node:http';
import type { OutgoingResponse, ResponseHead } from '../../model/http.js';
import { getterOf } from './getter-of.js';
import { lookingAgain } from './late-headers.js';
import {
  applyHeaders,
  type HeaderArgument,
  isHalf,
  isPlain,
  ListHead,
  NodeHead,
  type NodeHeaders,
} from './response-head.js';

/**
 * The response that Express, Koa and Fastify all hand out in the end: a `ServerResponse` of Node, or one of HTTP/2. It
 * is described without the types of Node, which an app need not have.
 */
export interface NodeResponse extends NodeHeaders {
  readonly headersSent: boolean;
  writeHead: (...parameters: never[]) => unknown;
  once(event: 'close', listener: () => void): unknown;
  /** Present with HTTP/1 only. */
  readonly closed?: boolean;
  /** Present with HTTP/2 only, and absent again once the stream is destroyed. */
  readonly stream?: { readonly closed: boolean };
}

type HeadListener = (head: ResponseHead) => void;
type WriteHead = (...parameters: unknown[]) => unknown;

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

/** The getter of Node. Undefined on runtimes that keep the value in another way. */
const headSentOfNode = getterOf(ServerResponse.prototype, 'headersSent');

/**
 * Asks Node itself: a framework may have put a `headersSent` of its own onto the response, as `@fastify/express` does,
 * which is true before the head is written.
 */
function isHeadSent(response: Pick<NodeResponse, 'headersSent'>): boolean {
  return headSentOfNode !== undefined && response instanceof ServerResponse
    ? headSentOfNode.call(response) === true
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

  setEarly(name: string, value: string): boolean {
    if (this.#early.getHeader(name) !== undefined) return false;
    this.#early.setHeader(name, value);
    return true;
  }

  unsetEarly(name: string, value: string): void {
    if (this.#early.getHeader(name) === value) this.#early.removeHeader(name);
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

/** Node's own `writeHead` of HTTP/1. The one of HTTP/2 takes no lists. */
const nodeWriteHead = Reflect.get(ServerResponse.prototype, 'writeHead') as WriteHead;

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
  if (headers !== undefined && headers !== null) {
    if (!isWrapped && isAlone(headers, this)) {
      const head = new ListHead(headers, Number(status));
      listener(head);
      return send(original, this, status, second, original === nodeWriteHead ? head.list : head.asObject());
    }
    applyHeaders(this, headers);
  }
  listener(new NodeHead(this, Number(status)));
  if (!isWrapped) return send(original, this, status, second, undefined);
  const lookAgain = (late: number): void => watch.listener(new NodeHead(this, late));
  return lookingAgain(this, lookAgain, () => send(original, this, status, second, undefined));
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

/** Some servers of WebSockets have no response (`koa-websocket`): then nothing can be written. */
export const outgoingOf = (response: NodeResponse | undefined): OutgoingResponse =>
  response === undefined ? NO_RESPONSE : new NodeOutgoingResponse(response);
