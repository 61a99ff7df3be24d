/** `getConvert()` on each framework: the request's own context, after body parsers and events, and nowhere else. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import Koa from 'koa';
import Koa2 from 'koa2';
import { describe, expect, it } from 'vitest';
import { getConvert } from '../../src/async-context.js';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { createConvert } from '../../src/index.js';
import { convertMiddleware as koaMiddleware } from '../../src/koa.js';
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/types.js';
import { CHROME } from '../identity/support.js';
import { testProject } from '../support/project.js';
import { listen, stop } from './harness.js';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

/** What a handler sees, some time after it was called. */
interface Sight {
  readonly own: string;
  readonly current: string | undefined;
}

/** An app that answers `/parsed` after its body parser, and `/events` when it has read the body for itself. */
type Start = (convert: Convert) => Promise<{ listener: RequestListener; close?: () => Promise<void> }>;

const idNow = (): string | undefined => getConvert()?.visitorId;

async function look(own: ConvertContext): Promise<Sight> {
  await wait(5);
  return { own: own.visitorId, current: idNow() };
}

/** Reads the body by events, as busboy and formidable do, and looks in the last of them. */
const readByEvents = (req: IncomingMessage, own: ConvertContext): Promise<Sight> =>
  new Promise((resolve) => {
    req.on('end', () => resolve({ own: own.visitorId, current: idNow() })).resume();
  });

const onExpress =
  (make: typeof express): Start =>
  async (convert) => {
    const app = make();
    app.use(convertMiddleware(convert));
    app.post('/parsed', make.json(), async (req, res) => void res.json(await look(req.convert)));
    app.post('/events', async (req, res) => void res.json(await readByEvents(req, req.convert)));
    return { listener: app };
  };

const onKoa =
  (Make: typeof Koa): Start =>
  async (convert) => {
    const app = new Make();
    app.use(koaMiddleware(convert));
    app.use(async (ctx) => {
      if (ctx.path === '/parsed') {
        ctx.req.resume();
        await once(ctx.req, 'end');
        ctx.body = await look(ctx.convert);
      } else ctx.body = await readByEvents(ctx.req, ctx.convert);
    });
    const callback = app.callback();
    return { listener: (req, res) => void callback(req, res) };
  };

const FRAMEWORKS: Readonly<Record<string, Start>> = {
  'Express 5': onExpress(express),
  'Express 4': onExpress(express4),
  'Koa 3': onKoa(Koa),
  'Koa 2': onKoa(Koa2),
  async 'Fastify 5'(convert) {
    const app = Fastify();
    await app.register(convertPlugin, { convert });
    app.post('/parsed', async (request) => look(request.convert));
    app.register(async (raw) => {
      raw.removeAllContentTypeParsers();
      raw.addContentTypeParser('*', (_request, _payload, done) => done(null));
      raw.post('/events', async ({ raw: req, convert: own }) => readByEvents(req, own));
    });
    await app.ready();
    return { listener: (req, res) => app.routing(req, res), close: () => app.close() };
  },
};

describe.each(Object.entries(FRAMEWORKS))('getConvert() on %s', (_name, start) => {
  it('is the context of the request, after parsers and in events, and none outside', async () => {
    const convert = createConvert({ project: testProject(), endpoints: { track: 'http://127.0.0.1:1' } });
    await convert.ready();
    const { listener, close } = await start(convert);
    const server = createServer(listener);
    const origin = await listen(server);
    const post = async (path: string): Promise<Sight> => {
      const body = JSON.stringify({ text: 'x'.repeat(10_000) });
      const answer = await fetch(`${origin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': CHROME },
        body,
      });
      return (await answer.json()) as Sight;
    };
    const paths = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? '/parsed' : '/events'));
    const seen = await Promise.all(paths.map(post));
    expect(seen.map(({ current }) => current)).toEqual(seen.map(({ own }) => own));
    expect(new Set(seen.map(({ own }) => own)).size).toBe(paths.length);
    expect(getConvert()).toBeUndefined();
    await stop(server);
    await close?.();
    await convert.close({ timeout: 100 });
  });
});
