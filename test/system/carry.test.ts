/** A visitor is carried from a page of a shop into an order, which another process counts: real HTTP, real Redis. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { redisStore } from '../../src/redis.js';
import { express5Adapter } from '../adapters/express.js';
import { fastify5Adapter } from '../adapters/fastify.js';
import type { Handler, RunningApp } from '../adapters/harness.js';
import { koa3Adapter } from '../adapters/koa.js';
import { ENGINES } from '../adapters/templates.js';
import { CHROME } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

const closing: (() => Promise<unknown>)[] = [];
let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await collector.close();
});

const options = (more: ConvertOptions = {}): ConvertOptions => ({
  project: testProject(),
  endpoints: { track: collector.origin },
  delivery: { linger: 5 },
  consent: { cookie: 'consent', granted: 'yes' },
  secrets: 'a secret of the test',
  storeTimeout: 30_000,
  logger: false,
  ...more,
});

/** The process that hears of payments; it shares nothing with the shop but what the options say. */
function back(more?: ConvertOptions): Convert {
  const convert = createConvert(options(more));
  closing.push(() => convert.close({ timeout: 100 }));
  return convert;
}

async function paid(convert: Convert, text: unknown): Promise<string> {
  const visitor = await convert.forVisitor(text as string, { origin: 'carried' });
  visitor.trackConversion('purchase');
  const { conversions } = await visitor.committed();
  await convert.flush();
  return conversions[0]!.outcome;
}

/** The basket shows the text in three forms, as JSON. */
const basket: Handler = (exchange) => {
  const { convert } = exchange;
  convert.runExperience('homepage-hero');
  exchange.send(
    200,
    JSON.stringify({ text: convert.carry(), field: convert.hiddenField(), header: convert.header() }),
  );
};

interface Basket {
  readonly text: string;
  readonly field: string;
  readonly header: Record<string, string>;
  /** The visitor id in the cookie that the response sets; undefined if it sets none. */
  readonly id: string | undefined;
}

async function buy(app: RunningApp, cookie = 'consent=yes'): Promise<Basket> {
  const answer = await fetch(`${app.url}/basket`, { headers: { 'user-agent': CHROME, cookie } });
  const lines = answer.headers.getSetCookie();
  const id = lines.flatMap((line) => /^cv_vid=([^;]+)/.exec(line)?.[1] ?? [])[0];
  return { ...((await answer.json()) as Omit<Basket, 'id'>), id };
}

describe.each([express5Adapter, koa3Adapter, fastify5Adapter])('a visitor, with $name,', (adapter) => {
  async function shop(more?: ConvertOptions): Promise<RunningApp> {
    const app = await adapter.start({ convert: options(more), routes: { '/basket': basket } });
    closing.push(async () => {
      await app.close();
      await app.convert.close({ timeout: 100 });
    });
    return app;
  }

  it('who sees one page, pays later and never comes back is counted once, as the one who saw it', async () => {
    const { text, field, header, id } = await buy(await shop());
    expect(text).toMatch(/^[\w-]{1,200}$/);
    expect(field).toContain(`value="${text}"`);
    expect(header).toEqual({ 'X-Convert-Visitor': text });
    const office = back();
    for (const outcome of ['tracked', 'already-tracked']) expect(await paid(office, text)).toBe(outcome);
    await collector.waitFor((seen) => seen.conversions().length === 1 && seen.exposures().length === 1);
    const { visitorId } = collector.conversions()[0]!;
    expect(visitorId).toBe(id);
    expect(collector.exposures()[0]!.visitorId).toBe(visitorId);
  });

  it('without consent is not carried', async () => {
    const app = await shop();
    for (const cookie of ['', 'consent=no'])
      expect(await buy(app, cookie)).toEqual({ text: '', field: '', header: {}, id: undefined });
  });
});

/** How each engine writes what is HTML already. */
const RAW: Readonly<Record<keyof typeof ENGINES, (call: string) => string>> = {
  EJS: (call) => `<%- convert.${call}() %>`,
  Pug: (call) => `| !{convert.${call}()}`,
  Handlebars: (call) => `{{{convert.${call}}}}`,
  Nunjucks: (call) => `{{ convert.${call}() | safe }}`,
  Eta: (call) => `<%~ it.convert.${call}() %>`,
  Mustache: (call) => `{{{convert.${call}}}}`,
  Liquid: (call) => `{{ convert.${call} }}`,
};

describe('templates', () => {
  it.each(Object.keys(ENGINES))(
    '%s writes the hidden field, from which no hostile id breaks out',
    async (name) => {
      const id = `"><script>alert(1)</script>{{1}}<%= 1 %>\${1}#{1}`;
      const handler: Handler = async (x) =>
        x.send(200, await ENGINES[name]!.render(RAW[name]!('hiddenField'), x.locals));
      const convert = options({ secrets: undefined, consent: undefined, visitor: { id: () => id } });
      const app = await express5Adapter.start({ convert, routes: { '/': handler } });
      closing.push(async () => {
        await app.close();
        await app.convert.close({ timeout: 100 });
      });
      const text = await (await fetch(app.url, { headers: { 'user-agent': CHROME } })).text();
      expect(text.trim()).toBe(
        '<input type="hidden" name="cv_vid" value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{1}}&lt;%= 1 %&gt;${1}#{1}">',
      );
    },
  );

  it.each(Object.keys(ENGINES))('%s writes the mark of a preview', async (name) => {
    const handler: Handler = async (x) =>
      x.send(200, await ENGINES[name]!.render(RAW[name]!('previewMark'), x.locals));
    const app = await express5Adapter.start({ convert: options(), routes: { '/': handler } });
    closing.push(async () => {
      await app.close();
      await app.convert.close({ timeout: 100 });
    });
    const page = async (query: string): Promise<string> =>
      (await (await fetch(`${app.url}/?${query}`, { headers: { 'user-agent': CHROME } })).text()).trim();
    expect(await page('convert_preview=101.1011&a="<b>')).toBe(
      '<div class="cv-preview" role="status">Preview: homepage-hero = version-b. ' +
        '<a href="/?a=%22%3Cb%3E">Leave the preview</a></div>',
    );
    expect(await page('')).toBe('');
  });
});

describe.skipIf(!hasRedis)('processes that share a Redis', () => {
  const shared = sharedRedis();

  it('keep a carried visitor, and hear of the denial that deletes them', async () => {
    const { client } = shared;
    const store = () => redisStore(client, { prefix: 'carry' });
    const app = await express5Adapter.start({
      convert: options({ store: store() }),
      routes: { '/basket': basket },
    });
    closing.push(async () => {
      await app.close();
      await app.convert.close({ timeout: 100 });
    });
    const { text, id } = await buy(app);
    const key = `carry:1001-2002-${id}`;
    const half = 30 * 60 * 1000;
    await expect.poll(() => client.pttl(key)).toBeGreaterThan(half);
    await buy(app, `consent=no; cv_vid=${id}`);
    await expect.poll(() => client.exists(key)).toBe(0);
    const office = back({ store: store() });
    expect(await paid(office, text)).toBe('consent');
    const left = await client.keys('carry:*');
    expect(left).toEqual([expect.stringMatching(/^carry:1001-2002~denied-[0-9a-z]{25}$/)]);
    // Whoever comes back and consents again is carried again.
    const again = await buy(app, `consent=yes; cv_vid=${id}`);
    expect(await paid(office, text)).toBe('tracked');
    expect(again.text).not.toBe('');
  });
});
