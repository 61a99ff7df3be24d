/** Routes of this package in each framework, over real HTTP: what a handler gets, and what its answer becomes. */
import { createServer, request as httpRequest } from 'node:http';
import { connect, type Server } from 'node:net';
import express5, { type Express, type Request } from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import Koa3, { type Middleware } from 'koa';
import Koa2 from 'koa2';
import { afterEach, describe, expect, it } from 'vitest';
import * as forExpress from '../../src/express.js';
import * as forFastify from '../../src/fastify.js';
import * as forKoa from '../../src/koa.js';
import type { RouteHandler, RouteRequest, RouteResponse } from '../../src/model/http.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { listen, stop } from './harness.js';

/**
 * A body parser that runs before the route, in the whole app: it keeps what it has parsed, the bytes, or a text; or
 * what it has parsed, and the bytes beside it.
 */
type Parser = 'object' | 'bytes' | 'text' | 'object and bytes';

interface Framework {
  readonly name: string;
  /** Mounts the route at `/hook`. */
  start(handler: RouteHandler, options?: { maxBytes?: number }, parser?: Parser): Promise<Running>;
}

interface Running {
  readonly url: string;
  close(): Promise<unknown>;
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const onServer = async (server: Server): Promise<Running> => ({
  url: await listen(server),
  close: () => stop(server),
});

function expressOf(name: string, express: typeof express5): Framework {
  const parsers = (app: Express): Record<Parser, () => unknown> => ({
    object: () => app.use(express.json()),
    bytes: () => app.use(express.raw({ type: () => true })),
    text: () => app.use(express.text({ type: () => true })),
    'object and bytes': () =>
      app.use(express.json({ verify: (req, _res, bytes) => Object.assign(req, { rawBody: bytes }) })),
  });
  return {
    name,
    async start(handler, options, parser) {
      const app = express();
      if (parser) parsers(app)[parser]();
      app.all('/hook', forExpress.route(handler, options));
      app.use(express.json());
      app.post('/json', (req: Request, res) => void res.json(req.body));
      return onServer(createServer(app));
    },
  };
}

/** As koa-bodyparser does: the text as `rawBody`, what it has parsed as `body`. */
const koaParser =
  (parser: Parser): Middleware =>
  async (ctx, next) => {
    const bytes = await bytesOf(ctx.req);
    const request = ctx.request as unknown as Record<string, unknown>;
    if (parser === 'bytes') request.body = bytes;
    if (parser === 'text') request.rawBody = bytes.toString();
    if (parser.startsWith('object')) request.body = JSON.parse(bytes.toString());
    if (parser === 'object and bytes') request.rawBody = bytes.toString();
    await next();
  };

function koaOf(name: string, Koa: typeof Koa3): Framework {
  return {
    name,
    async start(handler, options, parser) {
      const app = new Koa();
      app.silent = true;
      if (parser) app.use(koaParser(parser));
      const route = forKoa.route(handler, options);
      app.use((ctx, next) => (ctx.path === '/hook' ? route(ctx, next) : next()));
      app.use(async (ctx) => {
        ctx.body = JSON.parse((await bytesOf(ctx.req)).toString()) as object;
      });
      return onServer(createServer(app.callback() as never));
    },
  };
}

const fastify: Framework = {
  name: 'Fastify 5',
  async start(handler, options, parser) {
    const app = Fastify({ forceCloseConnections: true });
    if (parser) {
      // As express.json() does in @fastify/express.
      app.addHook('onRequest', async ({ raw }) => {
        const bytes = await bytesOf(raw);
        if (parser === 'bytes') Object.assign(raw, { body: bytes });
        if (parser === 'text') Object.assign(raw, { body: bytes.toString() });
        if (parser.startsWith('object')) Object.assign(raw, { body: JSON.parse(bytes.toString()) as object });
        if (parser === 'object and bytes') Object.assign(raw, { rawBody: bytes });
      });
    }
    await app.register(forFastify.route(handler, options), { prefix: '/hook' });
    app.post('/json', async (request) => request.body);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, close: () => app.close() };
  },
};

const FRAMEWORKS = [
  expressOf('Express 5', express5),
  expressOf('Express 4', express4 as never),
  koaOf('Koa 3', Koa3),
  koaOf('Koa 2', Koa2),
  fastify,
];

const JSON_BODY = '{ "a":  1.50, "b": "é" }\n';

describe.each(FRAMEWORKS.map((framework) => [framework.name, framework] as const))(
  '%s',
  (_name, framework) => {
    const running: Running[] = [];
    afterEach(async () => {
      for (const app of running.splice(0)) await app.close();
    });

    const seen: RouteRequest[] = [];
    const errors: ConvertError[] = [];
    afterEach(() => {
      seen.length = 0;
      errors.length = 0;
    });

    const handlerOf = (answer: () => RouteResponse | Promise<RouteResponse>): RouteHandler =>
      Object.assign(
        async (request: RouteRequest) => {
          seen.push(request);
          return answer();
        },
        { report: (error: ConvertError) => void errors.push(error) },
      );
    const echo = handlerOf(() => ({ status: 201, headers: { 'x-by': 'route' }, body: 'done' }));

    async function start(handler = echo, options?: { maxBytes?: number }, parser?: Parser): Promise<string> {
      const app = await framework.start(handler, options, parser);
      running.push(app);
      return app.url;
    }

    const post = (url: string, body: string, type = 'application/json') =>
      fetch(`${url}/hook?a=1`, { method: 'POST', headers: { 'Content-Type': type, 'X-Sent': 'yes' }, body });
    const textSeen = (): string => Buffer.from(seen[0]!.body).toString();

    it('R1 hands over the request, with the bytes of the body, and writes the answer', async () => {
      const url = await start();
      const response = await post(url, JSON_BODY);
      expect(response.status).toBe(201);
      expect(response.headers.get('x-by')).toBe('route');
      expect(await response.text()).toBe('done');
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook?a=1' });
      expect(seen[0]!.headers).toMatchObject({ 'x-sent': 'yes', 'content-type': 'application/json' });
      expect(seen[0]!.ip).toContain('127.0.0.1');
      expect(textSeen()).toBe(JSON_BODY);
    });

    it.each([
      'application/json',
      'text/plain',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
      '',
    ])('R2 does not change a byte, whatever the type: %s', async (type) => {
      const url = await start();
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
      const headers: Record<string, string> = type === '' ? {} : { 'Content-Type': type };
      const response = await fetch(`${url}/hook`, { method: 'POST', headers, body: bytes });
      expect(response.status).toBe(201);
      expect(Buffer.from(seen[0]!.body).equals(bytes)).toBe(true);
    });

    it('R3 has an empty body if there is none, and gets every method', async () => {
      const url = await start();
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
        expect((await fetch(`${url}/hook`, { method })).status).toBe(201);
      expect((await fetch(`${url}/hook`, { method: 'HEAD' })).status).toBe(201);
      expect(seen.map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']);
      for (const { body } of seen) expect(body).toHaveLength(0);
    });

    it('R4 sends bytes, and statuses without a body', async () => {
      const bytes = Buffer.from([0, 255, 13, 10]);
      const url = await start(
        handlerOf(() => ({ status: 200, headers: { 'content-type': 'image/x' }, body: bytes })),
      );
      const response = await fetch(`${url}/hook`);
      expect(response.headers.get('content-type')).toBe('image/x');
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
      const none = await start(handlerOf(() => ({ status: 204, headers: {}, body: '' })));
      expect((await fetch(`${none}/hook`)).status).toBe(204);
    });

    it('R5 refuses a body over maxBytes with 413, whether it tells its length or not', async () => {
      const url = await start(echo, { maxBytes: 1_000 });
      expect((await post(url, 'x'.repeat(1_000))).status).toBe(201);
      const told = await post(url, 'x'.repeat(1_001));
      expect(told.status).toBe(413);
      expect(await told.text()).toBe('too-large');
      const chunked = await answerTo(url, { 'Transfer-Encoding': 'chunked' }, [
        'x'.repeat(600),
        'y'.repeat(600),
      ]);
      expect(chunked.status).toBe(413);
      expect(seen).toHaveLength(1);
      // A megabyte is the default.
      const other = await start();
      expect((await post(other, 'x'.repeat(1024 * 1024))).status).toBe(201);
      expect((await post(other, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    });

    it('R6 takes the bytes that a parser has kept', async () => {
      for (const parser of ['bytes', 'text', 'object and bytes'] as const) {
        seen.length = 0;
        const url = await start(echo, { maxBytes: 100 }, parser);
        expect((await post(url, JSON_BODY)).status).toBe(201);
        expect(textSeen()).toBe(JSON_BODY);
        expect((await post(url, JSON.stringify(['x'.repeat(100)]))).status).toBe(413);
        expect(seen).toHaveLength(1);
      }
      expect(errors).toEqual([]);
    });

    it('R7 answers 500 if a parser has kept no bytes, and names the line to move', async () => {
      const url = await start(echo, undefined, 'object');
      for (let n = 0; n < 2; n++) expect((await post(url, JSON_BODY)).status).toBe(500);
      expect(seen).toEqual([]);
      expect(errors).toHaveLength(2);
      expect(new Set(errors.map(({ kind }) => kind)).size).toBe(1);
      expect(errors[0]!.code).toBe('CONVERT_ROUTE');
      expect(errors[0]!.message).toMatch(/express\.json\(\)|bodyParser\(\)/);
      expect(errors[0]!.message).not.toContain('1.5');
    });

    it('R8 leaves the other routes their body parsers', async () => {
      const url = await start();
      const response = await fetch(`${url}/json`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON_BODY,
      });
      expect(await response.json()).toEqual({ a: 1.5, b: 'é' });
    });

    it('R9 answers 500 if the handler fails, and tells of it without the text of the error', async () => {
      for (const fail of [
        () => Promise.reject(new Error('visitor 42')),
        () => {
          throw new TypeError('visitor 42');
        },
      ]) {
        const url = await start(handlerOf(fail));
        expect((await post(url, JSON_BODY)).status).toBe(500);
      }
      expect(errors.map(({ code }) => code)).toEqual(['CONVERT_INTERNAL', 'CONVERT_INTERNAL']);
      for (const { message } of errors) expect(message).not.toContain('42');
    });

    it('R10 lives on if the sender leaves in the middle of the body', async () => {
      const url = await start();
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(
        'POST /hook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(seen).toEqual([]);
      expect((await post(url, JSON_BODY)).status).toBe(201);
      expect(errors).toEqual([]);
    });
  },
);

describe('options of route()', () => {
  const handler: RouteHandler = async () => ({ status: 200, headers: {}, body: '' });
  const routes = [forExpress.route, forKoa.route, forFastify.route] as const;

  it.each([
    [undefined, undefined, 'option `handler` must be a function (given undefined)'],
    [handler, { maxBytes: 0 }, 'option `maxBytes` must be a number of bytes from 1 to 1073741824 (given 0)'],
    [handler, { maxBytes: '1mb' }, 'option `maxBytes` must be a number of bytes'],
    [handler, { maxbytes: 5 }, 'unknown option `maxbytes`, did you mean `maxBytes`?'],
  ])('%o %o', (given, options, message) => {
    const error = expect.objectContaining({
      code: 'CONVERT_BAD_OPTION',
      message: expect.stringContaining(message) as string,
    }) as Error;
    for (const route of routes) expect(() => route(given as never, options as never)).toThrow(error);
  });
});

/** Sends a request in pieces, since `fetch` tells the length of what it sends. */
function answerTo(
  url: string,
  headers: Record<string, string>,
  pieces: readonly string[],
): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}/hook`, { method: 'POST', headers }, (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode! }));
    });
    sent.on('error', reject);
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });
}
