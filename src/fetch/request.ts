/** A request of a host with web standards (`Request`, `Response`), and what the host says beside it. */
import type { IncomingRequest } from '../model/http.js';
import { withTimeout } from '../utils/node/timers.js';

/** What a host knows of a request beside the `Request`. Nothing of it is guessed: hosts differ too much. */
export interface FetchCall<Platform = unknown> {
  /** The IP address of the client. Default: unknown, so that nothing is derived from it. */
  ip?: string | null | undefined;
  /**
   * Keeps the host running until a promise settles, which never rejects, such as
   * `(promise) => ctx.waitUntil(promise)`. Default: none; then the response waits until what was recorded is stored and
   * sent, 1 s at most. On a server that goes on running, give `() => {}`.
   */
  waitUntil?: ((promise: Promise<unknown>) => unknown) | undefined;
  /** Whatever else the host has, for the functions among the options: bindings, locals, a user. Default: undefined. */
  platform?: Platform | undefined;
}

/** A request, as the functions among the options get it. */
export interface FetchRequest<Platform = unknown> {
  readonly request: Request;
  readonly ip: string;
  readonly platform: Platform | undefined;
}

/** Milliseconds that a response waits for what was recorded, if the host has no `waitUntil`. */
const FINISH_LIMIT = 1_000;

/** The warning if that was too short. */
export const FINISHED_LATE =
  `what a request has recorded was not stored and sent within ${FINISH_LIMIT} ms; the response goes on, and the` +
  ' rest may be lost with the request: give `waitUntil` (docs/guides/edge.md)';

/** The error if the host does not take a promise. */
export const WAIT_UNTIL_THREW = 'the `waitUntil` function threw, the response waits instead';

/** Stands in a URL for the host of a request that names none. Bun gives only the path of such a request. */
const NO_HOST = 'no-host.invalid';

/** One request on its way: what option functions get, and what has to be over before the host may stop. */
export class HostRequest<Platform = unknown> implements FetchRequest<Platform> {
  readonly ip: string;
  readonly platform: Platform | undefined;
  readonly #keep: FetchCall['waitUntil'];
  /** What the response has to wait for, since the host has no `waitUntil`. */
  readonly #waits: Promise<unknown>[] = [];

  constructor(
    readonly request: Request,
    { ip, waitUntil, platform }: FetchCall<Platform>,
  ) {
    this.ip = typeof ip === 'string' ? ip : '';
    this.platform = platform;
    this.#keep = waitUntil;
  }

  /**
   * Keeps the host running until `promise` settles, which must not reject. Throws what the `waitUntil` of the host
   * throws; then the response waits instead.
   */
  keep(promise: Promise<unknown>): void {
    const keep = this.#keep;
    let isKept = false;
    try {
      keep?.(promise);
      isKept = keep !== undefined;
    } finally {
      if (!isKept) this.#waits.push(promise);
    }
  }

  /**
   * Waits for what the host does not wait for, 1 s at most. Resolves with false if something is not over by then;
   * undefined if there is nothing to wait for.
   */
  settled(): Promise<boolean> | undefined {
    if (this.#waits.length === 0) return undefined;
    const all = Promise.all(this.#waits.splice(0));
    return withTimeout(FINISH_LIMIT, all, { keepAlive: true }).then(
      () => true,
      () => false,
    );
  }
}

/** By its shape: `route` and the Convert may come from two copies of this package. */
export const isHostRequest = (value: unknown): value is HostRequest =>
  typeof (value as HostRequest | null | undefined)?.keep === 'function';

/** The request as the core reads it. Each part is worked out when it is read first. */
export class FetchIncoming implements IncomingRequest {
  readonly raw: HostRequest<unknown>;
  #url: URL | undefined;
  #headers: Record<string, string> | undefined;

  constructor(raw: HostRequest<unknown>) {
    this.raw = raw;
  }

  get node(): object {
    return this.raw.request;
  }
  get method(): string {
    return this.raw.request.method;
  }
  get url(): string {
    const { pathname, search } = this.#parsed;
    return pathname + search;
  }
  get protocol(): string {
    return this.#parsed.protocol.slice(0, -1);
  }
  get host(): string {
    const { host } = this.#parsed;
    return host === NO_HOST ? '' : host;
  }
  get ip(): string {
    return this.raw.ip;
  }
  get headers(): Readonly<Record<string, string>> {
    return (this.#headers ??= Object.fromEntries(this.raw.request.headers));
  }
  get proxySetting(): string {
    return 'new Request(the URL that visitors see, request), and `ip`';
  }

  get #parsed(): URL {
    return (this.#url ??= urlOf(this.raw.request.url));
  }
}

/** Returns the URL of a request; that of no host, with the path `/`, if there is no such URL: the page still comes. */
function urlOf(text: string): URL {
  const base = `http://${NO_HOST}`;
  return new URL(URL.canParse(text, base) ? text : '/', base);
}
