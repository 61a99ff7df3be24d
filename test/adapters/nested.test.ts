/** Frameworks inside each other, and no framework at all. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { createConvert, type Convert } from '../../src/convert/convert.js';
import { convertMiddleware as onExpress } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { NodeOutgoingResponse } from '../../src/index.js';
import { convertMiddleware as onKoa } from '../../src/koa.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { listen, stop } from './harness.js';

let collector: Collector;
let logged: string[];
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  collector = await startCollector();
  logged = [];
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await collector.close();
});

function create(more: ConvertOptions = {}): Convert {
  const log = (message: string): void => void logged.push(message);
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    logger: { error: log, warn: log, info: log },
    ...more,
  });
  ends.push(() => convert.close({ timeout: 100 }));
  return convert;
}

async function get(listener: RequestListener) {
  const server = createServer(listener);
  const url = await listen(server);
  ends.push(() => stop(server));
  const answer = await request(url).get('/shop/page?a=1').set('user-agent', CHROME);
  const lines = ([answer.headers['set-cookie'] ?? []] as string[][]).flat();
  return { answer, ids: lines.flatMap((line) => /^cv_vid=([^;]+)/.exec(line)?.[1] ?? []) };
}

const runExperience = (convert: ConvertContext): void => void convert.runExperience('homepage-hero');
const trackConversion = (convert: ConvertContext): void => void convert.trackConversion('purchase');

/** Templates have a view of the context, so it is no object like the other. */
const isSame = (view: ConvertContext, { visitorId }: ConvertContext): boolean => view.visitorId === visitorId;

/** Each takes a Convert, what the outer and the inner framework do, and gives one listener. */
type Nest = (
  convert: Convert,
  outer: typeof runExperience,
  inner: typeof runExperience,
) => Promise<RequestListener>;

const NESTS: Readonly<Record<string, Nest>> = {
  'Koa in Express': async (convert, outer, inner) => {
    const koa = new Koa();
    koa.use(onKoa(convert));
    koa.use((ctx) => {
      inner(ctx.convert);
      ctx.body = isSame(ctx.state.convert as ConvertContext, ctx.convert) ? 'ok' : 'other';
    });
    const app = express();
    app.use(onExpress(convert), (req, _res, next) => (outer(req.convert), next()));
    app.use(koa.callback() as RequestListener);
    return app;
  },
  'Express in Koa': async (convert, outer, inner) => {
    const app = express();
    app.use(onExpress(convert));
    app.use((req, res) => {
      inner(req.convert);
      res.send(isSame(res.locals.convert, req.convert) ? 'ok' : 'other');
    });
    const koa = new Koa();
    koa.use(onKoa(convert));
    koa.use((ctx) => {
      outer(ctx.convert);
      ctx.respond = false;
      void app(ctx.req as never, ctx.res as never);
    });
    const listener = koa.callback();
    return (req, res) => void listener(req, res);
  },
  'Fastify in Express': async (convert, outer, inner) => {
    const fastify = Fastify();
    await fastify.register(convertPlugin, { convert });
    fastify.get('/shop/page', (req, reply) => {
      inner(req.convert);
      void reply.send('ok');
    });
    await fastify.ready();
    const app = express();
    app.use(onExpress(convert), (req, _res, next) => (outer(req.convert), next()));
    app.use((req, res) => fastify.routing(req, res));
    return app;
  },
};

describe('A5: one Convert in two frameworks', () => {
  it.each(Object.entries(NESTS))('%s: one visitor, one cookie, no warning', async (_, nest) => {
    const convert = create();
    const { answer, ids } = await get(await nest(convert, runExperience, trackConversion));
    expect(answer.text).toBe('ok');
    expect(ids).toHaveLength(1);
    await convert.flush();
    expect(collector.events.map(({ visitorId }) => visitorId)).toEqual([ids[0], ids[0]]);
    expect(logged).toEqual([]);
  });

  it.each(Object.entries(NESTS))('%s: another instance has a context of its own', async (_, nest) => {
    const contexts = new Set<ConvertContext>();
    const [one, two] = [create(), create()];
    let isOuter = true;
    const both = new Proxy(one, {
      get: (_target, name) => {
        const from = name === 'open' && !isOuter ? two : one;
        const value: unknown = Reflect.get(from, name, from);
        return typeof value === 'function' ? (value.bind(from) as unknown) : value;
      },
    });
    const outer = (convert: ConvertContext): void => {
      contexts.add(convert);
      isOuter = false;
    };
    await get(await nest(both, outer, (convert) => void contexts.add(convert)));
    expect(contexts.size).toBe(2);
  });
});

type Next = (error?: unknown) => void;
type NodeMiddleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

describe("A7: the Express middleware on Node's own server", () => {
  const page = (req: IncomingMessage, res: ServerResponse): void => {
    const { convert } = req as IncomingMessage & { convert: ConvertContext };
    runExperience(convert);
    const { url } = convert.locationProperties;
    res.end(JSON.stringify({ url }));
  };

  it('decides and sets the cookie', async () => {
    const convert = create();
    const middleware = onExpress(convert) as unknown as NodeMiddleware;
    const { answer, ids } = await get((req, res) => middleware(req, res, () => page(req, res)));
    expect(JSON.parse(answer.text)).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127.+\/shop\/page/),
    });
    expect(answer.headers['cache-control']).toBe('private, no-cache');
    expect(ids).toHaveLength(1);
    await convert.flush();
    expect(collector.exposures()).toHaveLength(1);
  });

  it('sees the whole URL where a router has cut it, and what the framework knows', async () => {
    const convert = create();
    const middleware = onExpress(convert) as unknown as NodeMiddleware;
    const { answer } = await get((req, res) => {
      Object.assign(req, { originalUrl: req.url, url: '/page', protocol: 'https' });
      middleware(req, res, () => page(req, res));
    });
    expect(JSON.parse(answer.text)).toMatchObject({ url: expect.stringMatching(/^https:.+\/shop\/page/) });
  });

  it('goes on while no project config is there, and where the request takes no property', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    ends.push(async () => process.off('unhandledRejection', listener));
    const convert = create({ project: '/nowhere/project.json', readyTimeout: 10 });
    const middleware = onExpress(convert) as unknown as NodeMiddleware;
    const { answer } = await get((req, res) => middleware(req, res, () => res.end('ok')));
    const ready = onExpress(create()) as unknown as NodeMiddleware;
    const frozen = await get((req, res) => {
      Object.defineProperty(req, 'convert', { get: () => undefined });
      ready(req, res, () => res.end('ok'));
    });
    expect([answer.text, frozen.answer.text]).toEqual(['ok', 'ok']);
    expect(unhandled).toEqual([]);
    const lines = logged.filter((line) => line.includes('could not be put'));
    expect(lines).toEqual([expect.stringContaining('onto the request (TypeError at ')]);
  });

  it('has the response that adapters of your own need', async () => {
    const convert = create();
    const { answer, ids } = await get((req, res) => {
      const { method = 'GET', url = '/', headers } = req;
      const described = {
        method,
        url,
        headers,
        protocol: 'http',
        host: headers.host ?? '',
        ip: '',
        raw: req,
        node: req,
      };
      void Promise.resolve(convert.open(described, new NodeOutgoingResponse(res))).then((context) => {
        runExperience(context);
        res.end('ok');
      });
    });
    expect(answer.text).toBe('ok');
    expect(ids).toHaveLength(1);
  });
});

describe('A4: koa-websocket', () => {
  it('has no response: Koa decides and enrols nobody new', async () => {
    const convert = create();
    const koa = new Koa();
    const decided: unknown[] = [];
    const middleware = onKoa(convert);
    const incoming = {
      method: 'GET',
      url: '/',
      headers: { 'user-agent': CHROME, host: 'a', upgrade: 'websocket' },
    };
    for (const cookie of [undefined, 'cv_vid=a-visitor-who-returns']) {
      const req = { ...incoming, headers: { ...incoming.headers, cookie }, socket: {} };
      const ctx = koa.createContext(req as never, undefined as never);
      await middleware(ctx, async () => {
        decided.push(ctx.convert.runExperience('homepage-hero')?.experienceKey);
      });
    }
    expect(decided).toEqual(['homepage-hero', 'homepage-hero']);
    await convert.flush();
    expect(collector.exposures()).toMatchObject([{ visitorId: 'a-visitor-who-returns' }]);
    expect(logged).toEqual([expect.stringContaining('WebSocket')]);
  });
});
