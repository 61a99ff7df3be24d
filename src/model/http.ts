/** One HTTP exchange as the core sees it: what an adapter describes, and what it lets the core do. */

export type HeaderValue = string | string[] | undefined;

/**
 * A request, described by an adapter. Adapters give objects with getters, so that nothing is computed that nobody
 * reads. `ip`, `host` and `protocol` come from the framework, which knows about the proxies in front of it.
 */
export interface IncomingRequest {
  /** In upper case. */
  readonly method: string;
  /** Path and query as the client sent them, before any router cut off a prefix; always begins with `/`. */
  readonly url: string;
  /** `http` or `https`. */
  readonly protocol: string;
  /** With the port, if the client named one; '' where it sent none. */
  readonly host: string;
  /** '' if unknown. */
  readonly ip: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** The framework's own request object, for the functions that an app gives in its options. */
  readonly raw: unknown;
  /** How this framework is told of the proxy in front, as code; stands in a warning. */
  readonly proxySetting?: string;
}

/** What the core may do to a response. */
export interface OutgoingResponse {
  readonly headersSent: boolean;
  /** True once the connection is gone or the response is complete. */
  readonly closed: boolean;
  /**
   * Calls `listener` right before the head is written, with the headers as the app left them; once more for each
   * further attempt, if one fails. Later calls of `onHead` on the same response replace nothing: all listeners run,
   * the first one first.
   */
  onHead(listener: (head: ResponseHead) => void): void;
  /**
   * Sets a header now, if there is none of that name: what the app sets later takes its place. Only where headers that
   * are set early are sure to be sent, and a listener for the head costs more.
   */
  readonly setEarly?: (name: string, value: string) => void;
  /** Calls `listener` once, when the response is complete or its connection is gone. */
  onClose(listener: () => void): void;
}

/** The head of a response, at the moment when it is written. */
export interface ResponseHead {
  getHeader(name: string): string | number | readonly string[] | undefined;
  setHeader(name: string, value: string): void;
  /** Adds a `Set-Cookie` line and leaves those of the app alone. */
  appendCookie(line: string): void;
  /** Takes a line back that `appendCookie` has added. */
  removeCookie(line: string): void;
}

/** Has a platform wait for `promise`, which never rejects. `request` is the framework's own; undefined for jobs. */
export type WaitUntil<Raw> = { ask(promise: Promise<void>, request?: Raw): void }['ask'];

/** The first value of a header that may have come more than once. */
export function headerText(value: HeaderValue): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
