/** The example for Hono, as Workers call it: a variation, one cookie, one exposure, the same on the second request. */
import type { Hono } from 'hono';
import { expect, it } from 'vitest';
import { CHROME, collector, collectorPerTest, cookieOf, options } from './setup.js';

collectorPerTest();

it('examples/edge/hono.js decides once, and sends what it has decided', async () => {
  const example = '../../examples/edge/hono.js';
  const { heroApp } = (await import(example)) as { heroApp: (given: object) => Hono };
  const app = heroApp(options());
  const pending: Promise<unknown>[] = [];
  const get = async (cookie = ''): Promise<Response> => {
    const host = {
      waitUntil: (promise: Promise<unknown>) => void pending.push(promise),
      passThroughOnException: () => undefined,
      props: {},
    };
    const response = await app.request(
      'https://shop.example/',
      { headers: { 'user-agent': CHROME, cookie } },
      {},
      host,
    );
    await Promise.all(pending);
    return response;
  };
  const first = await get();
  const id = cookieOf(first)!;
  expect(id).toMatch(/^cv_vid=[\w-]{36}$/);
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  const second = await get(id);
  expect(cookieOf(second)).toBeUndefined();
  expect(await second.text()).toBe(await first.text());
  expect(collector.exposures().map(({ visitorId }) => `cv_vid=${visitorId}`)).toEqual([id]);
});
