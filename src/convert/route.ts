/** Answers requests with a `RouteHandler` on any platform, and never throws: the body is read by the platform. */
import type { IncomingRequest, RouteHandler, RouteResponse } from '../model/http.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { logError } from '../utils/operator-log.js';
import { assertOptions, between, fn, shape } from '../utils/option-checks.js';

/** Options of `route()`. */
export interface RouteOptions {
  /** The most bytes of a body. A longer one is answered with 413. Default 1048576 (1 MiB). */
  maxBytes?: number;
}

/**
 * The bytes of a body, or why there are none:
 *
 * - `too-large` there are more than `maxBytes`
 * - `parsed` a body parser has read them, and has kept no more than what it made of them
 * - `cut-off` the connection was lost before the end
 */
export type RouteBody = Uint8Array | 'too-large' | 'parsed' | 'cut-off';

const MAX_BYTES = 1024 * 1024;
const EMPTY = new Uint8Array();

const routeOptions = shape({ maxBytes: between(1, 1024 * MAX_BYTES, 'bytes') });

/** The statuses for bodies that can not be read. `parsed` is a mistake in the app, so the sender may try again. */
const STATUS = { 'too-large': 413, parsed: 500, 'cut-off': 400 } as const;

const told = new Set<string>();

/** Tells of an error on stderr, once for each kind: a handler without `report` belongs to no instance with a logger. */
function tellOnStderr(error: ConvertError): void {
  if (told.has(error.kind)) return;
  told.add(error.kind);
  logError(console, error);
}

export class Route {
  readonly #handler: RouteHandler;
  /** The most bytes of a body. */
  readonly maxBytes: number;
  readonly #cure: string;

  /**
   * @param cure what to change in an app whose body parser reads the body first, as a part of a message
   * @throws ConvertError `CONVERT_BAD_OPTION`
   */
  constructor(handler: RouteHandler, options: RouteOptions | undefined, cure: string) {
    assertOptions((value) => fn(value, 'handler'), handler);
    if (options !== undefined) assertOptions(routeOptions, options);
    this.#handler = handler;
    this.maxBytes = options?.maxBytes ?? MAX_BYTES;
    this.#cure = cure;
  }

  /** Calls the handler. Never rejects: whatever fails is a status, and is told to the operator. */
  async answer(request: IncomingRequest, body: RouteBody = EMPTY): Promise<RouteResponse> {
    try {
      if (typeof body === 'string') return this.#refuse(body);
      const { method, url, headers, ip, raw } = request;
      return await this.#handler({ method, url, headers, body, ip, raw });
    } catch (error) {
      this.#report(asConvertError(error, 'CONVERT_INTERNAL', 'the handler of a route failed'));
      return this.#answerOf(500, 'error');
    }
  }

  #refuse(problem: Exclude<RouteBody, Uint8Array>): RouteResponse {
    if (problem === 'parsed') {
      this.#report(
        new ConvertError(
          'CONVERT_ROUTE',
          `the body of a request to a route was parsed before the route could read its bytes; ${this.#cure}`,
        ),
      );
    }
    return this.#answerOf(STATUS[problem], problem);
  }

  #answerOf(status: number, problem: string): RouteResponse {
    return this.#handler.refuse?.(status) ?? plain(status, problem);
  }

  #report(error: ConvertError): void {
    const { report = tellOnStderr } = this.#handler;
    report(error);
  }
}

function plain(status: number, body: string): RouteResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
