/** The middleware for Express 4 and 5. */
import type { Request, RequestHandler, Response } from 'express';
import type { ConvertContext } from '../context/types.js';
import type { Convert } from '../convert/types.js';
import { headerText, type RouteHandler } from '../model/http.js';
import type { Mountable } from '../model/mountable.js';
import type { ConvertOptions } from '../options/types.js';
import { ExpressOutgoingResponse } from './node-response/node-response.js';
import type { MountOptions } from './shared/context-property.js';
import type { NodeRequest } from './shared/framework-request.js';
import { tellUncalled } from './shared/mount-warnings.js';
import { mountableIn, putOnto } from './shared/mountable.js';
import { mountConvert } from './shared/mounted-convert.js';
import { MountedRoute, type RouteOptions } from './shared/routes.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express's own place for additions
  namespace Express {
    interface Request {
      convert: ConvertContext;
    }
    interface Locals {
      convert: ConvertContext;
    }
  }
}

/** The middleware, with the Convert that it uses. */
export interface ConvertMiddleware extends RequestHandler {
  readonly convert: Convert;
}

/** The handler of a route, with the `RouteHandler` that it calls. */
export interface RouteMiddleware extends RequestHandler {
  readonly handler: RouteHandler;
}

/** Makes a middleware that puts another object of this package onto each request: `oursPrivacy()` at `req.ours`. */
export function convertMiddleware(given: Mountable): RequestHandler;
/**
 * Makes a middleware that puts a ConvertContext at `req.convert` and, if there are any, into `res.locals`. It needs
 * nothing but the request and the response of Node, so that it runs on Node's own server, too.
 *
 * @example
 * ```js
 * app.use(convertMiddleware({ sdkKey: '10035569/10034190' }));
 * app.get('/', (req, res) => res.send(page(req.convert.runExperience('homepage-hero'))));
 * ```
 *
 * @param given options, or a Convert that was made before
 * @param mount a name for a second Convert of the app: `{ as: 'convertOutlet' }` puts its contexts at
 *   `req.convertOutlet`
 * @throws ConvertError for wrong or missing options, as `createConvert` does
 */
export function convertMiddleware(
  given?: ConvertOptions<Request> | Convert,
  mount?: MountOptions,
): ConvertMiddleware;
export function convertMiddleware(
  given?: ConvertOptions<Request> | Convert | Mountable,
  mount?: MountOptions,
  proceed?: unknown,
): RequestHandler | undefined {
  if (typeof proceed === 'function') {
    tellUncalled();
    (proceed as () => void)();
    return undefined;
  }
  const mountable = mountableIn(given, mount);
  if (mountable !== undefined) {
    return function mounted(req, res, next) {
      putOnto(req, mountable, () =>
        mountable.open(new ExpressRequest(req), new ExpressOutgoingResponse(res)),
      );
      next();
    };
  }
  const mounted = mountConvert(given as ConvertOptions<Request> | Convert | undefined, mount);
  const middleware: RequestHandler = function convertMiddleware(req, res, next) {
    const { locals } = res as Partial<Response>;
    if (mounted.isOn(locals)) return next();
    const attach = (context: ConvertContext): void => {
      mounted.putOnto(req, context);
      mounted.putIntoViews(locals, context);
    };
    void mounted.serve(new ExpressRequest(req), new ExpressOutgoingResponse(res), attach, next);
  };
  return Object.assign(middleware, { convert: mounted.convert });
}

/**
 * Makes a handler of Express of a `RouteHandler`, such as a webhook. Mount it before all body parsers: it reads the
 * bytes of the body, and answers for itself.
 *
 * @example
 * ```js
 * app.post('/webhooks/orders', route(conversionWebhook(convert, options)));
 * app.use(express.json());
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function route(handler: RouteHandler, options?: RouteOptions): RouteMiddleware {
  const mounted = new MountedRoute(
    handler,
    options,
    'put the line with route() before the one with the body parser: before app.use(express.json())',
  );
  const middleware: RequestHandler = function convertRoute(req, res, next) {
    const { rawBody } = req as { readonly rawBody?: unknown };
    mounted
      .serve(new ExpressRequest(req), req, () => [rawBody, req.body])
      .then(({ status, headers, body }) => {
        if (res.headersSent) return;
        res.statusCode = status;
        for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
        res.end(body);
      })
      .catch(next);
  };
  return Object.assign(middleware, { handler });
}

/** The function that Express makes of its setting `trust proxy`. */
type TrustsProxy = (address: string | undefined, hop: number) => boolean;

/**
 * A request of Express. What Express adds to Node's request may be missing, since the middleware also runs on Node's
 * own server and in frameworks that take such middlewares (connect, polka, @fastify/middie).
 */
class ExpressRequest implements NodeRequest {
  constructor(readonly raw: Request) {}
  get node(): object {
    return this.raw;
  }
  get method(): string {
    return this.raw.method;
  }
  get url(): string {
    return this.#given.originalUrl ?? this.raw.url;
  }
  get protocol(): string {
    return this.#given.protocol ?? (this.#isEncrypted ? 'https' : 'http');
  }
  /** The host with its port, which `hostname` of Express has not: so the header is read that Express would read. */
  get host(): string {
    const { headers } = this.raw;
    const forwarded = headerText(headers['x-forwarded-host']);
    if (forwarded !== undefined && this.#isProxyTrusted) return (forwarded.split(',')[0] ?? '').trim();
    return headers.host ?? headerText(headers[':authority']) ?? this.#given.hostname ?? '';
  }
  get ip(): string {
    return this.#given.ip ?? this.#given.socket?.remoteAddress ?? '';
  }
  get proxySetting(): string {
    return "app.set('trust proxy', 1)";
  }
  get headers(): Request['headers'] {
    return this.raw.headers;
  }

  get #given(): Partial<Request> {
    return this.raw;
  }
  get #isEncrypted(): boolean {
    return (this.#given.socket as { readonly encrypted?: boolean } | undefined)?.encrypted === true;
  }
  get #isProxyTrusted(): boolean {
    const trusts = this.#given.app?.get('trust proxy fn') as TrustsProxy | undefined;
    return trusts?.(this.#given.socket?.remoteAddress, 0) === true;
  }
}
