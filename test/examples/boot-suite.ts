/** Tests of examples: each is started as its first line says, visited, and ended as an operator ends it. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressOf, endAll, endedBy, start } from './processes.js';
import { CHROME, type FRAMEWORKS, HERO } from './shop.js';

/** What is started, and how it is ended. */
interface Boots {
  readonly frameworks: readonly (typeof FRAMEWORKS)[number][];
  readonly signals: readonly ('SIGTERM' | 'SIGINT')[];
  /** That are none. */
  readonly ports: readonly string[];
}

/** Call it at the top of a test file. */
export function bootSuite({ frameworks, signals, ports }: Boots): void {
  afterEach(endAll);

  describe.each(frameworks)('examples/%s.js', (framework) => {
    it('decides, tracks, sends, and ends on SIGTERM', async () => {
      const example = start([`examples/${framework}.js`]);
      const url = await addressOf(example);
      const headers: Record<string, string> = { 'User-Agent': CHROME };

      const home = await fetch(url, { headers });
      expect(home.status).toBe(200);
      expect(home.headers.get('content-type')).toContain('text/html');
      const headline = /<h1>(.*)<\/h1>/.exec(await home.text())?.[1];
      const visitorId = /^cv_vid=([^;]+)/.exec(home.headers.getSetCookie()[0]!)![1]!;

      headers.Cookie = `cv_vid=${visitorId}`;
      headers['Content-Type'] = 'application/x-www-form-urlencoded';
      const thanks = await fetch(`${url}/signup`, { method: 'POST', headers, body: '' });
      expect(await thanks.text()).toContain('Thank you!');

      expect(await endedBy(example, 'SIGTERM')).toBe(0);
      const sent = example
        .said()
        .split('\n')
        .filter((line) => line.startsWith(visitorId))
        .map((line) => JSON.parse(line.slice(visitorId.length)));
      const variationId = headline === 'Know what works.' ? '300102' : '300101';
      expect([headline, ...sent]).toEqual([
        expect.stringMatching(/^(Know what works\.|Welcome)$/),
        { eventType: 'bucketing', data: { experienceId: '3001', variationId } },
        { eventType: 'conversion', data: { goalId: '7001', bucketingData: { '3001': variationId } } },
      ]);
    });
  });

  it.runIf(signals.includes('SIGINT'))('examples/mobile-api.js decides for the id of the app', async () => {
    const example = start(['examples/mobile-api.js']);
    const url = await addressOf(example);
    const home = await fetch(`${url}/home`, { headers: { 'X-Visitor-Id': 'device-1' } });
    expect(home.headers.getSetCookie()).toEqual([]);
    const { experiments } = (await home.json()) as { experiments: unknown };
    expect(experiments).toMatchObject({ visitorId: 'device-1', exposed: ['homepage-hero'] });
    const signup = await fetch(`${url}/signup`, { method: 'POST', headers: { 'X-Visitor-Id': 'device-1' } });
    expect(await signup.json()).toEqual({ outcome: 'accepted' });
    expect(await endedBy(example, 'SIGTERM')).toBe(0);
    expect(example.said().match(/^device-1 /gm)).toHaveLength(2);
  });

  it.runIf(signals.includes('SIGINT'))('examples/two-brands.js has one visitor of two projects', async () => {
    const example = start(['examples/two-brands.js']);
    const url = await addressOf(example);
    const visit = async () => {
      const home = await fetch(url, { headers: { 'User-Agent': CHROME } });
      const cookies = home.headers.getSetCookie().map((line) => line.split(/[=;]/, 2));
      return { page: await home.text(), cookies };
    };
    // On a busy machine, the first visitors come before the configs, which tell the names of the cookies.
    let visited = await visit();
    while (visited.cookies.length < 3) visited = await visit();
    expect(visited.cookies.map(([name]) => name)).toEqual(['cv_vid', 'cv_ses', 'cv_2004_ses']);
    expect(visited.page).toMatch(/<h1>.+<\/h1><p>Outlet: .+<\/p>/);
    expect(await endedBy(example, 'SIGTERM')).toBe(0);
    const sent = example.said().match(/^\S+ (?=\{"eventType":"bucketing")/gm)!;
    const visitorId = visited.cookies[0]![1];
    expect(sent.filter((line) => line === `${visitorId} `)).toHaveLength(2);
  });

  describe.each(frameworks)('examples/shop/server.js on %s', (framework) => {
    it.each(signals)('opens, shows a variation, and ends on %s', async (signal) => {
      const example = start(['examples/shop/server.js', '--framework', framework]);
      const url = await addressOf(example);
      expect(example.said()).toContain(framework);
      const page = await fetch(url, { headers: { 'User-Agent': CHROME, Cookie: 'consent=granted' } });
      expect(page.status).toBe(200);
      const variations = /data-cv-variations="([^"]*)"/
        .exec(await page.text())![1]!
        .replaceAll('&quot;', '"');
      expect(Object.values(HERO.variations)).toContain(
        (JSON.parse(variations) as Record<string, string>)['home-hero'],
      );
      expect(await endedBy(example, signal)).toBe(0);
      expect(example.said()).toContain('Closed. 1 accepted, 1 delivered, 0 dropped.');
    });
  });

  describe('examples/shop/server.js', () => {
    it.each(ports)('refuses PORT=%s', async (port) => {
      const example = start(['examples/shop/server.js'], port);
      expect(await example.ended).toBe(1);
      expect(example.said()).toMatch(new RegExp(`^PORT=${port} is no port: .*\n$`));
    });

    it('says that a port is taken', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const example = start(['examples/shop/server.js'], port);
      expect(await example.ended).toBe(1);
      expect(example.said()).toContain(`port ${port} is taken`);
      other.close();
    });

    it('says which frameworks there are', async () => {
      const example = start(['examples/shop/server.js', '--framework', 'hapi']);
      expect(await example.ended).toBe(1);
      expect(example.said()).toContain('express, koa, fastify');
    });
  });
}
