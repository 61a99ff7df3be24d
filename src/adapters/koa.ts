/** The middleware for Koa 2 and 3. */
import type { Context, Middleware, Next } from 'koa';
import type { ConvertContext } from '../context/types.js';
import type { Convert } from '../convert/types.js';
import type { RouteHandler } from '../model/http.js';
import type { Mountable } from '../model/mountable.js';
import type { ConvertOptions } from '../options/types.js';
import { outgoingOf } from './node-response/node-response.js';
import type { MountOptions } from './shared/context-property.js';
import { FrameworkRequest } from './shared/framework-request.js';
import { tellUncalled } from './shared/mount-warnings.js';
import { mountableIn, putOnto } from './shared/mountable.js';
import { mountConvert } from './shared/mounted-convert.js';
import { MountedRoute, type RouteOptions } from './shared/routes.js';

declare module 'koa' {
  interface ExtendableContext {
    convert: ConvertContext;
  }
}

/** The middleware, with the Convert that it uses. */
export interface ConvertMiddleware extends Middleware {
  readonly convert: Convert;
}

/** The middleware of a route, with the `RouteHandler` that it calls. */
export interface RouteMiddleware extends Middleware {
  readonly handler: RouteHandler;
}

/** Makes a middleware that puts another object of this package onto each context: `oursPrivacy()` at `ctx.ours`. */
export function convertMiddleware(given: Mountable): Middleware;
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
 * @param mount a name for a second Convert of the app: `{ as: 'convertOutlet' }` puts its contexts at
 *   `ctx.convertOutlet`
 * @throws ConvertError for wrong or missing options, as `createConvert` does
 */
export function convertMiddleware(
  given?: ConvertOptions<Context> | Convert,
  mount?: MountOptions,
): ConvertMiddleware;
export function convertMiddleware(
  given?: ConvertOptions<Context> | Convert | Mountable,
  mount?: MountOptions | Next,
): Middleware | Promise<unknown> {
  if (typeof mount === 'function') {
    tellUncalled();
    return mount();
  }
  const mountable = mountableIn(given, mount);
  if (mountable !== undefined) {
    return function mounted(ctx: Context, next: Next): Promise<unknown> {
      putOnto(ctx, mountable, () => mountable.open(new KoaRequest(ctx), outgoingOf(ctx.res)));
      return next();
    };
  }
  const mounted = mountConvert(given, mount);
  // The middleware is no async function: that would cost each request two promises more.
  const middleware = function convertMiddleware(ctx: Context, next: Next): Promise<unknown> {
    if (mounted.isOn(ctx)) return next();
    const attach = (context: ConvertContext): void => {
      mounted.putOnto(ctx, context);
      mounted.putIntoViews(ctx.state, context);
    };
    return mounted.serve(new KoaRequest(ctx), outgoingOf(ctx.res), attach, next);
  };
  return Object.assign(middleware, { convert: mounted.convert });
}

/**
 * Makes a middleware of Koa of a `RouteHandler`, such as a webhook. Mount it for one path, before all body parsers: it
 * reads the bytes of the body, and answers for itself.
 *
 * @example
 * ```js
 * router.post('/webhooks/orders', route(conversionWebhook(convert, options)));
 * app.use(router.routes()).use(bodyParser());
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function route(handler: RouteHandler, options?: RouteOptions): RouteMiddleware {
  const mounted = new MountedRoute(
    handler,
    options,
    'put the line with route() before the one with the body parser: before app.use(bodyParser())',
  );
  const middleware = async function convertRoute(ctx: Context): Promise<void> {
    const { rawBody, body: kept } = ctx.request as { readonly rawBody?: unknown; readonly body?: unknown };
    const answer = await mounted.serve(new KoaRequest(ctx), ctx.req, () => [rawBody, kept]);
    const { status, headers, body } = answer;
    ctx.status = status;
    ctx.set(headers);
    ctx.body = typeof body === 'string' ? body : Buffer.from(body);
  };
  return Object.assign(middleware, { handler });
}

class KoaRequest extends FrameworkRequest<Context> {
  get node(): object {
    return this.raw.req;
  }
  get proxySetting(): string {
    return 'new Koa({ proxy: true, maxIpsCount: 1 })';
  }
}
