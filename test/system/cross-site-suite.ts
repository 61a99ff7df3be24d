/** Tests of requests that a page of another site makes, as a real browser sends them. */
import { createServer, type Server } from 'node:http';
import express from 'express';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { listen, stop } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { startCollector, type Collector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

const userAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

export function crossSiteSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('a page of another site, in Chromium', () => {
    const { small, large } = testsOf(size);
    let browser: Browser;
    let page: Page;
    let collector: Collector;
    let shop: string;
    let other: string;
    /** Of each request to the shop: where it went, and the visitor that was met. */
    let met: { path: string; visitorId: string; site: unknown }[];
    let close: () => Promise<void>;

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
      const context = await browser.newContext({ userAgent });
      page = await context.newPage();
    });
    afterAll(() => browser?.close());

    beforeEach(async () => {
      met = [];
      collector = await startCollector();
      const middleware = convertMiddleware({
        project: testProject(),
        endpoints: { track: collector.origin },
        logger: false,
      });
      const app = express();
      app.use(middleware);
      app.all('/{*path}', (req, res) => {
        if (req.path === '/favicon.ico') return void res.sendStatus(404);
        req.convert.runExperience('homepage-hero');
        const { visitorId } = req.convert;
        met.push({ path: req.path, visitorId, site: req.headers['sec-fetch-site'] });
        if (req.path === '/paid') req.convert.trackConversion('purchase');
        if (req.path === '/return') return void res.redirect(303, '/paid');
        res.type('html').send('<h1>Shop</h1>');
      });
      const server: Server = createServer(app);
      const port = new URL(await listen(server)).port;
      // Two sites: the browser sends no Lax cookie from one to the other.
      shop = `http://localhost:${port}`;
      const elsewhere = createServer((req, res) => {
        res.setHeader('content-type', 'text/html');
        const body = decodeURIComponent(new URL(req.url ?? '/', 'http://a').searchParams.get('body') ?? '');
        res.end(`<!doctype html><h1>Elsewhere</h1>${body}`);
      });
      other = await listen(elsewhere);
      close = async () => {
        await page.context().clearCookies();
        await stop(server);
        await stop(elsewhere);
        await middleware.convert.close({ timeout: 100 });
        await collector.close();
      };
      flush = () => middleware.convert.flush({ timeout: 30_000 });
    });
    afterEach(() => close());
    let flush: () => Promise<unknown>;

    const elsewhereWith = (body: string) => page.goto(`${other}/?body=${encodeURIComponent(body)}`);
    const cookies = async (): Promise<string[]> =>
      (await page.context().cookies(shop)).filter(({ name }) => name === 'cv_vid').map(({ value }) => value);

    large(
      'A3: embeds images and frames of the shop: nobody is enrolled, and a visitor stays who they are',
      async () => {
        const parts = `<img src="${shop}/image"><iframe src="${shop}/frame"></iframe>`;
        await elsewhereWith(parts);
        await page.waitForLoadState('networkidle');
        expect(met.map(({ path }) => path).sort()).toEqual(['/frame', '/image']);
        await flush();
        expect(collector.requests).toEqual([]);
        expect(await cookies()).toEqual([]);

        await page.goto(`${shop}/page`);
        const [id] = await cookies();
        await elsewhereWith(parts);
        await page.waitForLoadState('networkidle');
        expect(met).toHaveLength(5);
        await page.goto(`${shop}/page`);
        expect(met.at(-1)?.visitorId).toBe(id);
        await flush();
        expect(collector.exposures()).toMatchObject([{ visitorId: id }]);
      },
    );

    small('A3: links to the shop: that is a visitor like any other', async () => {
      await elsewhereWith(`<a href="${shop}/page">shop</a>`);
      await page.click('a');
      await page.waitForURL(`${shop}/page`);
      expect(met).toMatchObject([{ site: 'cross-site' }]);
      await flush();
      expect(collector.exposures()).toMatchObject([{ visitorId: (await cookies())[0] }]);
    });

    large.each(['/paid', '/return'])(
      'A14: sends the buyer back to %s by POST: they stay who they are',
      async (path) => {
        await page.goto(`${shop}/page`);
        const [id] = await cookies();
        await elsewhereWith(`<form method="post" action="${shop}${path}"><button>Pay</button></form>`);
        await page.click('button');
        await page.waitForURL(`${shop}/paid`);
        expect(met[1]?.visitorId).not.toBe(id);
        expect(await cookies()).toEqual([id]);
        await flush();
        expect(new Set(collector.events.map(({ visitorId }) => visitorId))).toEqual(new Set([id]));
        await page.goto(`${shop}/page`);
        expect(met.at(-1)?.visitorId).toBe(id);
      },
    );
  });
}
