/** Tests of the examples of template engines and of React: they are booted, and shown hostile names in a browser. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { listen, stop } from '../adapters/harness.js';
import { CHROMIUM, hasChromium } from '../support/chromium.js';
import type { CaseSize } from '../support/tiers.js';
import { addressOf, endAll, start } from './processes.js';
import { ROOT } from './root.js';
import { CHROME } from './shop.js';

/** The files below `examples`, and the pages that each of them serves. */
const EXAMPLES = {
  'templates/express.js': ['/ejs', '/pug', '/hbs'],
  'templates/koa.js': ['/njk', '/liquid'],
  'templates/fastify.js': ['/eta', '/mustache'],
  'react.js': ['/'],
} as const;
type Example = keyof typeof EXAMPLES;
const files = Object.keys(EXAMPLES) as Example[];
/** The small cases boot this example, and show this page of it hostile names. */
const SMALL_FILE: Example = 'templates/express.js';
const SMALL_PAGE = '/ejs';

const globalsIn = (page: string): [Record<string, string>, { visitorId?: string; exposed: string[] }] => {
  const [, variations = '', context = ''] =
    /window\.__CV__=(\{.*?\});window\.__CV_CONTEXT__=(\{.*?\})<\/script>/.exec(page) ?? [];
  return [JSON.parse(variations), JSON.parse(context)] as ReturnType<typeof globalsIn>;
};

/** Texts that end a script, an attribute or a tag, or that a template engine would evaluate. */
const HOSTILE = [
  '</script><script>hacked()</script>',
  '<!--<script>hacked()//',
  `"><img src=x onerror=hacked()>`,
  `' autofocus onfocus=hacked() x='`,
  '{{ hacked() }}{{{ hacked }}}{% hacked %}',
  '<%= hacked() %><%- hacked() %><%~ hacked() %>',
  '#{hacked()}!{hacked()}${hacked()}',
  '\u2028hacked()\u2029//',
  'javascript:hacked()',
].join('');

/** A hostile id of the app's, of which the longest has 256 characters. */
const HOSTILE_ID = HOSTILE.slice(0, 200);

/** The project of the examples: each key and name in it is hostile, but for the key that the examples ask for. */
function hostileProject(): ProjectConfig {
  const variations = [1, 2].map((n) => ({
    id: `30010${n}`,
    key: `${HOSTILE}${n}`,
    name: `${HOSTILE}${n}`,
    status: 'running',
    traffic_allocation: 50,
  }));
  return {
    account_id: '1000',
    project: { id: '2001', name: HOSTILE },
    experiences: [{ id: '3001', key: 'homepage-hero', name: HOSTILE, status: 'active', variations }],
  };
}

/** Makes a listener of node:http of what an example exports. */
async function listenerOf(file: Example, options: ConvertOptions): Promise<RequestListener> {
  const { createApp } = (await import(/* @vite-ignore */ pathToFileURL(`${ROOT}examples/${file}`).href)) as {
    createApp: (options: ConvertOptions) => unknown;
  };
  const app = (await createApp(options)) as {
    callback?: () => RequestListener;
    routing?: RequestListener;
    ready?: () => Promise<void>;
  };
  await app.ready?.();
  return app.callback?.() ?? app.routing ?? (app as RequestListener);
}

export function templatesSuite(size: CaseSize): void {
  const isSmall = size === 'small';

  describe.each(files.filter((file) => (file === SMALL_FILE) === isSmall))('examples/%s', (file) => {
    afterEach(endAll);

    it('shows a new visitor a variation, keeps it, and tells the page', async () => {
      const url = await addressOf(start([`examples/${file}`]));
      for (const path of EXAMPLES[file]) {
        const headers: Record<string, string> = { 'User-Agent': CHROME };
        const first = await fetch(url + path, { headers });
        const text = await first.text();
        expect(first.headers.get('content-type')).toContain('text/html');
        const id = /^cv_vid=([^;]+)/.exec(first.headers.getSetCookie()[0]!)![1]!;
        const isBold = text.includes('<h1>Know what works.</h1>');
        expect(text).toContain(isBold ? 'Variation: Bold headline' : 'Variation: Original');
        expect(text).toContain(isBold ? '' : '<h1>Welcome</h1>');
        expect(globalsIn(text)).toEqual([
          { 'homepage-hero': isBold ? 'bold' : 'original' },
          { visitorId: id, exposed: ['homepage-hero'] },
        ]);
        const next = await fetch(url + path, { headers: { ...headers, cookie: `cv_vid=${id}` } });
        expect(await next.text()).toBe(text);
      }
    });
  });

  describe.skipIf(!hasChromium)('hostile names, keys and cookies in Chromium', () => {
    let browser: Browser;
    let context: BrowserContext;
    let tab: Page;
    let server: Server | undefined;
    beforeAll(async () => {
      browser = await chromium.launch(CHROMIUM);
      context = await browser.newContext();
      await context.addInitScript('window.hacks = 0; window.hacked = () => { window.hacks += 1; };');
      tab = await context.newPage();
    });
    afterAll(() => browser?.close());
    afterEach(async () => {
      if (server) await stop(server);
    });

    const pages = files.flatMap((file) => EXAMPLES[file].map((path) => [file, path] as const));

    it.each(pages.filter(([, path]) => (path === SMALL_PAGE) === isSmall))(
      'never run in %s %s',
      async (file, path) => {
        const options: ConvertOptions = {
          project: hostileProject(),
          delivery: false,
          bots: 'include',
          logger: false,
          // What a visitor may send reaches the page by the app's own id only: a cookie must have the form of an id.
          visitor: { id: (request) => hostileIdOf(request) },
        };
        server = createServer(await listenerOf(file, options));
        const url = await listen(server);
        for (const isUser of [false, true]) {
          await context.clearCookies();
          await context.setExtraHTTPHeaders({
            'x-user': isUser ? encodeURIComponent(HOSTILE_ID) : '',
            cookie: `cv_vid=${encodeURIComponent(HOSTILE)}`,
          });
          await tab.goto(url + path);
          // React's script puts the decided part into the page a moment after it has come.
          await tab.waitForFunction(`document.querySelector('p').textContent.startsWith('Variation')`);
          // As text: this runs in the page, whose globals the types of this project don't know.
          const seen = await tab.evaluate<Record<string, unknown>>(`({
        hacks,
        images: document.images.length,
        text: document.querySelector('p').textContent,
        variations: window.__CV__,
        visitorId: window.__CV_CONTEXT__.visitorId,
      })`);
          const [[, variation = ''] = []] = Object.entries(seen.variations as Record<string, string>);
          expect(seen).toMatchObject({ hacks: 0, images: 0 });
          expect([`${HOSTILE}1`, `${HOSTILE}2`]).toContain(variation);
          expect(seen.text).toContain(`Variation: ${variation}`);
          if (isUser) expect(seen.visitorId).toBe(HOSTILE_ID);
          else expect(seen.visitorId).toMatch(/^[0-9a-f-]{36}$/);
        }
      },
    );
  });

  if (isSmall) return;
  describe.skipIf(!hasChromium)('a page that React streams, in Chromium', () => {
    it('shows what is decided late, under a strict policy, without violations', async () => {
      const app = await listenerOf('react.js', {
        project: hostileProject(),
        delivery: false,
        bots: 'include',
      });
      const policy = `default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; base-uri 'none'`;
      const server = createServer((request, response) => {
        response.setHeader('Content-Security-Policy', policy);
        // Express keeps what is there.
        Object.assign(response, { locals: { cspNonce: 'n1' } });
        app(request, response);
      });
      const browser = await chromium.launch(CHROMIUM);
      try {
        const tab = await browser.newPage();
        await tab.addInitScript(
          `window.violations = [];
        addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));`,
        );
        await tab.goto(await listen(server));
        await tab.waitForSelector('h1');
        expect(await tab.locator('body').innerText()).not.toContain('One moment');
        const [violations, decided] = await tab.evaluate<[string[], object]>('[violations, __CV__]');
        expect(violations).toEqual([]);
        expect(Object.keys(decided)).toEqual(['homepage-hero']);
      } finally {
        await browser.close();
        await stop(server);
      }
    });
  });
}

/** The framework's request is Node's, or has its headers. */
function hostileIdOf(request: unknown): string | undefined {
  const { headers } = request as { headers: Record<string, string | undefined> };
  const given = headers['x-user'];
  return given ? decodeURIComponent(given) : undefined;
}
