/** What templates read of a context, over real HTTP, in each template engine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastifyView from '@fastify/view';
import express, { type Application } from 'express';
import Fastify from 'fastify';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import type { Adapter, Handler } from './harness.js';
import { koa3Adapter } from './koa.js';
import { ENGINES, isWritten } from './templates.js';

const load = createRequire(import.meta.url);
const OPTIONS: ConvertOptions = {
  project: testProject(),
  delivery: false,
  logger: false,
};
const HEADERS = { 'user-agent': CHROME, cookie: 'cv_vid=a-visitor' };

type ExpressEngine = Parameters<Application['engine']>[1];

/** Wrappers that come between Express and Handlebars: they hand locals on in their own way. */
const WRAPPERS: Readonly<Record<string, () => ExpressEngine>> = {
  'express-handlebars': () =>
    (load('express-handlebars') as { engine: (options: object) => ExpressEngine }).engine({
      defaultLayout: false,
    }),
  hbs: () => (load('hbs') as { __express: ExpressEngine }).__express,
};

async function visit(adapter: Adapter, handler: Handler): Promise<request.Response> {
  const app = await adapter.start({ convert: OPTIONS, routes: { '/': handler } });
  try {
    return await request(app.url).get('/').set(HEADERS);
  } finally {
    await app.close();
    await app.convert.close({ timeout: 1 });
  }
}

describe.each([express5Adapter, koa3Adapter, fastify5Adapter])('templates with $name', (adapter) => {
  it.each(Object.entries(ENGINES))('B3: %s reads the members of the context', async (_name, engine) => {
    const { text } = await visit(adapter, async (x) =>
      x.send(200, await engine.render(engine.template, x.locals)),
    );
    expect(text).toSatisfy((written: string) => isWritten(written, 'a-visitor'));
  });

  it('B3: the context among the locals is printed and serialized as before, and identifies nobody by that', async () => {
    const { headers, text } = await visit(adapter, (x) => {
      const { convert } = x.locals as { convert: object };
      x.send(
        200,
        JSON.stringify([{ convert }, Object.keys(convert), { ...convert }, 'visitorId' in convert]),
      );
    });
    expect(JSON.parse(text)).toEqual([{ convert: {} }, [], {}, true]);
    expect(headers['cache-control']).not.toBe('private, no-cache');
  });

  it('B3: what is no public member is not its own', async () => {
    const { text } = await visit(adapter, (x) => {
      const { convert } = x.locals as { convert: object };
      const own = ['constructor', '__proto__', 'runtime', 'participation', 'prefetch'].filter((name) =>
        Object.hasOwn(convert, name),
      );
      x.send(200, JSON.stringify(own));
    });
    expect(text).toBe('[]');
  });
});

describe('views of frameworks', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'views-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(Object.entries(WRAPPERS))('B3: %s', async (_name, engine) => {
    await writeFile(join(folder, 'page.hbs'), ENGINES.Handlebars!.template);
    const app = express();
    app.engine('hbs', engine());
    app.set('views', folder);
    const middleware = convertMiddleware(OPTIONS);
    app.use(middleware);
    app.get('/', (_req, res) => res.render('page.hbs'));
    const { text } = await request(app).get('/').set(HEADERS);
    expect(text).toSatisfy((written: string) => isWritten(written, 'a-visitor'));
    await middleware.convert.close({ timeout: 1 });
  });

  it.each([
    ['handlebars', 'Handlebars'],
    ['liquid', 'Liquid'],
  ])('B3: @fastify/view with %s', async (option, name) => {
    await writeFile(join(folder, 'page.html'), ENGINES[name]!.template);
    const { Liquid } = load('liquidjs') as { Liquid: new (options: object) => unknown };
    const engine = option === 'liquid' ? new Liquid({ root: folder }) : load('handlebars');
    const app = Fastify();
    await app.register(fastifyView, { engine: { [option]: engine }, root: folder });
    await app.register(convertPlugin, OPTIONS);
    app.addHook('onRequest', async (_request, reply) => {
      (reply as unknown as { locals: object }).locals = {};
    });
    app.get('/', (_request, reply) => reply.viewAsync('page.html'));
    const { body } = await app.inject({ url: '/', headers: HEADERS });
    expect(body).toSatisfy((written: string) => isWritten(written, 'a-visitor'));
    app.convert.close({ timeout: 1 }).catch(() => undefined);
    await app.close();
  });
});
