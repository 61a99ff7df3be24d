/** A visitor's way through the demo shop, in a real browser. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { type CaseSize, testsOf } from '../support/tiers.js';
import {
  CHROME,
  type FRAMEWORKS,
  HERO,
  IPHONE,
  PURCHASE,
  type Shop,
  type ShopEvent,
  startShop,
} from './shop.js';

/** Text that only this variation of the home page has. */
const HEADLINES: Record<string, string> = {
  original: 'Pottery for the everyday table',
  story: 'Forty hours in every cup',
  gift: 'A present for every morning',
};
const DESKTOP = { viewport: { width: 1280, height: 720 }, userAgent: CHROME };
const PHONE = { viewport: { width: 390, height: 844 }, userAgent: IPHONE };

export function shopSuite(framework: (typeof FRAMEWORKS)[number], size: CaseSize): void {
  const { small, large } = testsOf(size);

  describe.skipIf(!hasChromium)(`the shop on ${framework}, in Chromium`, () => {
    let browser: Browser;
    let shop: Shop;
    let context: BrowserContext;
    let page: Page;
    /** What the browser complains about: scripts that fail, files that are missing, what the CSP blocks. */
    let complaints: string[];

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      shop = await startShop(framework);
      complaints = [];
    });
    afterEach(async () => {
      await context?.close();
      await shop.close();
    });

    async function visit(options: typeof DESKTOP): Promise<void> {
      context = await browser.newContext(options);
      page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(shop.url);
    }

    const heroShown = () => page.locator('[data-hero]').getAttribute('data-hero');
    const headline = () => page.locator('h1').innerText();
    // As text: these run in the page, whose globals the types of this project don't know.
    const heroInAttribute = () =>
      page.evaluate<string | undefined>(
        `JSON.parse(document.documentElement.dataset.cvVariations)['home-hero']`,
      );
    const heroInScript = () => page.evaluate<string | undefined>(`window.__CV__['home-hero']`);
    const cookie = async (name: string) =>
      (await context.cookies()).find((each) => each.name === name)?.value;
    const answer = (value: 'granted' | 'denied') => page.click(`.consent button[value=${value}]`);

    /** What the panel says of an experience. */
    const isIn = async (experience: string) => {
      const entry = page.locator('.decisions li').filter({ hasText: experience });
      return (await entry.getAttribute('class')) === 'is-in';
    };

    async function buy(): Promise<void> {
      await page.click('a[href="/products/dawn-mug"] h3');
      await page.click('.product button');
      await page.getByRole('button', { name: 'One Dawn mug more' }).click();
      expect(await page.locator('[data-cart-count]').innerText()).toBe('2');
      await page.getByRole('button', { name: 'One Dawn mug less' }).click();
      expect(await page.locator('[data-cart-count]').innerText()).toBe('1');
      await page.click('a[href="/checkout"]');
      const push = await page.evaluate<string | undefined>(
        `JSON.parse(document.documentElement.dataset.cvVariations)['checkout-push']`,
      );
      const button = page.locator('[data-place-order]');
      expect(await button.innerText()).toBe(push === 'push' ? 'Send it my way' : 'Place order');
      await button.click();
      await page.waitForURL('**/thank-you?*');
      expect(await page.locator('[data-order]').getAttribute('data-order')).toBe('paid');
    }

    small('shows one variation, counts one exposure and one purchase of one visitor', async () => {
      await visit(DESKTOP);
      expect(await heroShown()).toBe('original');
      expect(await heroInAttribute()).toBeUndefined();
      expect(await cookie('cv_vid')).toBeUndefined();

      await answer('granted');
      const hero = (await heroInAttribute()) ?? '';
      expect(Object.keys(HEADLINES)).toContain(hero);
      expect(await heroShown()).toBe(hero);
      expect(await heroInScript()).toBe(hero);
      expect(await headline()).toBe(HEADLINES[hero]);
      const visitorId = (await cookie('cv_vid'))!;
      expect(visitorId).toMatch(/^[0-9a-f-]{36}$/);

      await page.reload();
      expect(await heroInAttribute()).toBe(hero);
      expect(await headline()).toBe(HEADLINES[hero]);

      await buy();
      expect(await cookie('cv_vid')).toBe(visitorId);
      expect(complaints).toEqual([]);

      await context.close();
      // Closing sends what waits: from here on nothing more can arrive.
      await shop.close();
      const exposures = shop.events.filter(({ data }) => data.experienceId === HERO.id);
      expect(exposures).toHaveLength(1);
      expect(exposures[0]!.visitorId).toBe(visitorId);
      expect(HERO.variations[exposures[0]!.data.variationId as keyof typeof HERO.variations]).toBe(hero);

      const [conversion, transaction, ...more] = purchases(shop.events);
      expect(more).toEqual([]);
      expect(conversion).toMatchObject({ visitorId, eventType: 'conversion' });
      expect(conversion!.data.goalData).toBeUndefined();
      expect(transaction).toMatchObject({ visitorId, eventType: 'conversion' });
      expect(Object.fromEntries(transaction!.data.goalData!.map(({ key, value }) => [key, value]))).toEqual({
        amount: 32.9,
        productsCount: 1,
        transactionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(transaction!.data.bucketingData?.[HERO.id]).toBe(exposures[0]!.data.variationId);
      expect(new Set(shop.events.map((event) => event.visitorId))).toEqual(new Set([visitorId]));
    });

    large('gives the original page to a visitor who refuses, and counts nothing', async () => {
      await visit(DESKTOP);
      await answer('denied');
      expect(await headline()).toBe(HEADLINES.original);
      expect(await page.locator('.consent').count()).toBe(0);
      await buy();
      expect(await cookie('cv_vid')).toBeUndefined();
      expect(complaints).toEqual([]);
      await shop.close();
      expect(shop.events).toEqual([]);
    });

    large(
      'hides nothing behind the consent banner: at the end of the page it stands below the rest',
      async () => {
        await visit(PHONE);
        const [footerEnd, bannerStart] = await page.evaluate<[number, number]>(`(() => {
      scrollTo({ top: document.body.scrollHeight, behavior: 'instant' });
      const box = (selector) => document.querySelector(selector).getBoundingClientRect();
      return [box('.shop-footer').bottom, box('.consent').top];
    })()`);
        expect(footerEnd).toBeLessThanOrEqual(bannerStart);
      },
    );

    large('says why above the fold on a desktop, and one tap away on a phone', async () => {
      /** True if all of these lie within the window. */
      const areInView = (selectors: string[]) =>
        page.evaluate<boolean>(`${JSON.stringify(selectors)}.every((selector) => {
          const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        })`);
      await visit(DESKTOP);
      const panel = [
        '#why-title',
        '.decisions',
        '.heroes',
        '[data-ledger]',
        '[data-collector] .if-up.button',
      ];
      expect(await areInView(panel)).toBe(true);
      await answer('granted');
      expect(await areInView(panel)).toBe(true);
      await context.close();

      await visit(PHONE);
      expect(await areInView(['#why-title'])).toBe(false);
      await page.getByRole('link', { name: 'Why this page?' }).click();
      await expect.poll(() => areInView(['#why-title', '.decisions', '.heroes'])).toBe(true);
    });

    large('starts over from the collector', async () => {
      await visit(DESKTOP);
      await answer('granted');
      await page.goto(`${shop.url}/collector`);
      await page.getByRole('button', { name: 'Start over' }).click();
      await page.waitForSelector('.consent');
      expect(await cookie('cv_vid')).toBeUndefined();
    });

    large('loses nothing while the collector is down', async () => {
      await visit(DESKTOP);
      await page.getByRole('button', { name: 'Take the collector down' }).click();
      await page.waitForSelector('[data-collector=down]');
      expect(await page.locator('[data-hero]').count()).toBe(1);
      await answer('granted');
      await buy();
      const ledger = page.locator('[data-ledger]');
      const others = ' + 0 spooled + 0 rejected + 0 dropped';
      await expect.poll(() => ledger.innerText()).toBe(`6 accepted = 0 delivered + 6 pending${others}`);
      expect(await page.locator('[data-events] li').count()).toBe(0);
      await page.getByRole('button', { name: 'Bring the collector back' }).click();
      await expect.poll(() => ledger.innerText()).toBe(`6 accepted = 6 delivered + 0 pending${others}`);
      // The panel has the newest; they came while the page was open.
      await expect.poll(() => page.locator('[data-events] li').count()).toBe(3);
      await page.goto(`${shop.url}/collector`);
      expect(await page.locator('[data-events] li').count()).toBe(6);
      expect(await page.locator('[data-webhooks]').innerText()).toBe('1 tracked');
      expect(complaints).toEqual([]);
    });

    large('previews each variation by a signed link, and counts nothing of it', async () => {
      await visit(DESKTOP);
      for (const [key, text] of Object.entries(HEADLINES)) {
        await page.click(`[data-preview=${key}]`);
        expect(await headline()).toBe(text);
        expect(await page.locator('.cv-preview').innerText()).toContain(`home-hero = ${key}`);
        const current = page.locator('.heroes [aria-current]');
        expect(await current.getAttribute('data-preview')).toBe(key);
        await page.click('.cv-preview a');
        expect(await page.locator('.cv-preview').count()).toBe(0);
      }
      expect(await headline()).toBe(HEADLINES.original);
      expect(await cookie('cv_vid')).toBeUndefined();
      expect(complaints).toEqual([]);
      await shop.close();
      expect(shop.events).toEqual([]);
    });

    large('lets the demo bar and the campaign link play the audiences', async () => {
      await visit(DESKTOP);
      await answer('granted');
      expect(await isIn('spring-banner')).toBe(false);
      expect(await page.locator('[data-banner]').count()).toBe(0);
      await page.click('a[href="/?utm_campaign=spring"]');
      expect(await isIn('spring-banner')).toBe(true);
      const banner = await page.locator('[data-banner]').innerText();
      // A permanent audience: who came with the campaign once belongs to it.
      await page.goto(shop.url);
      expect(await page.locator('[data-banner]').innerText()).toBe(banner);

      await page.selectOption('select[name=country]', 'DE');
      await page.waitForSelector('option[value=DE][selected]', { state: 'attached' });
      await page.click('a[href="/products/dawn-mug"] h3');
      expect(await isIn('phone-buy-bar')).toBe(false);
      expect(complaints).toEqual([]);
    });

    large('fits a phone', async () => {
      await visit(PHONE);
      const fits = async () => {
        const [scrollWidth, clientWidth] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
        );
        return { path: new URL(page.url()).pathname, scrollWidth, clientWidth };
      };
      const widths = [await fits()];
      await answer('granted');
      widths.push(await fits());
      await page.selectOption('select[name=country]', 'DE');
      await page.waitForSelector('option[value=DE][selected]', { state: 'attached' });
      await page.click('a[href="/products/dawn-mug"] h3');
      expect(await page.locator('.panel').innerText()).toContain('country = DE');
      expect(await isIn('phone-buy-bar')).toBe(true);
      widths.push(await fits());
      // A bar in the place of the button, or the button: never both.
      const barShown = (await page.locator('[data-buy-bar]').count()) === 1;
      expect(await page.locator('.product button').count()).toBe(barShown ? 0 : 1);
      await page.getByRole('button', { name: 'Add to cart' }).click();
      widths.push(await fits());
      await page.click('a[href="/checkout"]');
      widths.push(await fits());
      await page.goto(`${shop.url}/collector`);
      await page.waitForSelector('[data-events] .exposure');
      const visitor = page.locator('[data-events] .visitor').first();
      expect(await visitor.getAttribute('title')).toBe(await cookie('cv_vid'));
      expect(await visitor.innerText()).toBe((await cookie('cv_vid'))!.slice(0, 8));
      widths.push(await fits());
      expect(widths.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toEqual([]);
      expect(widths.map(({ path }) => path)).toEqual([
        '/',
        '/',
        '/products/dawn-mug',
        '/cart',
        '/checkout',
        '/collector',
      ]);
      expect(complaints).toEqual([]);
    });
  });
}

function purchases(events: readonly ShopEvent[]): ShopEvent[] {
  return events.filter(({ data }) => data.goalId === PURCHASE);
}
