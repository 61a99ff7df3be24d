import fastifyView from '@fastify/view';
import ejs from 'ejs';
import Fastify, { type FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { createConvert } from '../../src/convert/convert.js';
import { convertPlugin } from '../../src/fastify.js';
import type { ProjectSource } from '../../src/project/types.js';
import { draftProject, testProject } from '../support/project.js';
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance, CHROME } from './conformance.js';
import { fastify5Adapter } from './fastify.js';
import { participationConformance } from './participation.js';
import { previewConformance } from './preview.js';
import { sessionConformance } from './session.js';

adapterConformance(fastify5Adapter, { http2: true });
assignmentCookieConformance(fastify5Adapter);

participationConformance(fastify5Adapter);

previewConformance(fastify5Adapter);

sessionConformance(fastify5Adapter);

describe('Fastify only', () => {
  it('F1 closes the Convert that the plugin made, and leaves one alone that it was given', async () => {
    const nowhere = { endpoints: { track: 'http://127.0.0.1:9' }, logger: false as const };
    const convert = createConvert({ project: testProject(), ...nowhere });
    const one = Fastify();
    await one.register(convertPlugin, { convert });
    const two = Fastify();
    await two.register(convertPlugin, { project: testProject(), ...nowhere });
    await Promise.all([one.ready(), two.ready()]);
    await Promise.all([one.close(), two.close()]);
    for (const each of [convert, two.convert]) {
      (await each.forVisitor('v1')).trackConversion('purchase');
      await each.flush({ timeout: 10 });
    }
    expect(convert.stats().delivery).toMatchObject({ pending: 1, dropped: 0 });
    expect(two.convert.stats().delivery).toMatchObject({ pending: 0, reasons: { closed: 1 } });
    await convert.close({ timeout: 10 });
  });

  it('F2 makes the context in the hook that was asked for', async () => {
    const app = Fastify();
    await app.register(convertPlugin, { project: testProject(), hook: 'preHandler' });
    const seen: string[] = [];
    app.addHook('onRequest', async (request) => void seen.push(typeof request.convert));
    app.get('/', async (request) => {
      seen.push(typeof request.convert.runExperience);
      return '';
    });
    await app.inject('/');
    await app.close();
    expect(seen).toEqual(['object', 'function']);
  });

  it('F3 reaches a view, whichever plugin is registered first, and needs none', async () => {
    for (const order of [
      [fastifyView, convertPlugin],
      [convertPlugin, fastifyView],
    ] as const) {
      const app = Fastify();
      for (const plugin of order) {
        if (plugin === fastifyView) await app.register(fastifyView, { engine: { ejs } });
        else await app.register(convertPlugin, { project: testProject() });
      }
      app.addHook('onRequest', async (_request, reply) => {
        (reply as unknown as { locals: object }).locals = { mine: 'kept' };
      });
      app.get('/', (_request, reply) =>
        reply.viewAsync('page.ejs').catch(() => reply.send((reply as unknown as { locals: object }).locals)),
      );
      const { locals } = await new Promise<{ locals: Record<string, unknown> }>((resolve) => {
        app.get('/locals', (_request, reply) => {
          resolve({ locals: (reply as unknown as { locals: Record<string, unknown> }).locals });
          void reply.send('');
        });
        void app.inject('/locals');
      });
      expect(locals.mine).toBe('kept');
      expect(locals.convert).toHaveProperty('runExperience');
      await app.close();
    }
  });

  it('F6 refuses an instance together with options that it would not read', async () => {
    const convert = createConvert({ project: testProject() });
    const register = async (options: object) => Fastify().register(convertPlugin, options).ready();
    await expect(register({ convert, geo: 'vercel' })).rejects.toThrow(/option `geo` is given together with/);
    await expect(register({ project: testProject(), hook: 'onResponse' })).rejects.toThrow(
      /option `hook` must be one of/,
    );
    await expect(register({ convert: {} })).rejects.toThrow(/option `convert` must be what createConvert/);
    await convert.close();
  });

  it('F7 takes the options of register itself', async () => {
    const app = Fastify();
    await app.register(convertPlugin, { project: testProject(), prefix: '/x', logLevel: 'warn' } as object);
    await app.ready();
    expect(app.convert.stats().engine).toBe('compiled');
    await app.close();
  });

  it('F8 gives the locals of a not-found handler and of an error handler the context too', async () => {
    const app = Fastify();
    const seen: unknown[] = [];
    const keep = (reply: FastifyReply) => {
      seen.push((reply as unknown as { locals: { convert?: unknown } }).locals.convert);
      return reply.send('ok');
    };
    await app.register(fastifyView, { engine: { ejs } });
    app.get('/early', (_request, reply) => keep(reply));
    await app.register(convertPlugin, { project: testProject() });
    app.addHook('onRequest', async (_request, reply) => {
      (reply as unknown as { locals: object }).locals = {};
    });
    app.setNotFoundHandler((_request, reply) => keep(reply));
    for (const url of ['/early', '/nowhere']) await app.inject(url);
    expect(seen.map((each) => typeof (each as ConvertContext)?.runExperience)).toEqual([
      'function',
      'function',
    ]);
    await app.close();
  });

  it('F9 says so where its name is taken', async () => {
    const app = Fastify();
    app.decorateRequest('convert', null as never);
    await expect(app.register(convertPlugin, { project: testProject() }).ready()).rejects.toThrow(/is taken/);
  });

  it('F5 has a context in error handlers, where a hook of somebody else failed first', async () => {
    const app = Fastify();
    app.addHook('onRequest', async () => {
      throw new Error('of the app');
    });
    await app.register(convertPlugin, { project: testProject() });
    app.setErrorHandler((_error, request, reply) =>
      reply.code(503).send(request.convert.runExperience('homepage-hero')?.experienceKey),
    );
    app.get('/', async () => 'page');
    const answer = await app.inject({ url: '/', headers: { 'user-agent': 'Mozilla/5.0 Chrome/140' } });
    expect([answer.statusCode, answer.body]).toEqual([503, 'homepage-hero']);
    expect(app.convert.stats().delivery.accepted).toBe(0);
    await app.close();
  });

  it.each(['onRequest', 'preHandler'] as const)(
    'F11 serves the handler as ever where a hook before ours (%s) has read the context, and says so',
    async (hook) => {
      const warnings: string[] = [];
      const logger = {
        error: (line: string) => warnings.push(line),
        warn: (line: string) => warnings.push(line),
      };
      const app = Fastify();
      const ids: string[] = [];
      app.addHook('onRequest', async (request) => {
        request.convert.runExperience('homepage-hero');
        ids.push(request.convert.visitorId);
      });
      await app.register(convertPlugin, { project: testProject(), hook, logger });
      app.get('/', async (request) => {
        request.convert.runExperience('homepage-hero');
        return request.convert.visitorId;
      });
      const headers = { 'user-agent': CHROME };
      const first = await app.inject({ url: '/', headers });
      expect(first.headers['set-cookie']).toMatchObject([
        expect.stringContaining(`cv_vid=${first.body};`),
        expect.stringMatching(/^cv_ses=/),
      ]);
      const second = await app.inject({ url: '/', headers: { ...headers, cookie: `cv_vid=${first.body}` } });
      expect([second.body, ids[1]]).toEqual([first.body, first.body]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(app.convert.stats().delivery.accepted - app.convert.stats().delivery.dropped).toBe(1);
      expect(warnings).toEqual([expect.stringContaining('register the plugin before that hook')]);
      app.convert.close({ timeout: 1 }).catch(() => undefined);
      await app.close();
    },
  );

  it('F10 asks for client hints where nothing uses the context, and there is no view', async () => {
    const app = Fastify();
    await app.register(convertPlugin, { project: testProject(), acceptClientHints: true });
    app.get('/', async (_request, reply) => reply.type('text/html').send('<h1>Hello</h1>'));
    const answer = await app.inject({ url: '/', headers: { 'user-agent': CHROME } });
    await app.close();
    expect(answer.headers['accept-ch']).toContain('Sec-CH-UA-Form-Factors');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('F4 answers injected requests, and counts their exposures', async () => {
    const app = Fastify();
    await app.register(convertPlugin, { project: testProject(), delivery: { linger: 60_000 } });
    app.get('/', async (request) => request.convert.runExperience('homepage-hero')?.key ?? 'none');
    const answer = await app.inject({ url: '/', headers: { 'user-agent': 'Mozilla/5.0 Chrome/140' } });
    expect(answer.body).toMatch(/original|version-b/);
    expect(answer.headers['set-cookie']).toMatchObject([
      expect.stringMatching(/^cv_vid=/),
      expect.stringMatching(/^cv_ses=/),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.convert.stats().delivery.accepted).toBe(1);
    app.convert.close({ timeout: 1 }).catch(() => undefined);
    await app.close();
  });

  it('B8: the option `preview` is asked after authentication, which may run in any hook before `preHandler`', async () => {
    const app = Fastify();
    const source: ProjectSource = {
      description: 'the source of the test',
      start: (sink) => void sink.config(testProject()),
      stop: () => undefined,
      draft: () => Promise.resolve(draftProject()),
    };
    await app.register(convertPlugin, {
      project: source,
      preview: (request) => request.user === 'staff',
      logger: false,
    });
    app.decorateRequest('user');
    app.addHook('onRequest', async (request) => {
      request.user = 'staff';
    });
    app.get('/', async (request) => request.convert.runExperience('next-checkout')?.key ?? 'none');
    const headers = { 'user-agent': CHROME };
    expect((await app.inject({ url: '/?convert_preview=901.9010', headers })).body).toBe('bold');
    await app.close();
  });

  it('A6: headersSent of a framework is not believed, as @fastify/express puts one onto the response', async () => {
    const convert = createConvert({ project: testProject(), delivery: { linger: 60_000 }, logger: false });
    const app = Fastify();
    app.addHook('onRequest', async (_request, { raw }) => {
      Object.defineProperty(raw, 'headersSent', { get: () => true, configurable: true });
    });
    await app.register(convertPlugin, { convert });
    app.get('/', (request, reply) => {
      const key = request.convert.runExperience('homepage-hero')?.experienceKey;
      const { raw } = reply.hijack();
      raw.writeHead(200).end(key);
    });
    const { body, headers } = await app.inject({ url: '/', headers: { 'user-agent': CHROME } });
    expect(body).toBe('homepage-hero');
    expect(headers['cache-control']).toBe('private, no-cache');
    expect([headers['set-cookie']].flat().some((line) => line?.startsWith('cv_vid='))).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(convert.stats().delivery.accepted).toBe(1);
    await app.close();
    await convert.close({ timeout: 1 });
  });
});
