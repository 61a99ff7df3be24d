/** The assignment endpoint in each framework, over real HTTP, below a path beside other routes of the app. */
import { createServer } from 'node:http';
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { assignmentRoutes, type AssignmentRoutes } from '../../src/assignment.js';
import * as forExpress from '../../src/express.js';
import * as forFastify from '../../src/fastify.js';
import * as forKoa from '../../src/koa.js';
import { testConvert } from '../../src/testing.js';
import { listen, stop } from './harness.js';

interface Running {
  readonly url: string;
  close(): Promise<unknown>;
}

/** Each app has a route of its own, `POST /api/v1/orders`, and a body parser. */
const FRAMEWORKS: Readonly<Record<string, (routes: AssignmentRoutes) => Promise<Running>>> = {
  async express(routes) {
    const app = express();
    app.use(['/api/v1/experiments', '/api/v1/track'], forExpress.route(routes));
    app.use(express.json());
    app.post('/api/v1/orders', (req, res) => void res.json(req.body));
    const server = createServer(app);
    return { url: await listen(server), close: () => stop(server) };
  },
  async koa(routes) {
    const app = new Koa();
    const route = forKoa.route(routes);
    app.use((ctx, next) => (/^\/api\/v1\/(experiments|track)/.test(ctx.path) ? route(ctx, next) : next()));
    app.use((ctx) => void (ctx.body = { path: ctx.path }));
    const server = createServer(app.callback() as never);
    return { url: await listen(server), close: () => stop(server) };
  },
  async fastify(routes) {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(forFastify.route(routes), { prefix: '/api/v1' });
    app.post('/api/v1/orders', async (request) => request.body);
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  },
};

const TOKEN = 'exp_0123456789abcdef';

describe.each(Object.keys(FRAMEWORKS))('%s', (framework) => {
  it('answers below its path, and leaves the other routes alone', async () => {
    const convert = testConvert({ 'homepage-hero': 'version-b' }, { logger: false });
    const app = await FRAMEWORKS[framework]!(assignmentRoutes(convert, { tokens: TOKEN }));
    const post = async (path: string, body: unknown, type = 'application/json') => {
      const response = await fetch(`${app.url}/api/v1${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': type,
          'User-Agent': 'Googlebot/2.1',
          Cookie: 'cv_vid=caller',
        },
        body: JSON.stringify(body),
      });
      const { status, headers } = response;
      return {
        status,
        cache: headers.get('cache-control'),
        cookies: headers.getSetCookie(),
        body: await response.json(),
      };
    };
    try {
      const visitor = { token: TOKEN, visitor_id: 'v_123' };
      const no = { cache: 'no-store', cookies: [] };
      expect(await post('/experiments/assignments/homepage-hero?a=1', visitor)).toMatchObject({
        status: 200,
        ...no,
        body: {
          success: true,
          in_experiment: true,
          experiment_key: 'homepage-hero',
          variant_name: 'version-b',
        },
      });
      expect(
        await post('/experiments/assignments', { ...visitor, experiment_keys: ['homepage-hero'] }),
      ).toMatchObject({
        status: 200,
        body: { assignments: [{ in_experiment: true }] },
      });
      expect(await post('/experiments/personalization', visitor)).toMatchObject({ status: 200, ...no });
      expect(await post('/track', { ...visitor, event: 'purchase' })).toMatchObject({ status: 200, ...no });
      expect(await post('/experiments/assignments/homepage-hero', { ...visitor, token: 'x' })).toMatchObject({
        status: 401,
        ...no,
      });
      expect(
        await post('/experiments/assignments/homepage-hero', { more: 'x'.repeat(20_000) }),
      ).toMatchObject({ status: 413, ...no });
      // The type of the body says nothing.
      for (const type of ['garbage', ''])
        expect(
          await post('/experiments/assignments/homepage-hero', { ...visitor, token: 'x' }, type),
        ).toMatchObject({ status: 401, ...no, body: { success: false } });
      // The route reads no such body to its end, and the endpoint never sees it.
      expect(
        await post('/experiments/assignments/homepage-hero', { more: 'x'.repeat(1_100_000) }),
      ).toMatchObject({ status: 413, ...no, body: { success: false } });
      expect((await post('/orders', { id: 1 })).status).toBe(200);
      expect(convert.exposures.map(({ visitorId }) => visitorId)).toEqual(['v_123']);
      expect(convert.conversions.map(({ visitorId, goalKey }) => [visitorId, goalKey])).toEqual([
        ['v_123', 'purchase'],
      ]);
    } finally {
      await app.close();
    }
  });
});
