/** The examples for frameworks, as a host calls them: a variation, one cookie, one exposure, the same page again. */
import { expect, it } from 'vitest';
import { CHROME, collector, collectorPerTest, cookieOf, options } from './setup.js';

collectorPerTest();

type WaitUntil = (promise: Promise<unknown>) => void;
interface HeroApp {
  get(path: string, handler: (c: HonoCall) => Response): unknown;
  request(url: string, init: RequestInit, env: object, host: object): Promise<Response>;
  fetch(request: Request): Promise<Response>;
}

interface HonoCall {
  get(name: 'convert'): { runExperience(key: string): unknown };
  header(name: string, value: string): void;
  redirect(to: string): Response;
}

/** How a host calls the apps of each framework. */
const CALLS: Record<string, (app: HeroApp, request: Request, waitUntil: WaitUntil) => Promise<Response>> = {
  hono: (app, request, waitUntil) => app.request(request.url, request, {}, { waitUntil, props: {} }),
  h3: (app, request, waitUntil) => app.fetch(Object.assign(request, { waitUntil })),
};

it.each(Object.entries(CALLS))('examples/edge/%s.js', async (name, call) => {
  const example = `../../examples/edge/${name}.js`;
  const { heroApp } = (await import(example)) as { heroApp: (given: object) => HeroApp };
  const app = heroApp(options());
  const pending: Promise<unknown>[] = [];
  const get = async (cookie = ''): Promise<Response> => {
    const request = new Request('https://shop.example/', { headers: { 'user-agent': CHROME, cookie } });
    const response = await call(app, request, (promise) => void pending.push(promise));
    await Promise.all(pending);
    return response;
  };
  const first = await get();
  const page = await first.text();
  const id = cookieOf(first)!;
  expect(page).toMatch(/^<h1>(Know what works\.|Welcome)<\/h1>$/);
  expect(first.headers.get('content-type')).toMatch(/^text\/html/);
  expect(id).toMatch(/^cv_vid=[\w-]{36}$/);
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  const second = await get(id);
  expect(cookieOf(second)).toBeUndefined();
  expect(await second.text()).toBe(page);
  expect(collector.exposures().map(({ visitorId }) => `cv_vid=${visitorId}`)).toEqual([id]);
});

it('examples/edge/hono.js keeps all cookies of a response without a body', async () => {
  const example = '../../examples/edge/hono.js';
  const { heroApp } = (await import(example)) as { heroApp: (given: object) => HeroApp };
  const app = heroApp(options());
  app.get('/go', (c) => {
    c.get('convert').runExperience('homepage-hero');
    c.header('set-cookie', 'session=1');
    return c.redirect('/');
  });
  const request = new Request('https://shop.example/go', { headers: { 'user-agent': CHROME } });
  const response = await CALLS.hono!(app, request, () => undefined);
  const names = response.headers.getSetCookie().map((line) => line.split('=')[0]);
  expect(names).toEqual(['session', 'cv_vid', 'cv_ses']);
});
