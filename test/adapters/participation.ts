/** Over real HTTP: requests whose visitor can not be given an id, shared responses, and heads that others write. */
import { request as httpRequest } from 'node:http';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { runningSession } from '../support/session.js';
import { CHROME } from './conformance.js';
import { appsOf } from './apps.js';
import type { Adapter, AppOptions, Handler, RunningApp } from './harness.js';

const KNOWN = { cookie: `cv_vid=a-visitor-who-returns; ${runningSession()}` };
const TOP = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const CROSS = { 'sec-fetch-site': 'cross-site' };

/** Requests of new visitors: the method, the headers, and whether the visitor is enrolled. */
const REQUESTS: readonly [string, string, Record<string, string>, boolean][] = [
  ['A2: OPTIONS', 'options', { 'access-control-request-method': 'POST' }, false],
  ['A2: TRACE', 'trace', {}, false],
  [
    'A3: a cross-site image',
    'get',
    { ...CROSS, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    false,
  ],
  ['A3: a cross-site frame', 'get', { ...CROSS, ...TOP, 'sec-fetch-dest': 'iframe' }, false],
  ['A3: a cross-site fetch', 'get', { ...CROSS, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, false],
  [
    'A3: a link in a frame on another site',
    'get',
    {
      ...{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      'sec-fetch-storage-access': 'none',
    },
    false,
  ],
  [
    'A3: a fetch from another site, as older browsers send it',
    'get',
    { origin: 'https://other.example' },
    false,
  ],
  ['A3: a link on another site', 'get', { ...CROSS, ...TOP }, true],
  [
    'A3: a frame of the site itself',
    'get',
    { 'sec-fetch-site': 'same-origin', ...TOP, 'sec-fetch-dest': 'iframe' },
    true,
  ],
  [
    'A3: an image of a sibling subdomain',
    'get',
    { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' },
    true,
  ],
  ['A3: an address typed in', 'get', { 'sec-fetch-site': 'none', ...TOP }, true],
  ['A14: a cross-site POST', 'post', { ...CROSS, ...TOP }, false],
  ['A14: a POST with the Origin of another site', 'post', { origin: 'https://pay.example' }, false],
  ['A14: a POST with the Origin null', 'post', { origin: 'null' }, false],
  [
    'A14: a POST of the site itself',
    'post',
    { 'sec-fetch-site': 'same-origin', origin: 'http://shop.example', ...TOP },
    true,
  ],
  ['A14: a POST with the Origin of the site', 'post', { origin: 'https://shop.example' }, true],
  [
    'A14: a POST behind a proxy that is not trusted',
    'post',
    { origin: 'https://www.example', 'x-forwarded-host': 'www.example' },
    true,
  ],
  ['A14: a POST that says nothing', 'post', {}, true],
];

/** What an app says of a page, and whether it is shared by that. */
const HEADERS: readonly [string, string, boolean][] = [
  ['Cache-Control', 'max-age=60', true],
  ['Cache-Control', 'immutable', true],
  ['Cache-Control', 'public', true],
  ['X-Accel-Expires', '60', true],
  ['Surrogate-Control', 'max-age=60', true],
  ['CDN-Cache-Control', 'max-age=60', true],
  ['Cache-Control', 'private, max-age=60', false],
  ['Cache-Control', 'no-cache', false],
  ['X-Accel-Expires', '0', false],
];

export function participationConformance(adapter: Adapter): void {
  describe(`${adapter.name}, participation`, () => {
    const apps = appsOf(adapter);

    async function start(
      routes: Record<string, Handler>,
      more: ConvertOptions = {},
      app: Partial<AppOptions> = {},
    ): Promise<RunningApp> {
      return apps.start({ convert: apps.options(more), routes, ...app });
    }
    async function ask(app: RunningApp, method: string, path: string, headers: Record<string, string> = {}) {
      const agent = request(app.url) as unknown as Record<string, (path: string) => request.Test>;
      const all = { 'user-agent': CHROME, host: 'shop.example', ...headers };
      const answer = await agent[method]!(path).set(all);
      return { answer, cookies: [answer.headers['set-cookie'] ?? []].flat() };
    }
    async function exposures(): Promise<unknown[]> {
      return (await apps.delivered()).exposures();
    }

    const decisions: (string | undefined)[] = [];
    const run: Handler = (x) => {
      decisions.push(x.convert.runExperience('homepage-hero')?.experienceKey);
      x.send(200, x.convert.bridge.json());
    };

    it.each(REQUESTS)('%s: decides; a new visitor is enrolled or not', async (_, method, headers, enrols) => {
      const app = await start({ '/': run });
      decisions.length = 0;
      const { cookies } = await ask(app, method, '/', headers);
      expect(decisions).toEqual(['homepage-hero']);
      expect(await exposures()).toHaveLength(enrols ? 1 : 0);
      expect(cookies.filter((line) => line.startsWith('cv_vid='))).toHaveLength(enrols ? 1 : 0);
      expect(enrols || cookies.length === 0).toBe(true);
    });

    it('A3, A14: a visitor whose cookie came counts, and nothing is lost with SameSite=None', async () => {
      const app = await start({ '/': run });
      await ask(app, 'get', '/', { ...CROSS, ...KNOWN });
      await ask(app, 'post', '/', { ...CROSS, cookie: 'cv_vid=another-visitor' });
      expect(await exposures()).toHaveLength(2);
      const open = await start({ '/': run }, { visitor: { cookie: { sameSite: 'none' } } });
      const part = await ask(open, 'get', '/', CROSS);
      const post = await ask(open, 'post', '/', CROSS);
      expect([part, post].map(({ cookies }) => cookies.length > 0)).toEqual([true, true]);
      expect(await exposures()).toHaveLength(4);
    });

    it('A14: no cookie is written over the one of the visitor while there is no project config', async () => {
      const app = await start(
        { '/': run },
        {
          project: '/nowhere/project.json',
          readyTimeout: 0,
        },
      );
      expect((await ask(app, 'post', '/', { ...CROSS, ...TOP })).cookies).toEqual([]);
      expect((await ask(app, 'get', '/')).cookies).toHaveLength(1);
    });

    it('G2, A14: what is lost is told once, with a cure', async () => {
      const app = await start({
        '/': run,
        '/paid': (x) => {
          x.convert.trackConversion('purchase');
          x.send(200, 'ok');
        },
        '/late': (x) => {
          const { convert } = x;
          const res = x.takeOver();
          res.writeHead(200);
          res.end(convert.runExperience('homepage-hero')?.key);
        },
      });
      for (let n = 0; n < 2; n++) {
        await ask(app, 'post', '/paid', CROSS);
        await ask(app, 'get', '/late');
        await ask(app, 'get', '/', CROSS);
      }
      const about = (text: string) => apps.logged.filter((line) => line.includes(text)).length;
      expect(['no-identity', '303', '`visitorId`', 'sameSite'].map(about)).toEqual([3, 1, 1, 1]);
      expect(app.convert.stats().delivery.reasons).toEqual({ 'no-identity': 2 });
    });

    it.each<[string, (convert: ConvertContext) => unknown]>([
      ['runExperience', (convert) => convert.runExperience('homepage-hero')],
      ['runExperiences', (convert) => convert.runExperiences()],
      ['runFeature', (convert) => convert.runFeature('checkout-button')],
      ['runFeatures', (convert) => convert.runFeatures()],
      ['peek', (convert) => convert.peek('homepage-hero')],
    ])('G2: %s in a page that is streamed is told of, and its cure is one', async (_method, decide) => {
      const stream =
        (isTouched: boolean): Handler =>
        (x) => {
          const { convert } = x;
          if (isTouched) void convert.visitorId;
          const res = x.takeOver();
          res.writeHead(200, { 'content-type': 'text/html' });
          res.write('<head>');
          decide(convert);
          res.end(convert.visitorId);
        };
      const app = await start({ '/late': stream(false), '/cured': stream(true) });
      const host = 'localhost';
      const cured = await ask(app, 'get', '/cured', { host });
      expect(cured.cookies.join()).toContain(`cv_vid=${cured.answer.text.slice('<head>'.length)};`);
      expect(apps.logged).toEqual([]);
      for (let n = 0; n < 2; n++) expect((await ask(app, 'get', '/late', { host })).cookies).toEqual([]);
      expect(apps.logged).toEqual([
        expect.stringMatching(/no-identity.*`req\.convert\.visitorId`.*before the page/),
      ]);
    });

    it('A4: an upgrade to a WebSocket enrols nobody new, and commits for a known visitor at once', async () => {
      const app = await start({ '/': (x) => void x.convert.runExperience('homepage-hero') });
      const upgrade = (headers: Record<string, string>): (() => void) => {
        const all = { 'user-agent': CHROME, connection: 'keep-alive', upgrade: 'WebSocket', ...headers };
        const sent = httpRequest(app.url, { headers: all }).on('error', () => undefined);
        sent.end();
        return () => sent.destroy();
      };
      const ends = [upgrade({}), upgrade(KNOWN)];
      await apps.collector.waitFor((seen) => seen.exposures().length > 0);
      expect(await exposures()).toMatchObject([{ visitorId: 'a-visitor-who-returns' }]);
      for (const end of ends) end();
    });

    it.each(HEADERS)('B1: %s: %s', async (name, value, shared) => {
      const app = await start({
        '/': (x) => {
          x.header(name, value);
          return run(x);
        },
        '/head': (x) => {
          x.convert.runExperience('homepage-hero');
          x.takeOver()
            .writeHead(200, { [name.toLowerCase()]: value })
            .end();
        },
      });
      const known = await ask(app, 'get', '/', KNOWN);
      expect('visitorId' in JSON.parse(known.answer.text)).toBe(!shared);
      expect(apps.logged.filter((line) => line.includes('private, max-age=60'))).toHaveLength(shared ? 1 : 0);
      const visits = [await ask(app, 'get', '/'), await ask(app, 'get', '/head')];
      expect(visits.map(({ cookies }) => cookies.length > 0)).toEqual([!shared, !shared]);
      expect(await exposures()).toHaveLength(shared ? 1 : 3);
      expect(apps.logged.filter((line) => line.includes('private, max-age=60'))).toHaveLength(shared ? 1 : 0);
    });

    it('B1: a known visitor is told of without a bridge, too', async () => {
      const app = await start({
        '/': (x) => {
          x.convert.runExperience('homepage-hero');
          x.header('Cache-Control', 'max-age=60');
          x.send(200, 'ok');
        },
      });
      await ask(app, 'get', '/', KNOWN);
      expect(apps.logged).toEqual([expect.stringContaining('private, max-age=60')]);
    });

    it('A6: a head that is sent behind our back enrols nobody new', async () => {
      const app = await start({
        '/': (x) => {
          x.convert.runExperience('homepage-hero');
          const res = x.takeOver();
          // As a framework does that calls the method of Node.
          (Object.getPrototypeOf(res).writeHead as typeof res.writeHead).call(res, 200);
          res.end('ok');
        },
      });
      const { cookies } = await ask(app, 'get', '/');
      expect(cookies).toEqual([]);
      expect(await exposures()).toEqual([]);
      expect(app.convert.stats().delivery.reasons).toEqual({ 'no-identity': 1 });
      expect(apps.logged).toEqual([expect.stringContaining('no-identity')]);
      await ask(app, 'get', '/', KNOWN);
      expect(await exposures()).toHaveLength(1);
    });

    it('B5: writeHead of others gets the headers in the form in which the app gave them', async () => {
      const given: unknown[] = [];
      const app = await start({
        '/': (x) => {
          const { res } = x;
          const own = Object.getPrototypeOf(res) as { writeHead: (...given: unknown[]) => unknown };
          // A class that replaces the method, as serverless-http has it.
          const replaced = Object.create(own, {
            writeHead: {
              writable: true,
              value(this: unknown, status: number, headers?: unknown) {
                given.push(headers);
                return own.writeHead.call(this, status, headers);
              },
            },
          }) as object;
          Object.setPrototypeOf(res, replaced);
          x.convert.runExperience('homepage-hero');
          x.takeOver().writeHead(200, { 'x-own': '1' }).end('ok');
        },
      });
      const { answer, cookies } = await ask(app, 'get', '/');
      expect(answer.headers).toMatchObject({ 'x-own': '1', 'cache-control': 'private, no-cache' });
      expect(cookies.length).toBeGreaterThan(0);
      for (const headers of given) expect(Array.isArray(headers)).toBe(false);
    });

    it('G6: with `session: false` a new visitor gets one cookie line, as one text', async () => {
      // A load balancer of AWS without multi-value headers takes no list.
      let line: unknown;
      const app = await start(
        {
          '/': (x) => {
            x.res.on('finish', () => (line = x.res.getHeader('set-cookie')));
            return run(x);
          },
        },
        { session: false },
      );
      const { cookies } = await ask(app, 'get', '/');
      expect(cookies).toEqual([expect.stringMatching(/^cv_vid=/)]);
      // Fastify hands the headers to Node only with the head.
      if (line !== undefined) expect(line).toBe(cookies[0]);
      expect(await exposures()).toHaveLength(1);
    });

    it('B6: the port of the host stays, whoever sends X-Forwarded-Host', async () => {
      const where: Handler = (x) => x.send(200, String(x.convert.locationProperties.url));
      const headers = { host: 'shop.example:8080', 'x-forwarded-host': 'evil.example' };
      const app = await start({ '/': where });
      expect((await ask(app, 'get', '/', headers)).answer.text).toBe('http://shop.example:8080/');
      const trusting = await start({ '/': where }, {}, { trustProxy: true });
      const behind = { ...headers, 'x-forwarded-host': 'www.example:8443' };
      expect((await ask(trusting, 'get', '/', behind)).answer.text).toBe('http://www.example:8443/');
    });

    it('E12: authentication that runs after a remote store was read is told of once', async () => {
      const kept = memoryStore();
      const store = { ...remote(kept) };
      const late = await start(
        { '/': run },
        {
          store,
          visitor: { id: adapter.user },
          ...(adapter.closesConvert && { hook: 'onRequest' }),
        },
        { authenticate: () => 'user-42' },
      );
      for (let n = 0; n < 2; n++) await ask(late, 'get', '/');
      const told = () => apps.logged.filter((line) => line.includes('after authentication'));
      expect(told()).toHaveLength(1);
      apps.logged.length = 0;
      const nobody = await start({ '/': run }, { store: remote(kept), visitor: { id: adapter.user } });
      await ask(nobody, 'get', '/', KNOWN);
      expect(told()).toEqual([]);
    });
  });
}

function remote(kept: ReturnType<typeof memoryStore>): NonNullable<ConvertOptions['store']> {
  return {
    remote: true,
    read: (key) => Promise.resolve(kept.read(key)),
    commit: async (key, change, options) => kept.commit(key, change, options),
    delete: async (key) => kept.delete(key),
    close: async () => undefined,
  };
}
