/** Koa, as the adapter suites use it. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import Koa3, { type Context } from 'koa';
import Koa2 from 'koa2';
import type { ConvertContext } from '../../src/context/types.js';
import { convertMiddleware } from '../../src/koa.js';
import { type Adapter, type Exchange, type Handler, listen, stop } from './harness.js';

function exchange(ctx: Context): Exchange {
  return {
    get convert() {
      return ctx.convert;
    },
    at: (as) => (ctx as unknown as Record<string, ConvertContext>)[as]!,
    req: ctx.req,
    res: ctx.res,
    locals: ctx.state,
    header: (name, value) => ctx.set(name, value),
    cookie: (name, value) => void ctx.cookies.set(name, value),
    send: (status, body) => {
      ctx.status = status;
      ctx.body = body;
    },
    redirect: (url) => ctx.redirect(url),
    stream: (body) => {
      ctx.body = body;
    },
    takeOver: () => {
      ctx.respond = false;
      return ctx.res;
    },
  };
}

function adapter(name: string, Koa: typeof Koa3): Adapter {
  return {
    name,
    user: (request) => (request as Context).state.user as string | undefined,
    closesConvert: false,
    async start({
      convert: given,
      routes,
      shop = {},
      onError,
      trustProxy,
      before,
      twice,
      beside = {},
      between,
      authenticate,
      http2,
    }) {
      const app = new Koa({ proxy: trustProxy ?? false, maxIpsCount: 1 });
      app.silent = true;
      app.on('error', () => undefined);
      const middleware = convertMiddleware(given);
      if (onError) {
        app.use(async (ctx, next) => {
          try {
            await next();
          } catch {
            await onError(exchange(ctx));
          }
        });
      }
      app.use(async (ctx, next) => {
        await before?.(exchange(ctx));
        await next();
      });
      app.use(middleware);
      if (twice) app.use(convertMiddleware(given));
      if (between) app.use(async (ctx, next) => (await between(exchange(ctx)), next()));
      for (const [as, other] of Object.entries(beside)) app.use(convertMiddleware(other, { as }));
      app.use(async (ctx, next) => {
        if (authenticate) ctx.state.user = authenticate();
        await next();
      });
      // Koa has no router: routers rewrite ctx.path while they run what is mounted below them.
      const all = new Map<string, Handler>(Object.entries(routes));
      app.use(async (ctx, next) => {
        const handler = all.get(ctx.path);
        if (handler) await handler(exchange(ctx));
        else if (ctx.path.startsWith('/shop/')) {
          const before = ctx.path;
          ctx.path = ctx.path.slice('/shop'.length);
          await shop[ctx.path]?.(exchange(ctx));
          ctx.path = before;
        } else await next();
      });
      const callback = app.callback() as RequestListener;
      const server = http2 ? createHttp2Server(callback as never) : createServer(callback);
      const url = await listen(server);
      return { url, convert: middleware.convert, close: () => stop(server) };
    },
  };
}

export const koa3Adapter = adapter('Koa 3', Koa3);
export const koa2Adapter = adapter('Koa 2', Koa2);
