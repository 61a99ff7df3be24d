/** Fastify, as the adapter suites use it. */
import fastifyCookie from '@fastify/cookie';
import fastifyView from '@fastify/view';
import ejs from 'ejs';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ConvertContext } from '../../src/context/types.js';
import { convertPlugin } from '../../src/fastify.js';
import type { Adapter, Exchange, Handler } from './harness.js';

declare module 'fastify' {
  interface FastifyRequest {
    user?: string;
  }
}

function exchange(request: FastifyRequest, reply: FastifyReply): Exchange {
  return {
    get convert() {
      return request.convert;
    },
    at: (as) => (request as unknown as Record<string, ConvertContext>)[as]!,
    req: request.raw,
    res: reply.raw,
    locals: (reply as unknown as { locals: Record<string, unknown> }).locals,
    header: (name, value) => void reply.header(name, value),
    cookie: (name, value) => void reply.setCookie(name, value),
    send: (status, body) => void reply.code(status).type('text/html').send(body),
    redirect: (url) => void reply.redirect(url),
    stream: (body) => void reply.send(body),
    takeOver: () => {
      reply.hijack();
      return reply.raw;
    },
  };
}

export const fastify5Adapter: Adapter = {
  name: 'Fastify 5',
  user: (request) => (request as { user?: string }).user,
  closesConvert: true,
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
    const app = Fastify({
      trustProxy: trustProxy ? 'loopback' : false,
      forceCloseConnections: true,
      http2: http2 as false,
    }) as FastifyInstance;
    await app.register(fastifyCookie);
    await app.register(fastifyView, { engine: { ejs } });
    app.addHook('onRequest', async (_request, reply) => {
      (reply as unknown as { locals: object }).locals = {};
    });
    if (before) app.addHook('onRequest', async (request, reply) => before(exchange(request, reply)));
    const options = 'open' in given ? { convert: given } : given;
    await app.register(convertPlugin, options);
    if (twice) await app.register(convertPlugin, options);
    if (between) app.addHook('preHandler', async (request, reply) => between(exchange(request, reply)));
    for (const [as, convert] of Object.entries(beside)) await app.register(convertPlugin, { convert, as });
    app.decorateRequest('user');
    if (authenticate) {
      app.addHook('preHandler', async (request) => {
        request.user = authenticate();
      });
    }
    if (onError) {
      app.setErrorHandler(async (_error, request, reply) => {
        await onError(exchange(request, reply));
        return reply;
      });
    }
    const route = (handler: Handler) => async (request: FastifyRequest, reply: FastifyReply) => {
      await handler(exchange(request, reply));
      return reply;
    };
    for (const [url, handler] of Object.entries(routes)) app.all(url, route(handler));
    await app.register(
      async (child) => {
        for (const [url, handler] of Object.entries(shop)) child.all(url, route(handler));
      },
      { prefix: '/shop' },
    );
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, convert: app.convert, close: () => app.close() };
  },
};
