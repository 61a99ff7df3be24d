/**
 * Tests of server and browser together: a page that is decided on the server runs the official SDK's browser bundle, or
 * a script of ten lines, under a strict Content-Security-Policy, in a real browser. One tab is used for all of them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { express5Adapter } from '../adapters/express.js';
import type { Handler, RunningApp } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { type CaseSize, testsOf } from '../support/tiers.js';

const load = createRequire(import.meta.url);
/** What a bundler takes for browsers (the field `browser` of the SDK's package.json). */
const SDK = readFileSync(join(load.resolve('@convertcom/js-sdk'), '../index.umd.min.js'), 'utf8');
const CLIENT = readFileSync(join(import.meta.dirname, '../../examples/bridge/client.js'), 'utf8');

const KEYS = testProject().experiences!.map(({ key }) => key);

/** The script of the page: it decides all experiences again, and offers a button that counts a goal. */
const hybridClient = (track: string): string => `
  const facts = JSON.parse(document.getElementById('facts').textContent);
  const sdk = new ConvertSDK.default({
    data: facts.project,
    environment: 'staging',
    api: { endpoint: { config: '${track}', track: '${track}' } },
    logger: { logLevel: 5, customLoggers: [] },
  });
  window.decideAll = (visitor, { exposed }, { keys, locationProperties, visitorProperties }) => {
    const decide = (key) => {
      const enableTracking = !exposed.includes(key);
      return visitor.runExperience(key, { locationProperties, visitorProperties, enableTracking });
    };
    return Object.fromEntries(keys.map((key) => [key, decide(key)?.key ?? null]));
  };
  sdk.onReady().then(() => {
    const visitor = sdk.createContext(window.__CV_CONTEXT__.visitorId);
    window.inBrowser = decideAll(visitor, window.__CV_CONTEXT__, facts);
    document.querySelector('button').addEventListener('click', () => {
      visitor.trackConversion('purchase');
      visitor.trackConversion('purchase');
      void visitor.releaseQueues();
    });
    document.body.dataset.ready = 'yes';
  });
`;

/**
 * Stands in for Convert's tracking script, which is not ours to run: it takes the commands that wait in its queue, and
 * then each that is pushed, as Convert documents them (support.convert.com, articles 114094164352 and "Complete guide:
 * creating integrations"). A command that it does not know is an error.
 */
const STAND_IN = `
  const seen = (window.tracking = { visitorId: undefined, assigned: {}, ran: [] });
  const commands = {
    identify: ({ visitorId }) => void (seen.visitorId = visitorId),
    assignVariation: ({ experienceId, variationId }) => void (seen.assigned[experienceId] = variationId),
    executeExperience: ({ experienceId }) =>
      void seen.ran.push([seen.visitorId, experienceId, seen.assigned[experienceId]].join()),
  };
  const take = (each) => (typeof each === 'function' ? each() : commands[each.what](each.params));
  const waiting = window._conv_q ?? [];
  window._conv_q = { push: (...all) => all.forEach(take) };
  waiting.forEach(take);
`;

/** What docs/guides/caches.md has pages do that need the visitor's id. */
const [, ID_FROM_COOKIE = ''] =
  /^ *```js\n([^]*?_conv_q[^]*?)^ *```$/m.exec(
    readFileSync(join(import.meta.dirname, '../../docs/guides/caches.md'), 'utf8').split(
      '## What is counted',
    )[1]!,
  ) ?? [];

/** Loads the page as so many visitors; for each, what the server and the SDK of this page have decided. */
const visitAs = (count: number): string => `(async () => {
  const seen = [];
  for (let n = 0; n < ${count}; n += 1) {
    document.cookie = 'cv_vid=visitor-' + n + '; path=/';
    const answer = await fetch(n % 2 === 0 ? '/' : '/pricing?utm_campaign=spring');
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const read = (id) => JSON.parse(page.getElementById(id).textContent);
    const { visitorId, variations, exposed } = read('bridge');
    const inBrowser = decideAll(sdk.createContext(visitorId), { exposed }, read('facts'));
    seen.push({ visitorId, variations, inBrowser });
  }
  return seen;
})()`;

interface Seen {
  readonly visitorId: string;
  readonly variations: Readonly<Record<string, string>>;
  readonly inBrowser: Readonly<Record<string, string | null>>;
}

/** What a page may do that trusts nothing but its own scripts. */
const policy = (nonce: string, connect: string): string =>
  `default-src 'none'; base-uri 'none'; script-src 'nonce-${nonce}' 'strict-dynamic'; connect-src 'self' ${connect}`;

/** The page of a shop. `script` writes the bridge. */
function page(convert: ConvertContext, nonce: string, client: string, script: string): string {
  const facts = {
    keys: KEYS,
    project: testProject(),
    locationProperties: convert.locationProperties,
    visitorProperties: convert.visitorProperties,
  };
  const json = JSON.stringify(facts).replaceAll('<', '\\u003C');
  const hero = convert.runExperience('homepage-hero')?.key ?? 'none';
  return (
    `<!doctype html><html ${convert.bridge.attribute()}><head><title>Shop</title>${script}</head><body>` +
    `<h1>${hero}</h1><button>Buy</button><script type="application/json" id="facts">${json}</script>` +
    `<script type="application/json" id="bridge">${convert.bridge.json()}</script>` +
    `<script nonce="${nonce}" src="/sdk.js"></script><script nonce="${nonce}" src="${client}"></script></body></html>`
  );
}

export function hybridSuite(size: CaseSize): void {
  describe.skipIf(!hasChromium)('server and browser in Chromium', () => {
    const { small, large } = testsOf(size);
    let browser: Browser;
    let context: BrowserContext;
    let tab: Page;
    let app: RunningApp;
    let collector: Collector;
    let nonces = 0;

    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
      context = await browser.newContext();
      await context.addInitScript(
        `window.violations = [];
      addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));`,
      );
      tab = await context.newPage();
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      collector = await startCollector();
      const handler =
        (client: string, write = (convert: ConvertContext) => convert.bridge.script()): Handler =>
        (x) => {
          const nonce = `n${(nonces += 1)}`;
          x.header('Content-Security-Policy', policy(nonce, collector.origin));
          x.header('Content-Type', 'text/html; charset=utf-8');
          for (const key of KEYS) x.convert.runExperience(key);
          x.send(200, page(x.convert, nonce, client, write(x.convert)));
        };
      /** The page with all that the bridge has for analytics, and with the tracking script before or after it. */
      const analytics =
        (isEarly: boolean, more = ''): Handler =>
        (x) =>
          handler('/small.js', ({ bridge }) => {
            const tag = `<script nonce="n${nonces}" src="/tracking.js"></script>`;
            const scripts = [bridge.script(), bridge.dataLayer(), bridge.ga4()];
            const handOver = bridge.trackingScript({ decisions: true }) + more.replace('NONCE', `n${nonces}`);
            return [...scripts, ...(isEarly ? [tag, handOver] : [handOver, tag])].join('');
          })(x);
      const file =
        (text: string): Handler =>
        (x) => {
          x.header('Content-Type', 'text/javascript; charset=utf-8');
          x.send(200, text);
        };
      app = await express5Adapter.start({
        convert: {
          project: testProject(),
          endpoints: { track: collector.origin },
          delivery: { linger: 5 },
          bots: 'include',
          logger: false,
          // So that every rule of the project matches somebody.
          properties: {
            visitor: (_request, found) => ({ ...found, country: 'DE', device: 'mobile' }),
          },
        },
        routes: {
          '/': handler('/hybrid.js'),
          '/pricing': handler('/hybrid.js'),
          '/small': handler('/small.js'),
          '/wrong-nonce': handler('/small.js', ({ bridge }) => bridge.script({ nonce: 'another' })),
          '/analytics': analytics(false),
          '/analytics-late': analytics(true),
          '/shared': (x) => {
            x.convert.share({ key: KEYS, seconds: 300 });
            return analytics(false, `<script nonce="NONCE">${ID_FROM_COOKIE}</script>`)(x);
          },
          '/tracking.js': file(STAND_IN),
          '/sdk.js': file(SDK),
          '/hybrid.js': file(hybridClient(collector.origin)),
          '/small.js': file(CLIENT),
        },
      });
    });
    afterEach(async () => {
      await context.clearCookies();
      await app.close();
      await app.convert.close({ timeout: 100 });
      await collector.close();
    });

    // As text: these run in the page, whose globals the types of this project don't know.
    const inPage = <T>(code: string): Promise<T> => tab.evaluate<T>(code);
    const violations = () => inPage<string[]>('violations');

    async function open(path: string): Promise<void> {
      await tab.goto(app.url + path);
      await tab.waitForSelector('body[data-ready]');
    }
    /** The variation of each experience; null for those that the visitor is not in. */
    const withNulls = (variations: Readonly<Record<string, string>>) =>
      Object.fromEntries(KEYS.map((key) => [key, variations[key] ?? null]));

    large.each(['/', '/pricing?utm_campaign=spring'])(
      'both give a visitor of %s the same variations',
      async (path) => {
        await open(path);
        expect(await inPage('inBrowser')).toEqual(withNulls(await inPage('window.__CV__')));
        expect(await violations()).toEqual([]);
      },
    );

    large(
      'both give 200 visitors the same variation of every experience, and each exposure is counted once',
      async () => {
        await open('/');
        const seen = await inPage<Seen[]>(visitAs(200));
        expect(seen.map(({ visitorId }) => visitorId)).toEqual(
          Array.from({ length: 200 }, (_, n) => `visitor-${n}`),
        );
        for (const { variations, inBrowser } of seen) expect(inBrowser).toEqual(withNulls(variations));
        const drawn = new Set(seen.flatMap(({ variations }) => Object.entries(variations).map(String)));
        expect([...drawn].sort()).toEqual(
          ['featured', 'german-pricing', 'homepage-hero', 'spring-sale'].flatMap((key) => [
            `${key},original`,
            `${key},version-b`,
          ]),
        );
        // The SDK sends the conversion together with whatever else it has to send.
        await tab.click('button');
        await collector.waitFor((seen) => seen.conversions().length > 0);
        await app.convert.flush();
        const exposures = collector
          .exposures()
          .filter(({ visitorId }) => visitorId.startsWith('visitor-'))
          .map(({ visitorId, data }) => JSON.stringify([visitorId, data]));
        expect(exposures).toHaveLength(100 * 2 + 100 * 4);
        expect(new Set(exposures).size).toBe(exposures.length);
      },
    );

    small('a conversion in the browser is of the visitor of the server, once', async () => {
      await open('/');
      const [cookie] = (await context.cookies()).filter(({ name }) => name === 'cv_vid');
      await tab.click('button');
      await collector.waitFor((seen) => seen.conversions().length > 0);
      await app.convert.flush();
      const { __CV__: decided } = await inPage<{ __CV__: object }>('({ __CV__ })');
      expect(collector.conversions()).toMatchObject([
        { visitorId: cookie!.value, data: { goalId: '501', bucketingData: expect.any(Object) } },
      ]);
      const [{ data }] = collector.conversions() as unknown as [{ data: { bucketingData: object } }];
      expect(Object.keys(data.bucketingData)).toHaveLength(Object.keys(decided).length);
      expect(collector.exposures()).toHaveLength(Object.keys(decided).length);
      expect(new Set(collector.events.map(({ visitorId }) => visitorId))).toEqual(new Set([cookie!.value]));
      expect(await violations()).toEqual([]);
    });

    large('a script without an SDK reads what was decided', async () => {
      await tab.goto(`${app.url}/small`);
      const shown = await tab.locator('h1').innerText();
      expect(await tab.locator('html').getAttribute('data-hero')).toBe(shown);
      expect(await violations()).toEqual([]);
    });

    interface Tracking {
      readonly visitorId: string;
      readonly ran: readonly string[];
    }
    const idInCookie = async () => (await context.cookies()).find(({ name }) => name === 'cv_vid')!.value;
    const layer = () => inPage<string[]>('dataLayer.map((each) => each.event ?? each[1])');

    large('analytics and the tracking script find what they wait for, whichever comes first', async () => {
      const errors: string[] = [];
      tab.on('pageerror', ({ message }) => errors.push(message));
      for (const path of ['/analytics', '/analytics-late']) {
        await tab.goto(app.url + path);
        const variations = await inPage<Record<string, string>>('__CV__');
        const ids = Object.entries(variations).map(([key, variation]) => {
          const { id, variations: all = [] } = testProject().experiences!.find((each) => each.key === key)!;
          return [id, all.find((each) => each.key === variation)!.id] as const;
        });
        expect(await layer()).toEqual([
          ...ids.map(([experience]) => `convert-trigger-experiment-${experience}`),
          ...ids.map(() => 'experience_impression'),
        ]);
        const visitorId = await idInCookie();
        expect(await inPage<Tracking>('tracking')).toMatchObject({
          visitorId,
          ran: ids.map((pair) => [visitorId, ...pair].join()),
        });
        expect([path, await violations(), errors]).toEqual([path, [], []]);
      }
    });

    large(
      'a page that a cache may store tells them the same, but for the visitor, whose id is in the cookie',
      async () => {
        await tab.goto(`${app.url}/shared`);
        const first = [await inPage('__CV__'), await layer()];
        const stored = await tab.goto(`${app.url}/shared`);
        expect(stored!.headers()['cache-control']).toBe('public, max-age=0, s-maxage=300');
        expect([await inPage('__CV__'), await layer()]).toEqual(first);
        const visitorId = await idInCookie();
        expect(await stored!.text()).not.toContain(visitorId);
        expect(await inPage<Tracking>('tracking')).toMatchObject({ visitorId, ran: [] });
        expect(await violations()).toEqual([]);
      },
    );

    large('a nonce that is not the one of the policy is a violation', async () => {
      await tab.goto(`${app.url}/wrong-nonce`);
      expect(await violations()).toEqual(['script-src-elem']);
      expect(await inPage('window.__CV__')).toBeUndefined();
    });

    large('the variation is in the first HTML: a page without scripts shows it', async () => {
      const still = await browser.newContext({ javaScriptEnabled: false });
      try {
        const page = await still.newPage();
        const shown: string[] = [];
        for (let n = 0; n < 2; n += 1) {
          await page.goto(app.url);
          shown.push(await page.locator('h1').innerText());
        }
        expect(shown[0]).toMatch(/^(original|version-b)$/);
        expect(shown[1]).toBe(shown[0]);
      } finally {
        await still.close();
      }
    });
  });
}
