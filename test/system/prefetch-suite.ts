/** Tests of a page that a real browser asks for ahead of time: it counts as a visit, once. */
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { express5Adapter } from '../adapters/express.js';
import type { Handler, RunningApp } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

export function prefetchSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  describe.skipIf(!hasChromium)('a page that Chromium asks for ahead of time', () => {
    let context: BrowserContext;

    beforeAll(async () => {
      // Not a new context, which would be an incognito one: these prefetch nothing.
      context = await chromium.launchPersistentContext('', CHROMIUM);
    });
    afterAll(() => context?.close());

    /**
     * Goes to a page that has the browser `speculate` on the next one, and then there; what the server saw of the
     * latter: with which purpose.
     */
    async function visitNext(
      speculate: 'prefetch' | 'prerender',
    ): Promise<{ asked: unknown[]; shown: string; exposures: number }> {
      const collector: Collector = await startCollector();
      const asked: unknown[] = [];
      let told = (): void => undefined;
      const isAsked = new Promise<void>((resolve) => (told = resolve));
      const rules = JSON.stringify({ [speculate]: [{ urls: ['/next'], eagerness: 'immediate' }] });
      const first: Handler = (x) =>
        x.send(200, `<a href="/next">next</a><script type="speculationrules">${rules}</script>`);
      const next: Handler = (x) => {
        const { key = 'none' } = x.convert.runExperience('homepage-hero') ?? {};
        x.send(200, `<h1>${key} ${String(x.req.headers['sec-purpose'])}</h1>`);
      };
      const app: RunningApp = await express5Adapter.start({
        convert: {
          project: testProject(),
          endpoints: { track: collector.origin },
          logger: false,
          bots: 'include',
        },
        routes: { '/': first, '/next': next },
        before: ({ req }) => {
          if (req.url !== '/next') return;
          asked.push(req.headers['sec-purpose']);
          told();
        },
      });
      try {
        const page = await context.newPage();
        await page.goto(app.url);
        await isAsked;
        await Promise.all([
          page.waitForResponse((response) => response.url().endsWith('/next') && response.status() === 200),
          page.click('a'),
        ]);
        const shown = await page.locator('h1').innerText();
        await page.close();
        await app.convert.flush();
        return { asked, shown, exposures: collector.exposures().length };
      } finally {
        await app.close();
        await app.convert.close({ timeout: 100 });
        await collector.close();
      }
    }

    for (const [test, speculate, purpose] of [
      [small, 'prefetch', 'prefetch'],
      [large, 'prerender', 'prefetch;prerender'],
    ] as const)
      test(`is asked for once and shown as it came: ${speculate}`, async () => {
        const { asked, shown, exposures } = await visitNext(speculate);
        expect(asked).toEqual([purpose]);
        expect(shown).toMatch(new RegExp(`^(original|version-b) ${purpose}$`));
        expect(exposures).toBe(1);
      });
  });
}
