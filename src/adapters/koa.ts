/** The middleware for Koa 2 and 3. */
import type { Context, Middleware, Next } from 'koa';
import type { ConvertContext } from '../context/types.js';
import type { Convert } from '../convert/types.js';
import type { IncomingRequest } from '../model/http.js';
import type { ConvertOptions } from '../options/types.js';
import { outgoingOf } from './node-response/node-response.js';
import { addToViews, convertOf, isMounted, tellUncalled } from './shared.js';

declare module 'koa' {
  interface ExtendableContext {
    convert: ConvertContext;
  }
}

/** The middleware, with the Convert that it uses. */
export interface ConvertMiddleware extends Middleware {
  readonly convert: Convert;
}

/**
 * Makes a middleware that puts a ConvertContext at `ctx.convert` and `ctx.state.convert`.
 *
 * @example
 * ```js
 * app.use(convertMiddleware({ sdkKey: '10035569/10034190' }));
 * app.use((ctx) => void (ctx.body = page(ctx.convert.runExperience('homepage-hero'))));
 * ```
 *
 * @param given options, or a Convert that was made before
 * @throws ConvertError for wrong or missing options, as `createConvert` does
 */
export function convertMiddleware(given?: ConvertOptions<Context> | Convert): ConvertMiddleware;
export function convertMiddleware(
  given?: ConvertOptions<Context> | Convert,
  ...mounted: unknown[]
): ConvertMiddleware | Promise<unknown> {
  const [proceed] = mounted;
  if (typeof proceed === 'function') {
    tellUncalled();
    return (proceed as Next)();
  }
  const convert = convertOf(given);
  // The middleware is no async function: that would cost each request two promises more.
  const middleware = function convertMiddleware(ctx: Context, next: Next): Promise<unknown> {
    if (isMounted(ctx.convert, convert)) return next();
    const attach = (context: ConvertContext): Promise<unknown> => {
      ctx.convert = context;
      addToViews(ctx.state, context);
      return next();
    };
    const opened = convert.open(new KoaRequest(ctx), outgoingOf(ctx.res));
    return opened instanceof Promise ? opened.then(attach) : attach(opened);
  };
  return Object.assign(middleware, { convert });
}

class KoaRequest implements IncomingRequest {
  constructor(readonly raw: Context) {}
  get node(): object {
    return this.raw.req;
  }
  get method(): string {
    return this.raw.method;
  }
  get url(): string {
    return this.raw.originalUrl;
  }
  get protocol(): string {
    return this.raw.protocol;
  }
  get host(): string {
    return this.raw.host;
  }
  get ip(): string {
    return this.raw.ip;
  }
  get proxySetting(): string {
    return 'new Koa({ proxy: true, maxIpsCount: 1 })';
  }
  get headers(): Context['headers'] {
    return this.raw.headers;
  }
}
