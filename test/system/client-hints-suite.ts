/** Tests of client hints as a real browser sends them: by itself, and when it is asked. */
import { createServer, type Server } from 'node:http';
import express from 'express';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { listen, stop } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

// A phone that its user agent does not tell: what is told of it comes from the hints.
const userAgent =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

export function clientHintsSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('client hints of Chromium', () => {
    const { small, large } = testsOf(size);
    let browser: Browser;
    let close: (() => Promise<void>) | undefined;
    /** Of each page view: what was asked for and sent, and what is told by it. */
    let views: { sent: boolean; device: unknown; os: unknown; visitorId: string }[];

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
    });
    afterAll(() => browser?.close());
    afterEach(() => close?.());

    async function visit(paths: string[], options: ConvertOptions): Promise<void> {
      views = [];
      const middleware = convertMiddleware({ project: testProject(), logger: false, ...options });
      const app = express();
      app.use(middleware);
      app.get('/page', (req, res) => {
        const { device, os } = req.convert.visitorProperties;
        const sent = req.headers['sec-ch-ua-form-factors'] !== undefined;
        views.push({ sent, device, os, visitorId: req.convert.visitorId });
        res.send('<h1>Hello</h1>');
      });
      app.get('/other', (_req, res) => void res.send('<h1>Hello</h1>'));
      const server: Server = createServer(app);
      const origin = await listen(server);
      const context = await browser.newContext({ userAgent, isMobile: true });
      close = async () => {
        await context.close();
        await stop(server);
        await middleware.convert.close({ timeout: 100 });
      };
      const page = await context.newPage();
      for (const path of paths) {
        if (path === 'denies') await context.addCookies([{ name: 'consent', value: 'no', url: origin }]);
        else await page.goto(origin + path);
      }
    }

    large('go before the user agent', async () => {
      await visit(['/page', '/page'], {});
      expect(views).toMatchObject([
        { sent: false, device: 'mobile', os: 'android' },
        { sent: false, device: 'mobile', os: 'android' },
      ]);
    });

    small('come once a page has asked for them, whichever it was', async () => {
      await visit(['/other', '/page'], { acceptClientHints: true });
      expect(views).toMatchObject([{ sent: true }]);
    });

    large('come no more once the visitor has denied consent', async () => {
      const consent: ConvertOptions['consent'] = (req: express.Request) =>
        !/consent=no/.test(req.headers.cookie ?? '');
      await visit(['/page', '/page', 'denies', '/page', '/page'], { acceptClientHints: true, consent });
      expect(views.map(({ sent }) => sent)).toEqual([false, true, true, false]);
    });

    large(
      'come with the first page where they are critical, which is asked for again, by the same visitor',
      async () => {
        await visit(['/page', '/page'], { acceptClientHints: 'critical' });
        expect(views).toMatchObject([{ sent: false }, { sent: true }, { sent: true }]);
        expect(new Set(views.map(({ visitorId }) => visitorId)).size).toBe(1);
      },
    );
  });
}
