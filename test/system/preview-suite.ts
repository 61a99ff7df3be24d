/** Tests of preview links as a person follows them, in a real browser. One page is used for all of them. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { express5Adapter } from '../adapters/express.js';
import type { RunningApp } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

const FEATURED: Readonly<Record<string, string>> = { original: '104.1040', 'version-b': '104.1041' };
const CAPTIONS: Readonly<Record<string, string>> = { original: 'Buy', 'version-b': 'Get' };

/** What a page shows: the variation, the caption that the feature of the variation gives, and a form. */
function page(convert: ConvertContext): string {
  const variation = convert.runExperience('featured')?.key ?? 'none';
  const feature = convert.runFeature('checkout-button');
  const { caption = 'none' } = (feature.variables ?? {}) as { caption?: string };
  return `<p>${variation} ${caption}</p><form method="post"><button>${caption}</button></form>`;
}

export function previewSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('a preview link in Chromium', () => {
    const { small, large } = testsOf(size);
    let browser: Browser;
    let context: BrowserContext;
    let tab: Page;
    let app: RunningApp;
    let collector: Collector;

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
      context = await browser.newContext();
      tab = await context.newPage();
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      collector = await startCollector();
    });
    afterEach(async () => {
      await context.clearCookies();
      await app.close();
      await app.convert.close({ timeout: 100 });
      await collector.close();
    });

    async function start(options: ConvertOptions = {}): Promise<void> {
      app = await express5Adapter.start({
        convert: {
          project: testProject(),
          endpoints: { track: collector.origin },
          delivery: { linger: 5 },
          bots: 'include',
          logger: false,
          ...options,
        },
        routes: { '/': (x) => x.send(200, page(x.convert)) },
      });
    }
    const shown = () => tab.locator('p').innerText();
    const follow = (link: string) => tab.goto(`${app.url}/?convert_preview=${link}`);
    const cookies = async () => (await context.cookies()).map(({ name }) => name).sort();

    large('B7: variation and feature are those of the link, which leaves no trace', async () => {
      await start();
      // The hash of one id can give only one of the two variations.
      await context.addCookies([{ name: 'cv_vid', value: 'a-visitor', url: app.url }]);
      for (const [key, link] of Object.entries(FEATURED)) {
        await follow(link);
        expect(await shown()).toBe(`${key} ${CAPTIONS[key]}`);
      }
      expect(await cookies()).toEqual(['cv_vid']);
      await app.convert.flush();
      expect(collector.events).toEqual([]);
    });

    small('B7: it works before the consent banner is answered', async () => {
      await start({ consent: { cookie: 'consent', granted: 'yes' } });
      await tab.goto(app.url);
      expect(await shown()).toBe('none none');
      await follow('104.1041');
      expect(await shown()).toBe('version-b Get');
      expect(await cookies()).toEqual([]);
    });

    large('B7: a form that is sent from it is a visit like any other', async () => {
      await start();
      await tab.goto(app.url);
      const own = await shown();
      const other = own.startsWith('original') ? 'version-b' : 'original';
      await follow(FEATURED[other]!);
      expect(await shown()).toBe(`${other} ${CAPTIONS[other]}`);
      await tab.locator('button').click();
      await tab.waitForLoadState();
      expect(await shown()).toBe(own);
      await app.convert.flush();
      expect(collector.exposures()).toHaveLength(1);
    });
  });
}
