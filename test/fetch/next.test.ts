/** The proxy of the example for Next, called as Next calls it. `next.slow.test.ts` builds and runs the whole app. */
import { NextRequest } from 'next/server.js';
import { expect, it, onTestFinished, vi } from 'vitest';
import { CHROME, collector, collectorPerTest, cookieOf, nextProject } from './setup.js';

collectorPerTest();

type Proxy = (request: NextRequest, event: object) => Promise<Response>;

it('examples/next/proxy.js hands decisions on by a header, and leads to a static page', async () => {
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });
  vi.stubEnv('CONVERT_SDK_KEY', '1001/2002');
  vi.stubEnv('CONVERT_SECRET', 'a secret of sixteen characters');
  const { fetch } = globalThis;
  // Convert is asked for the config, and told of the exposures.
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    init.method === 'POST' ? fetch(collector.url, init) : Promise.resolve(Response.json(nextProject())),
  );
  const example = '../../examples/next/proxy.js';
  const { proxy } = (await import(example)) as { proxy: Proxy };
  const pending: Promise<unknown>[] = [];
  const visit = async (path: string, headers: Record<string, string> = {}) => {
    const request = new NextRequest(`https://shop.example${path}`, {
      headers: { 'user-agent': CHROME, ...headers },
    });
    const waitUntil = (promise: Promise<unknown>) => void pending.push(promise);
    const response = await proxy(request, { waitUntil });
    await Promise.all(pending);
    return response;
  };

  const home = await visit('/', { 'x-convert': '{"variations":{"homepage-hero":"forged"}}' });
  const handed = JSON.parse(home.headers.get('x-middleware-request-x-convert')!) as object;
  const id = cookieOf(home)!.slice('cv_vid='.length);
  const variation = expect.stringMatching(/^(original|version-b)$/) as string;
  expect(handed).toEqual({
    visitorId: id,
    variations: { 'homepage-hero': variation },
    exposed: ['homepage-hero'],
  });
  const pricing = await visit('/pricing', { cookie: `cv_vid=${id}` });
  expect(pricing.headers.get('x-middleware-rewrite')).toMatch(
    /^https:\/\/shop\.example\/pricing\/(original|version-b)$/,
  );
  expect(pricing.headers.get('cache-control')).toBe('private, no-cache');
  expect(collector.exposures()).toMatchObject([
    { visitorId: id, data: { experienceId: '101' } },
    { visitorId: id, data: { experienceId: '104' } },
  ]);
});
