/** The interfaces that an adapter implements for its framework: a request, a response, and a route. */
import type { ConvertError } from '../utils/errors.js';
import type { Logger } from '../utils/logger.js';

export type HeaderValue = string | string[] | undefined;

/**
 * A request, described by an adapter. Adapters give objects with getters, so that a value is computed only if it is
 * read. `ip`, `host` and `protocol` come from the framework, which knows about the proxies in front of it.
 */
export interface IncomingRequest {
  /** The method, in upper case. */
  readonly method: string;
  /** Path and query as the client sent them, before any router cut off a prefix; always begins with `/`. */
  readonly url: string;
  /** The protocol: `http` or `https`. */
  readonly protocol: string;
  /** The host, with the port if the client named one; '' if the client sent no host. */
  readonly host: string;
  /** The IP address of the client; '' if unknown. */
  readonly ip: string;
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** The framework's own request object, for the functions that an app gives in its options. */
  readonly raw: unknown;
  /**
   * The object that stands for the request in all that handle it: Node's own request, which frameworks share, or the
   * `Request` of a host on web standards. On Node, one context is made for the request, and kept as `convert` on this
   * object. Default: undefined, one context for each call of `open`.
   */
  readonly node?: object | undefined;
  /**
   * Has the host wait for a promise, which never rejects: hosts on web standards may end what goes on behind a request.
   * Undefined where the process goes on running.
   */
  keep?(promise: Promise<unknown>): void;
  /** The code with which an app tells this framework that a proxy is in front of the server. A warning quotes it. */
  readonly proxySetting?: string;
}

/** The headers of a response, as they are at the moment. */
export interface ResponseHeaders {
  getHeader(name: string): string | number | readonly string[] | undefined;
  /** The names of all headers that are set, in any case. */
  getHeaderNames(): readonly string[];
}

/** A response, with the few things that the core does to it. Its headers are those that the app has set so far. */
export interface OutgoingResponse extends ResponseHeaders {
  readonly headersSent: boolean;
  /** True once the connection is gone or the response is complete. */
  readonly closed: boolean;
  /**
   * Calls `listener` right before the head is written, with the headers as the app left them. If writing the head
   * fails, `listener` is called again for the next attempt. All listeners of a response run, the first one first.
   */
  onHead(listener: (head: ResponseHead) => void): void;
  /**
   * Sets a header at once, unless the response has a header of that name. Returns true if it did. The app may replace
   * it later. An adapter has this method only if headers that are set early are always sent, and a listener for the
   * head costs more.
   */
  readonly setEarly?: (name: string, value: string) => boolean;
  /** Removes a header that `setEarly` has set, unless the app has replaced it. Adapters have both, or none. */
  readonly unsetEarly?: (name: string, value: string) => void;
  /** Calls `listener` once, when the response is complete or its connection is gone. */
  onClose(listener: () => void): void;
}

/** The head of a response, at the moment when it is written. */
export interface ResponseHead extends ResponseHeaders {
  readonly status: number;
  setHeader(name: string, value: string): void;
  /** Adds a `Set-Cookie` line. The `Set-Cookie` lines of the app stay as they are. */
  appendCookie(line: string): void;
  /** Removes a `Set-Cookie` line that `appendCookie` has added. */
  removeCookie(line: string): void;
}

/**
 * Makes a platform wait for `promise`, which never rejects. `request` is the framework's own request object; undefined
 * for jobs.
 */
export type WaitUntil<Raw> = { ask(promise: Promise<void>, request?: Raw): void }['ask'];

/** A request to a route of this package: a webhook, say. */
export interface RouteRequest {
  /** The method, in upper case. */
  readonly method: string;
  /** Path and query as the client sent them; always begins with `/`. */
  readonly url: string;
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** The body, byte for byte as it was sent; empty if there was none. */
  readonly body: Uint8Array;
  /** The IP address of the client; '' if unknown. */
  readonly ip: string;
  /** The framework's own request object. */
  readonly raw: unknown;
}

/** The answer of a route. */
export interface RouteResponse {
  readonly status: number;
  /** The headers. No value has line ends. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Answers requests in any framework: `route` of an adapter mounts it. */
export interface RouteHandler {
  (request: RouteRequest): Promise<RouteResponse>;
  /** Called with an error that `route` has met, for the operator. Default: a line on stderr, once for each kind. */
  readonly report?: (error: ConvertError) => void;
  /** Takes the warnings of `route`. Default: the console. */
  readonly logger?: Logger;
  /**
   * Sends what the handler has recorded. Hosts that end a request with its response call it after the handler. Default:
   * the handler records nothing that the host does not wait for already.
   */
  readonly flush?: () => Promise<unknown>;
  /**
   * Makes the answer to a request that the handler can not answer: `status` is 413 if the body is too long, 400 if it
   * was cut off, and 500 if a body parser has read it before, or if the handler failed. Default: a word as text.
   */
  readonly refuse?: (status: number) => RouteResponse;
  /**
   * True if the handler answers paths below the one where it is mounted, too. Default false. Only adapters that mount
   * the path by themselves (Fastify) read it.
   */
  readonly answersBelow?: boolean;
}

/** Returns the value of a header; its first value if the header came more than once. */
export function headerText(value: HeaderValue): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
