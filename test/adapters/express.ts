/** Express, as the adapter suites use it. */
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import cookieParser from 'cookie-parser';
import express5, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import express4 from 'express4';
import type { ConvertContext } from '../../src/context/types.js';
import { convertMiddleware } from '../../src/express.js';
import { type Adapter, type Exchange, type Handler, listen, stop } from './harness.js';

type ExpressFactory = typeof express5;

function exchange(req: Request, res: Response): Exchange {
  return {
    get convert() {
      return req.convert;
    },
    at: (as) => (req as unknown as Record<string, ConvertContext>)[as]!,
    req,
    res,
    locals: res.locals,
    header: (name, value) => void res.set(name, value),
    cookie: (name, value) => void res.cookie(name, value),
    send: (status, body) => void res.status(status).send(body),
    redirect: (url) => res.redirect(url),
    stream: (body) => void body.pipe(res),
    takeOver: () => res as ServerResponse,
  };
}

function adapter(name: string, express: ExpressFactory): Adapter {
  return {
    name,
    user: (request) => (request as { user?: string }).user,
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
      const app: Express = express();
      if (trustProxy) app.set('trust proxy', 'loopback');
      const middleware = convertMiddleware(given);
      app.use(cookieParser());
      if (before) app.use(async (req, res, next) => (await before(exchange(req, res)), next()));
      app.use(middleware);
      if (twice) app.use(convertMiddleware(given));
      if (between) app.use(async (req, res, next) => (await between(exchange(req, res)), next()));
      for (const [as, other] of Object.entries(beside)) app.use(convertMiddleware(other, { as }));
      if (authenticate) {
        app.use((req, _res, next) => {
          (req as unknown as { user: string }).user = authenticate();
          next();
        });
      }
      const route =
        (handler: Handler) => async (req: Request, res: Response, next: (error: unknown) => void) => {
          try {
            await handler(exchange(req, res));
          } catch (error) {
            next(error);
          }
        };
      for (const [path, handler] of Object.entries(routes)) app.all(path, route(handler));
      const router = express.Router();
      for (const [path, handler] of Object.entries(shop)) router.all(path, route(handler));
      app.use('/shop', router);
      const errorHandler: ErrorRequestHandler = (error, req, res, next) => {
        if (onError) void onError(exchange(req, res));
        else if (res.headersSent) next(error);
        else res.status(500).send('error');
      };
      app.use(errorHandler);
      // Express has no HTTP/2 of its own: its request and response extend those of HTTP/1.
      const server = http2 ? createHttp2Server(app as never) : createServer(app);
      const url = await listen(server);
      return { url, convert: middleware.convert, close: () => stop(server) };
    },
  };
}

export const express5Adapter = adapter('Express 5', express5);
export const express4Adapter = adapter('Express 4', express4);
