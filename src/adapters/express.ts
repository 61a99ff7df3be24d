/** The middleware for Express 4 and 5. */
import type { Request, RequestHandler } from 'express';
import type { ConvertContext } from '../context/types.js';
import type { Convert } from '../convert/types.js';
import type { IncomingRequest } from '../model/http.js';
import type { ConvertOptions } from '../options/types.js';
import { ExpressOutgoingResponse } from './node-response.js';
import { convertOf, isMounted, tellUncalled, whenOpen } from './shared.js';

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

/**
 * Makes a middleware that puts a ConvertContext at `req.convert` and `res.locals.convert`.
 *
 * @example
 * ```js
 * app.use(convertMiddleware({ sdkKey: '10035569/10034190' }));
 * app.get('/', (req, res) => res.send(page(req.convert.runExperience('homepage-hero'))));
 * ```
 *
 * @param given options, or a Convert that was made before
 * @throws ConvertError for wrong or missing options, as `createConvert` does
 */
export function convertMiddleware(
  given?: ConvertOptions<Request> | Convert,
): RequestHandler & { convert: Convert };
export function convertMiddleware(
  given?: ConvertOptions<Request> | Convert,
  ...mounted: unknown[]
): (RequestHandler & { convert: Convert }) | undefined {
  const [, proceed] = mounted;
  if (typeof proceed === 'function') {
    tellUncalled();
    (proceed as () => void)();
    return undefined;
  }
  const convert = convertOf(given);
  const middleware: RequestHandler = function convertMiddleware(req, res, next) {
    if (isMounted(req.convert, convert)) return next();
    whenOpen(convert.open(new ExpressRequest(req), new ExpressOutgoingResponse(res)), (context) => {
      req.convert = context;
      res.locals.convert = context;
      next();
    });
  };
  return Object.assign(middleware, { convert });
}

class ExpressRequest implements IncomingRequest {
  constructor(readonly raw: Request) {}
  get method(): string {
    return this.raw.method;
  }
  get url(): string {
    return this.raw.originalUrl;
  }
  get protocol(): string {
    return this.raw.protocol;
  }
  /**
   * The host with its port. The Host header has the port, but `hostname` of Express has not. If a proxy names a host
   * (`X-Forwarded-Host`), the Host header is not used.
   */
  get host(): string {
    const { hostname, headers } = this.raw;
    const { host } = headers;
    const isDirect = headers['x-forwarded-host'] === undefined && host?.startsWith(`${hostname}:`);
    return (isDirect ? host : hostname) ?? '';
  }
  get ip(): string {
    return this.raw.ip ?? '';
  }
  get proxySetting(): string {
    return "app.set('trust proxy', 1)";
  }
  get headers(): Request['headers'] {
    return this.raw.headers;
  }
}
