/** `visitor.cookie: false`: clients with an id of their own, and none of our cookies. */
import express from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { createConvert } from '../../src/index.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';

const visitor = {
  id: (req: express.Request) => req.get('x-visitor-id'),
  cookie: false,
} satisfies ConvertOptions<express.Request>['visitor'];

describe('without cookies', () => {
  it('decides for the id that the client sends, and enrols nobody without one', async () => {
    const collector = await startCollector();
    const logged: string[] = [];
    const log = (message: string): void => void logged.push(message);
    const middleware = convertMiddleware({
      project: testProject(),
      endpoints: { track: collector.origin },
      logger: { error: log, warn: log },
      visitor,
      consent: ({ headers }) => headers['x-consent'] !== 'no',
    });
    await middleware.convert.ready();
    const app = express();
    app.use(middleware);
    app.get('/', async (req, res) => {
      const { convert } = req;
      convert.share({ key: ['homepage-hero'], seconds: 60 });
      convert.runExperience('homepage-hero');
      convert.bridge.signal({ cookie: true, header: true });
      await convert.identify('user-1');
      const { reason } = convert.explain('homepage-hero');
      res.json({ reason, page: JSON.parse(convert.bridge.json()) as unknown });
    });
    const get = async (headers: Record<string, string>) => {
      const answer = await request(app)
        .get('/')
        .set({ cookie: 'cv_vid=11111111-1111-4111-8111-111111111111; cv_ses=1.x.n', ...headers });
      expect(answer.headers['set-cookie']).toBeUndefined();
      return answer;
    };

    const first = await get({ 'x-visitor-id': 'device-1', 'user-agent': 'ShopApp/1.0 okhttp/4.9' });
    const second = await get({ 'x-visitor-id': 'device-1', 'user-agent': 'ShopApp/1.1 okhttp/4.9' });
    expect(first.body).toMatchObject({ page: { visitorId: 'device-1', exposed: ['homepage-hero'] } });
    expect((second.body as { page: unknown }).page).toEqual((first.body as { page: unknown }).page);
    expect(first.headers).toMatchObject({
      'cache-control': 'private, no-cache',
      'x-convert-variations': expect.stringContaining('homepage-hero') as string,
    });

    const browser = {
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36',
    };
    const nobody = await get(browser);
    expect(nobody.body).toEqual({ reason: 'no-identity', page: { variations: {}, exposed: [] } });
    const denied = await get({ ...browser, 'x-consent': 'no' });
    expect(denied.body).toMatchObject({ reason: 'consent' });

    await middleware.convert.close();
    expect(collector.exposures().map(({ visitorId }) => visitorId)).toEqual(['device-1']);
    await collector.close();
    const told = logged.filter((message) => message.includes('visitor.cookie'));
    expect(told.map((message) => /share|identify/.exec(message)?.[0]).sort()).toEqual(['identify', 'share']);
  });

  it.each([
    [{ visitor: { cookie: false } }, 'give `visitor.id`'],
    [{ visitor, session: { name: 'x' } }, '`session` and `visitor.cookie: false`'],
    [{ visitor, responseCache: {} }, '`responseCache` and `visitor.cookie: false`'],
    [{ visitor: { ...visitor, cookie: true } }, '`visitor.cookie` must be'],
  ])('refuses %j', (options, message) => {
    expect(() => createConvert({ project: testProject(), ...options } as never)).toThrow(message);
  });
});
