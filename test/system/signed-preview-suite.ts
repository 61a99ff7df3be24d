/** Tests of a person who checks a variation in a browser before it runs: link, page after page, and the way out. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { express5Adapter } from '../adapters/express.js';
import type { RunningApp } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

const HOUR = 60 * 60 * 1000;
const NONCE = 'bm9uY2U';
const CSP = `default-src 'none'; style-src 'nonce-${NONCE}'; form-action 'self'`;

/** What a page shows: the mark, the variations of two experiences, the caption of a feature, a link and a form. */
function page(convert: ConvertContext): string {
  const shown = ['homepage-hero', 'featured'].map((key) => convert.runExperience(key)?.key ?? 'none');
  const feature = convert.runFeature('checkout-button');
  const { caption = 'none' } = (feature.variables ?? {}) as { caption?: string };
  convert.trackConversion('purchase');
  return (
    `<!doctype html><title>shop</title>${convert.previewMark({ nonce: NONCE })}<p>${shown.join(' ')} ${caption}</p>` +
    `<a id="next" href="/next">next</a><form method="post" action="/next" enctype="text/plain"><button>buy</button></form>` +
    convert.hiddenField()
  );
}

export function signedPreviewSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('a signed preview in Chromium', () => {
    const { small, large } = testsOf(size);
    const adapter = express5Adapter;
    let browser: Browser;
    let context: BrowserContext;
    let tab: Page;
    let app: RunningApp;
    let collector: Collector;
    let violations: string[];

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
      context = await browser.newContext();
      tab = await context.newPage();
      tab.on('console', (message) => void violations.push(message.text()));
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      collector = await startCollector();
      violations = [];
    });
    afterEach(async () => {
      vi.useRealTimers();
      await context.clearCookies();
      await app.close();
      await app.convert.close({ timeout: 100 });
      await collector.close();
    });

    async function start(options: ConvertOptions = {}, isShared = false): Promise<void> {
      const handler = (x: {
        convert: ConvertContext;
        header(name: string, value: string): void;
        send(status: number, body: string): void;
      }): void => {
        x.header('Content-Type', 'text/html; charset=utf-8');
        x.header('Content-Security-Policy', CSP);
        // With it, the browser would keep pages, and ask for none of them again.
        if (isShared) x.header('Cache-Control', 'public, max-age=600');
        x.send(200, page(x.convert));
      };
      app = await adapter.start({
        convert: {
          project: testProject(),
          endpoints: { track: collector.origin },
          delivery: { linger: 5 },
          bots: 'include',
          logger: false,
          preview: 'signed',
          previewCookie: true,
          secrets: 'a secret of the test',
          ...options,
        },
        routes: { '/': handler, '/next': handler },
      });
      await app.convert.ready();
    }
    const shown = () => tab.locator('p').innerText();
    const cookies = async () => (await context.cookies()).map(({ name }) => name).sort();
    const link = (variations: Record<string, string>, expires = Date.now() + HOUR) =>
      app.convert.previewLink(`${app.url}/?utm_source=qa`, { variations, expires });
    const events = async () => {
      await app.convert.flush();
      return collector.events;
    };

    large('walks from the link over pages and a form to the way out, and leaves no trace', async () => {
      await start({}, true);
      for (const [hero, featured, caption] of [
        ['original', 'version-b', 'Get'],
        ['version-b', 'original', 'Buy'],
      ] as const) {
        const answer = await tab.goto(link({ 'homepage-hero': hero, featured }));
        expect(answer!.headers()).toMatchObject({ 'cache-control': 'private, no-store' });
        expect(answer!.headers()['x-convert-preview']).toMatch(/^101\.101[01], 104\.104[01]$/);
        expect(await shown()).toBe(`${hero} ${featured} ${caption}`);
        expect(await tab.locator('.cv-preview').innerText()).toBe(
          `Preview: homepage-hero = ${hero}, featured = ${featured}. Leave the preview`,
        );
        expect(await cookies()).toEqual(['cv_preview']);
        await tab.locator('#next').click();
        expect(new URL(tab.url()).search).toBe('');
        expect(await shown()).toBe(`${hero} ${featured} ${caption}`);
        await tab.locator('button').click();
        await tab.waitForLoadState();
        expect(await shown()).toBe(`${hero} ${featured} ${caption}`);
      }
      const position = 'getComputedStyle(document.querySelector(".cv-preview")).position';
      expect(await tab.evaluate(position)).toBe('fixed');
      expect(await tab.locator('input[name=cv_vid]').count()).toBe(0);
      expect(await events()).toEqual([]);

      await tab.goto(`${app.url}/next?a=1`);
      await tab.locator('.cv-preview a').click();
      expect(tab.url()).toBe(`${app.url}/next?a=1&convert_preview=off`);
      expect(await tab.locator('.cv-preview').count()).toBe(0);
      expect(await cookies()).not.toContain('cv_preview');
      await tab.locator('#next').click();
      expect(await tab.locator('.cv-preview').count()).toBe(0);
      expect(violations).toEqual([]);
    });

    large('follows no link that is not signed, and none that has expired', async () => {
      await start();
      await context.addCookies([{ name: 'cv_vid', value: 'a-visitor', url: app.url }]);
      await tab.goto(`${app.url}/next`);
      const own = await shown();
      const other = own.startsWith('original') ? 'version-b' : 'original';
      const good = link({ 'homepage-hero': other });
      await tab.goto(`${app.url}/?convert_preview=101.101${other === 'original' ? 0 : 1}`);
      expect(await shown()).toBe(own);
      await tab.goto(good.replace('1l_', '1l_9'));
      expect(await shown()).toBe(own);
      expect(await cookies()).not.toContain('cv_preview');
      await tab.goto(good);
      expect((await shown()).startsWith(other)).toBe(true);

      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + HOUR + 1000 });
      await tab.goto(`${app.url}/next`);
      expect(await shown()).toBe(own);
      expect(await cookies()).not.toContain('cv_preview');
      const answer = await tab.goto(good);
      expect(answer!.headers()['x-convert-preview']).toBe('expired');
      expect(await shown()).toBe(own);
      expect(await tab.locator('.cv-preview').innerText()).toContain('has expired');
      expect(await cookies()).not.toContain('cv_preview');
    });

    small('works before consent, which it neither needs nor gives', async () => {
      await start({ consent: { cookie: 'consent', granted: 'yes' } });
      await tab.goto(link({ featured: 'version-b' }));
      expect(await shown()).toBe('none version-b Get');
      await tab.locator('#next').click();
      expect(await shown()).toBe('none version-b Get');
      expect(await cookies()).toEqual(['cv_preview']);
      await tab.locator('.cv-preview a').click();
      expect(await shown()).toBe('none none none');
      expect(await cookies()).toEqual([]);
      expect(await events()).toEqual([]);
    });
  });
}
