/** Tests of cookies as a real browser keeps them, sends them, and refuses them. One page is used for all of them. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { ConvertOptions } from '../../src/options/types.js';
import { express5Adapter } from '../adapters/express.js';
import type { RunningApp } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

export function cookiesSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('cookies in Chromium', () => {
    const { small, large } = testsOf(size);
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let app: RunningApp;
    const apps: RunningApp[] = [];
    let warnings: string[];

    beforeAll(async () => {
      browser = await chromium.launch({
        ...CHROMIUM,
        args: [
          ...CHROMIUM.args,
          '--host-resolver-rules=MAP *.example 127.0.0.1',
          '--test-third-party-cookie-phaseout',
        ],
      });
      context = await browser.newContext();
      page = await context.newPage();
    });
    afterAll(() => browser?.close());
    afterEach(async () => {
      await context.clearCookies();
      for (const running of apps.splice(0)) {
        await running.close();
        await running.convert.close({ timeout: 100 });
      }
    });

    /** Starts an app. Cookies are the same for all ports of a host, so the next app gets those of this one. */
    async function start(options: ConvertOptions): Promise<void> {
      warnings = [];
      const warn = (message: string): void => void warnings.push(message);
      app = await express5Adapter.start({
        convert: {
          project: testProject(),
          endpoints: { track: 'http://127.0.0.1:9/' },
          bots: 'include',
          logger: { error: () => undefined, warn },
          ...options,
        },
        routes: {
          '/': (x) => x.send(200, `<p>${x.convert.visitorId}</p>`),
          '/frame': (x) => x.send(200, `<iframe src="${at('localhost')}"></iframe>`),
        },
      });
      apps.push(app);
    }

    /** The address of the app under another name. */
    const at = (host: string): string => app.url.replace('127.0.0.1', host);

    /** Goes to a page so many times; returns the visitor ids that the server saw. */
    async function view(host: string, times = 2): Promise<string[]> {
      const ids: string[] = [];
      for (let time = 0; time < times; time++) {
        await page.goto(at(host));
        ids.push(await page.locator('p').innerText());
      }
      return ids;
    }

    small('A1: an older cookie with another Domain does not make each page a new visitor', async () => {
      await start({});
      await context.addCookies([
        { name: 'cv_vid', value: 's%3Aold.sig', domain: '.shop.example', path: '/' },
        { name: 'cv_ses', value: 'old', domain: '.shop.example', path: '/' },
      ]);
      const ids = await view('www.shop.example', 3);
      expect(new Set(ids).size).toBe(1);
    });

    large.each<[string, string, ConvertOptions['visitor'], string | undefined]>([
      ['a domain on localhost', 'localhost', { cookie: { domain: 'shop.example' } }, 'cookie.domain'],
      ['a domain on another host', 'other.example', { cookie: { domain: 'shop.example' } }, 'cookie.domain'],
      ['a domain on its host', 'www.shop.example', { cookie: { domain: 'shop.example' } }, 'plain http'],
      ['__Host- on localhost', 'localhost', { cookie: { name: '__Host-vid' } }, undefined],
      ['__Secure- on localhost', 'localhost', { cookie: { name: '__Secure-vid' } }, undefined],
      ['plain http on a host', 'shop.example', {}, 'plain http'],
      ['plain http on localhost', 'localhost', {}, undefined],
    ])('A8: one visitor stays one with %s', async (_name, host, visitor, warning) => {
      await start({ visitor });
      const ids = await view(host, 3);
      expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
      expect(new Set(ids).size).toBe(1);
      if (warning === undefined) expect(warnings).toEqual([]);
      else expect(warnings.filter((each) => each.includes(warning))).toHaveLength(1);
    });

    large('A8: says why a cookie that must be Secure is not kept over plain http', async () => {
      await start({ visitor: { cookie: { secure: true } } });
      expect(new Set(await view('shop.example')).size).toBe(2);
      expect(warnings).toMatchObject([
        expect.stringMatching(/plain http.*proxy that the framework does not trust/),
      ]);
    });

    large('B2: a denial removes the cookies that were set before `domain` was configured', async () => {
      await start({});
      await view('www.shop.example');
      await start({ visitor: { cookie: { domain: 'shop.example' } } });
      await view('www.shop.example');
      const names = async () => (await context.cookies()).map(({ name }) => name).sort();
      expect(await names()).toEqual(['cv_ses', 'cv_vid']);
      await context.addCookies([{ name: 'cv_vid', value: 'newer', domain: '.shop.example', path: '/' }]);
      await start({ visitor: { cookie: { domain: 'shop.example' } }, consent: () => false });
      await view('www.shop.example', 1);
      expect(await names()).toEqual([]);
    });

    large('A12: a signed id stays, and a denial removes both cookies, with Domain and without', async () => {
      const secrets = 'a secret of the test';
      const signed = { cookie: { signed: true } };
      const inDomain = { cookie: { signed: true, domain: 'shop.example' } };
      await start({ secrets, visitor: signed });
      expect(new Set(await view('www.shop.example', 3)).size).toBe(1);
      await context.addCookies([
        { name: 'cv_vid', value: 'made-up', domain: '.shop.example', path: '/' },
        { name: 'cv_sig', value: '1.made-up', domain: '.shop.example', path: '/' },
      ]);
      await start({ secrets, visitor: inDomain });
      const [id] = await view('www.shop.example', 1);
      expect(id).not.toBe('made-up');
      expect(await view('www.shop.example')).toEqual([id, id]);
      const ours = async () => (await context.cookies()).filter(({ name }) => name !== 'cv_ses');
      expect((await ours()).map(({ name }) => name).sort()).toEqual(['cv_sig', 'cv_sig', 'cv_vid', 'cv_vid']);
      await start({ secrets, visitor: inDomain, consent: () => false });
      await view('www.shop.example', 1);
      expect(await ours()).toEqual([]);
    });

    large.each([
      [true, 2],
      [false, 4],
    ])(
      'A9: four views in frames on two other sites, with partitioned: %s, have %i ids',
      async (partitioned, count) => {
        await start({ visitor: { cookie: { sameSite: 'none', partitioned } } });
        const ids: string[] = [];
        for (const site of ['one.example', 'two.example', 'one.example', 'two.example']) {
          await page.goto(`${at(site)}/frame`);
          ids.push(await page.frameLocator('iframe').locator('p').innerText());
        }
        expect(new Set(ids).size).toBe(count);
      },
    );
  });
}
