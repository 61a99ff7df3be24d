/** What every adapter does, over real HTTP. The ids of the cases are pinned: other documents refer to them. */
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import { type ConvertContext, isContext } from '../../src/context/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { testProject } from '../support/project.js';
import { runningSession } from '../support/session.js';
import { appsOf } from './apps.js';
import type { Adapter, AppOptions, Exchange, Handler, RunningApp } from './harness.js';

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

/** Answers with the variation of `homepage-hero`. */
const hero: Handler = (x) => x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');

function cookiesOf(answer: { headers: Record<string, unknown> }): string[] {
  return [answer.headers['set-cookie'] ?? []].flat() as string[];
}

const namesOf = (answer: { headers: Record<string, unknown> }): string[] =>
  cookiesOf(answer).map((line) => line.split('=')[0]!);

function visitorIdOf(answer: { headers: Record<string, unknown> }): string | undefined {
  return cookiesOf(answer)
    .map((line) => /^cv_vid=([^;]+)/.exec(line)?.[1])
    .find((id) => id !== undefined);
}

export function adapterConformance(adapter: Adapter, capabilities: { http2: boolean }): void {
  describe(adapter.name, () => {
    /** What is about Node's response, about files, or about what the other frameworks hand to functions. */
    const itOnNode = it.skipIf(adapter.isNode === false);
    const itOnSockets = it.skipIf(adapter.hasSockets === false);
    const apps = appsOf(adapter);
    const instances: { close(options: { timeout: number }): Promise<unknown> }[] = [];
    afterEach(async () => {
      for (const instance of instances.splice(0)) await instance.close({ timeout: 100 });
    });

    const { options, delivered } = apps;

    async function start(
      routes: Record<string, Handler>,
      more: ConvertOptions = {},
      app: Partial<AppOptions> = {},
    ): Promise<RunningApp> {
      return apps.start({ convert: options(more), routes, ...app });
    }

    const get = (app: RunningApp, path: string, headers: Record<string, string> = {}) =>
      request(app.url)
        .get(path)
        .set({ 'user-agent': CHROME, ...headers });

    describe('decisions', () => {
      it('D1 decides, sets the cookie, sends one exposure, and stays with it', async () => {
        const app = await start({ '/': hero });
        const first = await get(app, '/');
        const id = visitorIdOf(first);
        expect(first.text).toMatch(/^(original|version-b)$/);
        for (let n = 0; n < 3; n++) {
          const next = await get(app, '/', { cookie: `cv_vid=${id}` });
          expect(next.text).toBe(first.text);
          expect(visitorIdOf(next)).toBeUndefined();
        }
        const { events } = await delivered();
        expect(events).toMatchObject([
          { visitorId: id, eventType: 'bucketing', data: { experienceId: '101' } },
        ]);
      });

      it('D2 puts the context where handlers and templates look', async () => {
        let same: unknown;
        const app = await start({
          '/': (x) => {
            const { convert } = x.locals as { convert: ConvertContext };
            same = isContext(convert) && convert.visitorId === x.convert.visitorId;
            x.send(200, 'ok');
          },
        });
        await get(app, '/');
        expect(same).toBe(true);
      });

      it('D3 fills in what rules read: path, country, device', async () => {
        const app = await start(
          { '/pricing': (x) => x.send(200, x.convert.runExperience('german-pricing')?.key ?? 'none') },
          { geo: 'cloudflare' },
        );
        const german = { 'cf-ipcountry': 'DE' };
        expect((await get(app, '/pricing', { ...german, 'user-agent': IPHONE })).text).not.toBe('none');
        expect((await get(app, '/pricing', german)).text).toBe('none');
        expect((await get(app, '/pricing', { 'user-agent': IPHONE, 'cf-ipcountry': 'FR' })).text).toBe(
          'none',
        );
      });

      it('D4 sees the whole URL in a sub-router', async () => {
        const app = await start(
          {},
          {},
          { shop: { '/item': (x) => x.send(200, JSON.stringify(x.convert.locationProperties)) } },
        );
        const { text } = await get(app, '/shop/item?a=1&utm_source=x');
        const host = new URL(app.url).host;
        expect(JSON.parse(text)).toMatchObject({
          url: `http://${host}/shop/item?a=1&utm_source=x`,
          path: '/shop/item',
          hostname: '127.0.0.1',
          protocol: 'http',
          query: 'a=1&utm_source=x',
        });
      });

      it('D5 has every method of the official SDK', async () => {
        const app = await start({
          '/': (x) => {
            const { convert } = x;
            convert.setDefaultSegments({ campaign: 'autumn' });
            convert.updateVisitorProperties({ plan: 'pro' });
            convert.runCustomSegments(['big-spenders'], { ruleData: { spent: 'lots' } });
            convert.trackConversion('signup', { ruleData: { plan: 'pro' } });
            x.send(
              200,
              JSON.stringify({
                all: convert.runExperiences().map((each) => each.experienceKey),
                feature: convert.runFeature('checkout-button'),
                features: convert.runFeatures().map((each) => `${each.key} ${each.status}`),
                peek: convert.peek('homepage-hero')?.experienceKey,
                why: ['homepage-hero', 'live-only', 'archived-one', 'nobody', 'missing', 'spring-sale'].map(
                  (key) => convert.explain(key).reason,
                ),
              }),
            );
          },
        });
        const answer = await get(app, '/');
        const body = JSON.parse(answer.text);
        expect(body.all).toEqual(['homepage-hero', 'featured']);
        expect(body.feature).toMatchObject({
          key: 'checkout-button',
          status: 'enabled',
          experienceKey: 'featured',
        });
        expect([10, 12]).toContain(body.feature.variables.price);
        expect(body.features).toEqual(['checkout-button enabled', 'unused-feature disabled']);
        expect(body.peek).toBe('homepage-hero');
        expect(body.why).toEqual(['bucketed', 'environment', 'archived', 'traffic', 'not-found', 'audience']);
        const { events } = await delivered();
        expect(events.map((event) => event.eventType).sort()).toEqual([
          'bucketing',
          'bucketing',
          'conversion',
        ]);
        expect(events[0]?.segments).toMatchObject({
          campaign: 'autumn',
          browser: 'CH',
          customSegments: ['801'],
        });
      });

      it('D6 gives what was decided inline before what the request says', async () => {
        const app = await start({
          '/': (x) => {
            const given = {
              locationProperties: { path: '/pricing' },
              visitorProperties: { country: 'DE', device: 'mobile' },
            };
            x.send(200, x.convert.runExperience('german-pricing', given)?.experienceKey ?? 'none');
          },
        });
        expect((await get(app, '/')).text).toBe('german-pricing');
      });

      it('D7 tracks a conversion once, with its transaction and the bucketing it belongs to', async () => {
        const buy: Handler = (x) => {
          x.convert.trackConversion('purchase', {
            conversionData: [
              { key: 'amount', value: 10.5 },
              { key: 'transactionId', value: 't1' },
            ],
          });
          x.send(200, 'thanks');
        };
        const app = await start({ '/': hero, '/buy': buy });
        const cookie = `cv_vid=${visitorIdOf(await get(app, '/'))}`;
        await get(app, '/buy', { cookie });
        await get(app, '/buy', { cookie });
        const conversions = (await delivered()).conversions();
        const variationId = (apps.collector.exposures()[0]?.data as { variationId: string }).variationId;
        expect(conversions.map((event) => event.data)).toEqual([
          { goalId: '501', bucketingData: { '101': variationId } },
          {
            goalId: '501',
            goalData: [
              { key: 'amount', value: 10.5 },
              { key: 'transactionId', value: 't1' },
            ],
            bucketingData: { '101': variationId },
          },
        ]);
      });
    });

    describe('preview links', () => {
      const all: Handler = (x) => {
        x.convert.trackConversion('purchase');
        const { convert } = x;
        x.send(
          200,
          JSON.stringify({
            one: convert.runExperience('nobody')?.key ?? null,
            other: convert.runExperience('homepage-hero') !== null,
            all: convert.runExperiences().map((each) => each.experienceKey),
            reason: convert.explain('nobody').reason,
          }),
        );
      };

      it('V1 show a variation whatever the config says of it, and leave no trace', async () => {
        const app = await start({ '/': all });
        const answer = await get(app, '/?a=1&convert_preview=103.1030');
        expect(JSON.parse(answer.text)).toEqual({
          one: 'a',
          other: true,
          all: ['homepage-hero', 'featured', 'nobody'],
          reason: 'preview',
        });
        expect(answer.headers['cache-control']).toBe('private, no-store');
        expect(cookiesOf(answer)).toEqual([]);
        const known = { cookie: 'cv_vid=known' };
        await get(app, '/?convert_preview=103.1030', known);
        expect((await delivered()).requests).toHaveLength(0);
        // Nor was anything stored: the visit after it is the first one.
        await get(app, '/', known);
        expect((await delivered()).exposures().map(({ visitorId }) => visitorId)).toEqual(['known', 'known']);
      });

      it.each([
        ['names an unknown experience', '999.1030'],
        ['names an unknown variation', '103.999'],
        ['has no variation', '103'],
        ['has more than two parts', '103.1030.1'],
        ['has no digits', 'a.b'],
        ['has a sign', '+103.1030'],
        ['is empty', ''],
      ])('V2 are a visit like any other where the link %s', async (_what, link) => {
        const app = await start({ '/': all });
        const answer = await get(app, `/?convert_preview=${link}`);
        expect(JSON.parse(answer.text)).toMatchObject({ one: null, reason: 'traffic' });
        expect(namesOf(answer)).toEqual(['cv_vid', 'cv_ses']);
        expect((await delivered()).exposures()).toHaveLength(2);
      });

      it('V3 are followed only where the app says so', async () => {
        const isStaff = (raw: unknown): boolean => adapter.user(raw) === 'staff';
        for (const [preview, user, followed] of [
          [false, 'staff', false],
          [isStaff, 'staff', true],
          [isStaff, 'mary', false],
        ] as const) {
          const app = await start({ '/': all }, { preview }, { authenticate: () => user });
          const { text } = await get(app, '/?convert_preview=103.1030');
          expect(JSON.parse(text).one, `${String(preview)} ${user}`).toBe(followed ? 'a' : null);
        }
      });
    });

    describe('identity', () => {
      it('I1 sets the cookie as it should be', async () => {
        const app = await start({ '/': hero });
        const [line] = cookiesOf(await get(app, '/', { host: 'shop.example', 'sec-fetch-site': 'none' }));
        expect(line).toMatch(/^cv_vid=[0-9a-f-]{36}; Max-Age=31536000; Path=\/; Secure; SameSite=Lax$/);
        const [local] = cookiesOf(await get(app, '/', { host: 'localhost:3000' }));
        expect(local).not.toMatch(/secure/i);
        expect(local).not.toMatch(/httponly/i);
      });

      it('I2 ignores and replaces a malformed or over-long cookie', async () => {
        const app = await start({ '/': hero });
        for (const bad of ['a b', '<script>', 'x'.repeat(65), '', '%00', 'ü']) {
          const answer = await get(app, '/', { cookie: `cv_vid=${encodeURIComponent(bad)}` });
          expect(visitorIdOf(answer)).toMatch(/^[0-9a-f-]{36}$/);
        }
      });

      it('I3 sets nothing where the context was not used', async () => {
        const app = await start({ '/': (x) => x.send(200, 'plain') });
        const answer = await get(app, '/');
        expect(cookiesOf(answer)).toEqual([]);
        expect(answer.headers['cache-control']).toBeUndefined();
        expect((await delivered()).requests).toHaveLength(0);
      });

      it('I4 takes the id of the app, found by authentication that runs later, before the cookie', async () => {
        const app = await start(
          {
            '/': (x) =>
              x.send(200, `${x.convert.visitorId} ${x.convert.runExperience('homepage-hero')?.key}`),
          },
          { visitor: { id: (raw) => adapter.user(raw) } },
          { authenticate: () => 'user-7' },
        );
        const answer = await get(app, '/', { cookie: 'cv_vid=abc', 'user-agent': GOOGLEBOT });
        expect(answer.text).toMatch(/^user-7 (original|version-b)$/);
        // No id: that is the app's. The session is kept for users, too.
        expect(namesOf(answer)).toEqual(['cv_ses']);
        expect((await delivered()).exposures()[0]?.visitorId).toBe('user-7');
      });

      it('I5 gives bots the original page, no cookie and no event', async () => {
        const app = await start({
          '/': (x) => {
            x.convert.trackConversion('purchase');
            x.send(
              200,
              `${x.convert.runExperience('homepage-hero')?.key} ${x.convert.explain('homepage-hero').reason}`,
            );
          },
        });
        const answer = await get(app, '/', { 'user-agent': GOOGLEBOT });
        expect(answer.text).toBe('undefined bot');
        expect(cookiesOf(answer)).toEqual([]);
        expect((await delivered()).requests).toHaveLength(0);
      });

      it('I6 knows clients without cookies by their fingerprint, and sets none', async () => {
        const app = await start(
          {
            '/': (x) =>
              x.send(200, `${x.convert.visitorId} ${x.convert.runExperience('homepage-hero')?.key}`),
          },
          { visitor: { fingerprint: { secret: 'a secret of the test' } } },
        );
        const [one, two, other] = [
          await get(app, '/'),
          await get(app, '/'),
          await get(app, '/', { 'user-agent': IPHONE }),
        ];
        expect(one.text).toBe(two.text);
        expect(one.text.split(' ')[0]).not.toBe(other.text.split(' ')[0]);
        expect(cookiesOf(one)).toEqual([]);
        expect((await delivered()).exposures()).toHaveLength(2);
      });

      it('I7 reads the cookie among two hundred others', async () => {
        const app = await start({ '/': (x) => x.send(200, x.convert.visitorId) });
        const others = Array.from({ length: 200 }, (_, n) => `c${n}=${n}`).join('; ');
        expect((await get(app, '/', { cookie: `${others}; cv_vid=me-1` })).text).toBe('me-1');
      });

      it('I8 keeps app ids and cookie ids of the same text apart', async () => {
        let user: string | undefined = 'victim';
        const track: Handler = (x) => {
          x.convert.trackConversion('purchase');
          x.send(200, 'ok');
        };
        const app = await start({ '/': track }, { visitor: { id: () => user } });
        await get(app, '/');
        user = undefined;
        await get(app, '/', { cookie: 'cv_vid=victim' });
        expect((await delivered()).conversions()).toHaveLength(2);
      });

      describe('at first use', () => {
        interface Calls {
          identify: number;
          consent: number;
          read: number;
          commit: number;
          delete: number;
        }
        const NO_CALLS: Calls = { identify: 0, consent: 0, read: 0, commit: 0, delete: 0 };
        const plain: Handler = (x) => x.send(200, 'plain');
        const failing: Handler = () => {
          throw new Error('of the app');
        };

        /** An app whose visitor.id, consent and store count their calls. */
        async function counted({ remote }: { remote: boolean }): Promise<{
          /** The calls for one request, until all that it left behind is committed. */
          callsFor: (path: string, method?: 'get' | 'head' | 'post') => Promise<Calls>;
        }> {
          let calls = { ...NO_CALLS };
          const kept = memoryStore();
          const store: VisitorStore = {
            remote,
            read: (key) => (calls.read++, remote ? Promise.resolve(kept.read(key)) : kept.read(key)),
            commit: (...change) => (calls.commit++, kept.commit(...change)),
            delete: (key) => (calls.delete++, kept.delete(key)),
          };
          const app = await start(
            { '/': hero, '/plain': plain, '/failing': failing },
            {
              visitor: { id: () => (calls.identify++, 'user-7') },
              consent: () => (calls.consent++, 'granted'),
              store,
            },
            { onError: plain },
          );
          const callsFor = async (path: string, method: 'get' | 'head' | 'post' = 'get'): Promise<Calls> => {
            calls = { ...NO_CALLS };
            await request(app.url)[method](path).set({ 'user-agent': CHROME, cookie: 'cv_vid=abc' });
            await app.convert.flush({ timeout: 30_000 });
            return calls;
          };
          return { callsFor };
        }

        it('I9 asks nothing of identity, consent or the store where the handler does not read it', async () => {
          const { callsFor } = await counted({ remote: false });
          expect(await callsFor('/plain')).toEqual(NO_CALLS);
          expect(await callsFor('/plain?convert_preview=101.1001')).toEqual(NO_CALLS);
          expect(await callsFor('/plain', 'head')).toEqual(NO_CALLS);
          expect(await callsFor('/plain', 'post')).toEqual(NO_CALLS);
          expect(await callsFor('/failing')).toEqual(NO_CALLS);
          expect(await callsFor('/nowhere')).toEqual(NO_CALLS);
          expect(await callsFor('/')).toEqual({ ...NO_CALLS, identify: 1, consent: 1, read: 1, commit: 1 });
          expect(apps.logged).toEqual([]);
        });

        it('I10 asks each of them once before the handler, whatever that reads, for a remote store', async () => {
          const { callsFor } = await counted({ remote: true });
          const once = { ...NO_CALLS, identify: 1, consent: 1, read: 1 };
          expect(await callsFor('/plain')).toEqual(once);
          expect(await callsFor('/')).toEqual({ ...once, commit: 1 });
          expect(apps.logged).toEqual([]);
        });
      });
    });

    describe('consent', () => {
      const consent = { cookie: 'consent', granted: 'granted' };
      const page: Handler = (x) => {
        const variation = x.convert.runExperience('homepage-hero');
        x.convert.trackConversion('purchase');
        const { reason } = x.convert.explain('homepage-hero');
        x.send(
          200,
          `${x.convert.consent} ${variation?.key ?? 'none'} ${reason} ${x.convert.bridge.attribute()}`,
        );
      };

      it('C1 without a grant: the original page; nothing set, stored or sent', async () => {
        const app = await start({ '/': page }, { consent });
        const unknown = await get(app, '/');
        expect(unknown.text).toBe('unknown none consent data-cv-variations="{}"');
        const denied = await get(app, '/', { cookie: 'consent=denied' });
        expect(denied.text).toBe('denied none consent data-cv-variations="{}"');
        expect([...cookiesOf(unknown), ...cookiesOf(denied)]).toEqual([]);
        expect((await delivered()).requests).toHaveLength(0);
      });

      it('C2 with a grant everything runs', async () => {
        const app = await start({ '/': page }, { consent });
        const answer = await get(app, '/', { cookie: 'consent=granted' });
        expect(answer.text).toMatch(/^granted (original|version-b) bucketed data-cv-variations=/);
        expect(visitorIdOf(answer)).toBeDefined();
        expect((await delivered()).events).toHaveLength(2);
      });

      it('C11 C3: takes quotes off the consent cookie', async () => {
        const app = await start({ '/': page }, { consent });
        const id = visitorIdOf(await get(app, '/', { cookie: 'consent="granted"' }));
        const again = await get(app, '/', { cookie: `consent="granted"; cv_vid="${id}"` });
        expect(again.text).toMatch(/^granted (original|version-b) sticky/);
        expect((await get(app, '/', { cookie: 'consent="denied"' })).text).toMatch(/^denied none/);
      });

      it('C3 asks a function, which gets the request of the framework', async () => {
        const app = await start(
          { '/': page },
          { consent: (raw) => adapter.user(raw) === 'friend' },
          { authenticate: () => 'friend' },
        );
        expect((await get(app, '/')).text).toMatch(/^granted/);
      });

      it('C4 withdrawal expires the cookie on the same response and forgets the visitor', async () => {
        const app = await start({ '/': page }, { consent });
        const id = visitorIdOf(await get(app, '/', { cookie: 'consent=granted' }));
        const gone = await get(app, '/', { cookie: `consent=denied; cv_vid=${id}` });
        expect(gone.text).toMatch(/^denied none consent/);
        expect(cookiesOf(gone)[0]).toMatch(/^cv_vid=; Max-Age=0; Path=\//);
        const again = await get(app, '/', { cookie: `consent=granted; cv_vid=${id}` });
        expect(again.text).toMatch(/^granted/);
        // The state is gone: the exposure and the conversion count anew.
        expect((await delivered()).events).toHaveLength(4);
      });

      it('C5 silent decides and leaves no trace', async () => {
        const app = await start(
          { '/': page },
          { consent: { ...consent, mode: 'silent' }, visitor: { id: () => 'user-7' } },
        );
        const silent = await get(app, '/');
        expect(silent.text).toMatch(/^unknown (original|version-b)/);
        expect((await delivered()).requests).toHaveLength(0);
        const granted = await get(app, '/', { cookie: 'consent=granted' });
        expect(granted.text.split(' ')[1]).toBe(silent.text.split(' ')[1]);
        expect((await delivered()).events).toHaveLength(2);
      });

      it('C6 hold keeps events until a grant sends them', async () => {
        const app = await start(
          { '/': page, '/plain': (x) => x.send(200, x.convert.consent) },
          { consent: { ...consent, mode: 'hold' }, visitor: { id: () => 'user-7' } },
        );
        const held = await get(app, '/');
        expect(held.text).toMatch(/^unknown (original|version-b)/);
        expect((await get(app, '/')).text.split(' ')[1]).toBe(held.text.split(' ')[1]);
        expect((await delivered()).requests).toHaveLength(0);
        await get(app, '/plain', { cookie: 'consent=granted' });
        const { events } = await delivered();
        expect(events.map((event) => event.eventType)).toEqual(['bucketing', 'conversion']);
        expect(events[0]?.visitorId).toBe('user-7');
        await get(app, '/', { cookie: 'consent=granted' });
        expect((await delivered()).events).toHaveLength(2);
      });

      it('C7 hold deletes on a denial, and says so', async () => {
        const app = await start(
          { '/': page },
          { consent: { ...consent, mode: 'hold' }, visitor: { id: () => 'user-7' } },
        );
        await get(app, '/');
        expect((await get(app, '/', { cookie: 'consent=denied' })).text).toMatch(/^denied none consent/);
        await get(app, '/', { cookie: 'consent=granted' });
        expect((await delivered()).events).toHaveLength(2);
        expect(app.convert.stats().delivery.reasons.consent).toBe(2);
      });

      it('C8 jobs go by the grant that the visitor gave', async () => {
        const app = await start({ '/': page }, { consent });
        const id = visitorIdOf(await get(app, '/', { cookie: 'consent=granted' })) ?? '';
        for (const each of [id, 'stranger']) {
          const visitor = await app.convert.forVisitor(each);
          visitor.trackConversion('purchase', {
            conversionSetting: { forceMultipleTransactions: true },
            conversionData: [{ key: 'amount', value: 1 }],
          });
        }
        const { events } = await delivered();
        expect(events.filter((event) => 'goalData' in event.data).map((event) => event.visitorId)).toEqual([
          id,
        ]);
        expect(app.convert.stats().delivery.reasons.consent).toBe(1);
      });
    });

    describe('consent platforms and opt-outs', () => {
      const page: Handler = (x) => {
        const variation = x.convert.runExperience('homepage-hero');
        const { answer, by } = x.convert.explain('homepage-hero').consent;
        x.send(200, `${answer} by ${by}: ${variation === null ? 'the original page' : 'a variation'}`);
      };

      it('C9 reads the cookies of a consent platform, and takes a withdrawal at its word', async () => {
        const app = await start({ '/': page }, { consent: 'onetrust' });
        const first = 'OptanonConsent=isGpcEnabled=0&version=202409.1.0&groups=C0001%3A1%2CC0002%3A0';
        expect((await get(app, '/', { cookie: first })).text).toBe('unknown by none: the original page');
        const answered =
          'OptanonAlertBoxClosed=2026-01-24T10:20:37.000Z; OptanonConsent=groups=C0001%3A1%2CC0002';
        const granted = await get(app, '/', { cookie: `${answered}%3A1` });
        expect(granted.text).toBe('granted by onetrust: a variation');
        const cookie = `${answered}%3A0; cv_vid=${visitorIdOf(granted)}`;
        const denied = await get(app, '/', { cookie });
        expect(denied.text).toBe('denied by onetrust: the original page');
        expect(cookiesOf(denied)).toEqual([expect.stringMatching(/^cv_vid=; Max-Age=0; Path=\//)]);
        expect((await delivered()).events).toHaveLength(1);
      });

      it('C10 takes an opt-out of the browser for a denial, whatever the cookies say', async () => {
        const project = testProject();
        project.project.settings = { global_privacy_control: 'Worldwide', do_not_track: 'OFF' };
        const app = await start({ '/': page }, { project, consent: 'cookiebot' });
        const cookie = 'CookieConsent=-1; cv_vid=me-1';
        expect((await get(app, '/', { cookie, DNT: '1' })).text).toBe('granted by cookiebot: a variation');
        const opted = await get(app, '/', { cookie, 'Sec-GPC': '1' });
        expect(opted.text).toBe('denied by Sec-GPC: the original page');
        expect(cookiesOf(opted)[0]).toMatch(/^cv_vid=; Max-Age=0; Path=\//);
        const own = await get(app, '/', { cookie: `${cookie}; _conv_prevent_tracking=true` });
        expect(own.text).toBe('denied by _conv_prevent_tracking: the original page');
        expect((await delivered()).events).toHaveLength(1);
      });
    });

    describe('cookies next to those of the app', () => {
      const cases: [id: string, how: string, handler: Handler][] = [
        ['K1', 'the framework sets one', (x) => send(x, () => x.cookie('app', '1'))],
        ['K2', 'the framework sets one after the decision', (x) => send(x, () => x.cookie('app', '1'))],
        ['K3', 'the header is set, which replaces', (x) => send(x, () => x.header('Set-Cookie', 'app=1'))],
        [
          'K4',
          'the header is set with a list',
          (x) => send(x, () => x.header('Set-Cookie', ['app=1', 'b=2'])),
        ],
        [
          'K5',
          'writeHead gets an object',
          (x) => raw(x, (res) => res.writeHead(200, { 'Set-Cookie': 'app=1', 'X-App': 'kept' })),
        ],
        [
          'K6',
          'writeHead gets an object with a list, and a reason',
          (x) =>
            raw(x, (res) => res.writeHead(200, 'Fine', { 'set-cookie': ['app=1', 'b=2'], 'X-App': 'kept' })),
        ],
        [
          'K7',
          'writeHead gets a flat list with the header twice',
          (x) =>
            raw(x, (res) =>
              res.writeHead(200, ['Set-Cookie', 'app=1', 'Set-Cookie', 'b=2', 'X-App', 'kept']),
            ),
        ],
        [
          'K8',
          'a header is set and writeHead gets another',
          (x) =>
            raw(x, (res) => {
              res.setHeader('X-App', 'kept');
              res.writeHead(200, { 'Set-Cookie': 'app=1' });
            }),
        ],
        [
          'K9',
          'the raw response appends one and flushes its headers',
          (x) =>
            raw(x, (res) => {
              res.appendHeader('Set-Cookie', 'app=1');
              res.setHeader('X-App', 'kept');
              res.flushHeaders();
            }),
        ],
      ];

      function send(x: Exchange, set: () => void): void {
        const key = x.convert.runExperience('homepage-hero')?.key;
        set();
        x.send(200, key ?? 'none');
      }

      function raw(x: Exchange, write: (res: Exchange['res']) => void): void {
        const key = x.convert.runExperience('homepage-hero')?.key;
        const res = x.takeOver();
        write(res);
        res.end(key);
      }

      itOnNode('K10 the head was invalid, and the app answers with another one', async () => {
        const app = await start(
          {
            '/': (x) => {
              x.convert.runExperience('homepage-hero');
              const res = x.takeOver();
              try {
                res.writeHead(200, { 'x-broken': 'a\nb' });
              } catch {
                res.writeHead(500, { 'X-App': 'kept' });
              }
              res.end();
            },
          },
          {},
        );
        const answer = await get(app, '/');
        expect([answer.status, answer.headers['x-app']]).toEqual([500, 'kept']);
        expect(cookiesOf(answer).filter((line) => line.startsWith('cv_vid='))).toHaveLength(1);
        expect((await delivered()).exposures()).toHaveLength(1);
      });

      itOnNode(
        'K12 the head was invalid, and the other one is for shared caches: no cookie is left',
        async () => {
          const app = await start({
            '/': (x) => {
              x.convert.runExperience('homepage-hero');
              const res = x.takeOver();
              try {
                res.writeHead(99_999);
              } catch {
                res.setHeader('Cache-Control', 'public, max-age=60');
                res.writeHead(500);
              }
              res.end();
            },
          });
          const answer = await get(app, '/');
          expect([answer.status, cookiesOf(answer)]).toEqual([500, []]);
          expect((await delivered()).requests).toHaveLength(0);
        },
      );

      itOnNode(
        'K11 a library that wrapped writeHead before sets one, and the app gives other headers',
        async () => {
          const app = await start({
            '/': (x) => {
              const { res } = x;
              const original = res.writeHead.bind(res) as (...given: unknown[]) => typeof res;
              res.writeHead = (...given: unknown[]) => {
                res.appendHeader('Set-Cookie', 'lib=1');
                return original(...given);
              };
              x.convert.runExperience('homepage-hero');
              const raw = x.takeOver();
              for (const name of raw.getHeaderNames()) raw.removeHeader(name);
              raw.writeHead(200, { 'X-App': 'kept' });
              raw.end();
            },
          });
          const answer = await get(app, '/');
          expect(
            cookiesOf(answer)
              .map((line) => line.split('=')[0])
              .sort(),
          ).toEqual(['cv_ses', 'cv_vid', 'lib']);
          expect(answer.headers['x-app']).toBe('kept');
        },
      );

      for (const [id, how, handler] of cases) {
        (/writeHead|raw response/.test(how) ? itOnNode : it)(`${id} ${how}`, async () => {
          const app = await start({ '/': handler });
          const answer = await get(app, '/');
          const lines = cookiesOf(answer);
          expect(visitorIdOf(answer)).toBeDefined();
          expect(lines.filter((line) => line.startsWith('cv_vid='))).toHaveLength(1);
          expect(lines.some((line) => line.startsWith('app=1'))).toBe(true);
          if (handler.toString().includes('b=2')) expect(lines).toHaveLength(4);
          if (handler.toString().includes('X-App')) expect(answer.headers['x-app']).toBe('kept');
          expect((await delivered()).exposures()).toHaveLength(1);
        });
      }
    });

    describe('responses', () => {
      it("R1 an error that a handler throws is the app's, and the exposure counts", async () => {
        const app = await start({
          '/': (x) => {
            x.convert.runExperience('homepage-hero');
            throw new Error('of the app');
          },
        });
        expect((await get(app, '/')).status).toBe(500);
        expect((await delivered()).exposures()).toHaveLength(1);
      });

      it('R2 error handlers have the context', async () => {
        const app = await start(
          {
            '/': () => {
              throw new Error('of the app');
            },
          },
          {},
          { onError: (x) => x.send(503, x.convert.runExperience('homepage-hero')?.experienceKey ?? 'none') },
        );
        const answer = await get(app, '/');
        expect([answer.status, answer.text]).toEqual([503, 'homepage-hero']);
        expect((await delivered()).exposures()).toHaveLength(1);
      });

      it('R3 streams get the cookie, and decisions made while streaming count', async () => {
        const app = await start({
          '/': (x) => {
            x.convert.runExperience('homepage-hero');
            async function* body(): AsyncGenerator<string> {
              yield 'one ';
              await sleep(20);
              yield x.convert.runExperience('featured')?.experienceKey ?? 'none';
            }
            x.header('content-type', 'text/plain');
            x.stream(Readable.from(body()));
          },
        });
        const answer = await get(app, '/');
        expect(answer.text).toBe('one featured');
        expect(visitorIdOf(answer)).toBeDefined();
        expect((await delivered()).exposures()).toHaveLength(2);
      });

      itOnNode('R4 a visitor first met after the head gets a decision and is not enrolled', async () => {
        let why = '';
        const app = await start({
          '/': (x) => {
            const { convert } = x;
            const res = x.takeOver();
            res.writeHead(200);
            res.write(' ');
            why = convert.explain('homepage-hero').reason;
            res.end(convert.runExperience('homepage-hero')?.experienceKey);
          },
        });
        const answer = await get(app, '/');
        expect(answer.text).toBe(' homepage-hero');
        expect(why).toBe('no-identity');
        expect((await delivered()).requests).toHaveLength(0);
      });

      it('R5 HEAD decides and enrols nobody', async () => {
        let key: string | undefined;
        const app = await start({
          '/': (x) => {
            key = x.convert.runExperience('homepage-hero')?.experienceKey;
            x.send(200, 'body');
          },
        });
        const answer = await request(app.url).head('/').set('user-agent', CHROME);
        expect(key).toBe('homepage-hero');
        expect(cookiesOf(answer)).toEqual([]);
        expect((await delivered()).requests).toHaveLength(0);
      });

      it('R6 a 304 and a redirect carry the cookie, and their exposures count', async () => {
        const app = await start({
          '/same': (x) => {
            x.convert.runExperience('homepage-hero');
            x.send(304, '');
          },
          '/away': (x) => {
            x.convert.runExperience('homepage-hero');
            x.redirect('/elsewhere');
          },
        });
        const same = await get(app, '/same');
        const away = await get(app, '/away').redirects(0);
        expect([same.status, away.status]).toEqual([304, 302]);
        expect(visitorIdOf(same)).toBeDefined();
        expect(visitorIdOf(away)).toBeDefined();
        expect((await delivered()).exposures()).toHaveLength(2);
      });

      it('R7 cache headers: private unless the app says otherwise', async () => {
        const cached =
          (value: string): Handler =>
          (x) => {
            x.header('Cache-Control', value);
            return hero(x);
          };
        const app = await start({
          '/': hero,
          '/own': cached('private, max-age=60'),
          '/shared': cached('public, s-maxage=60'),
        });
        expect((await get(app, '/')).headers['cache-control']).toBe('private, no-cache');
        const own = await get(app, '/own');
        expect(own.headers['cache-control']).toBe('private, max-age=60');
        expect(visitorIdOf(own)).toBeDefined();
        for (let n = 0; n < 2; n++) {
          const shared = await get(app, '/shared');
          expect(shared.headers['cache-control']).toBe('public, s-maxage=60');
          expect(cookiesOf(shared)).toEqual([]);
        }
        expect(apps.logged.filter((line) => line.includes('shared cache'))).toHaveLength(1);
        expect((await delivered()).exposures()).toHaveLength(2);
      });

      itOnNode('R7b who brings the cookie gets the same cache headers, and no other', async () => {
        const app = await start({
          '/': hero,
          '/own': (x) => {
            const key = x.convert.runExperience('homepage-hero')?.key ?? 'none';
            x.header('Cache-Control', 'public, max-age=60');
            x.send(200, key);
          },
          '/head': (x) => {
            const key = x.convert.runExperience('homepage-hero')?.key;
            x.takeOver().writeHead(200, { 'cache-control': 'no-store' }).end(key);
          },
        });
        const answers = await Promise.all(
          ['/', '/own', '/head'].map((path) =>
            get(app, path, { cookie: `cv_vid=a-visitor-who-returns; ${runningSession()}` }),
          ),
        );
        expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
          'private, no-cache',
          'public, max-age=60',
          'no-store',
        ]);
        expect(answers.flatMap(cookiesOf)).toEqual([]);
        expect((await delivered()).exposures()).toHaveLength(1);
      });

      itOnNode(
        'R7c what was decided long before the head counts from the head on, not from the end',
        async () => {
          let end = (): void => {};
          const ended = new Promise<void>((resolve) => (end = resolve));
          const app = await start({
            '/': async (x) => {
              x.convert.runExperience('homepage-hero');
              await sleep(30);
              const res = x.takeOver();
              res.writeHead(200);
              res.write('one ');
              await ended;
              res.end('two');
            },
          });
          const answers = [get(app, '/', { cookie: 'cv_vid=a-visitor-who-returns' }), get(app, '/')];
          const all = Promise.all(answers);
          await apps.collector.waitFor((seen) => seen.exposures().length === 2);
          end();
          expect((await all).map(({ text }) => text)).toEqual(['one two', 'one two']);
        },
      );

      itOnSockets('R8 counts the exposure of a client that leaves in the middle of the page', async () => {
        const app = await start({
          '/': (x) => {
            x.convert.runExperience('homepage-hero');
            const res = x.takeOver();
            res.write('x'.repeat(1000));
          },
        });
        const socket = await hangingGet(app.url);
        await once(socket, 'data');
        socket.destroy();
        await apps.collector.waitFor((seen) => seen.exposures().length === 1);
      });

      itOnNode(
        'R9 counts the exposure of a client that leaves before the head, and what is decided after it left',
        async () => {
          let left = (): void => undefined;
          const gone = new Promise<void>((resolve) => (left = resolve));
          const app = await start({
            '/': async (x) => {
              x.convert.runExperience('homepage-hero');
              x.res.once('close', left);
              await gone;
              await sleep(10);
              x.convert.runExperience('featured');
              x.takeOver().end();
            },
          });
          const socket = await hangingGet(app.url);
          await sleep(50);
          socket.destroy();
          await apps.collector.waitFor((seen) => seen.exposures().length === 2);
        },
      );

      it('R10 tracking after the response was sent, and a flush before it, both deliver', async () => {
        let inHandler = 0;
        const app = await start({
          '/after': (x) => {
            const { convert } = x;
            x.send(200, 'sent');
            const late = sleep(20).then(() => convert.trackConversion('purchase'));
            x.keep?.(late);
            convert.runExperience('featured');
          },
          '/before': async (x) => {
            x.convert.trackConversion('purchase');
            await x.convert.releaseQueues();
            inHandler = apps.collector.conversions().length;
            x.send(204, '');
          },
        });
        await get(app, '/before', { cookie: 'cv_vid=b' });
        expect(inHandler).toBe(1);
        await get(app, '/after', { cookie: 'cv_vid=a' });
        await apps.collector.waitFor(
          (seen) => seen.conversions().length === 2 && seen.exposures().length === 1,
        );
      });

      itOnNode('R10b no response waits for a collector that hangs', async () => {
        apps.collector.change({ behaviour: () => 'hang' });
        const app = await start({ '/': hero });
        for (let n = 0; n < 5; n++) expect((await get(app, '/')).status).toBe(200);
        await apps.collector.waitFor(({ requests }) => requests.length === 1);
        expect((await get(app, '/')).status).toBe(200);
        expect(app.convert.stats().delivery).toMatchObject({ delivered: 0, retries: 0 });
      });

      it('R11 hands the decisions to the page', async () => {
        const app = await start({
          '/': (x) => {
            const key = x.convert.runExperience('homepage-hero')?.key;
            const { bridge } = x.convert;
            x.header('content-type', 'text/html');
            x.send(200, `${key}\n${bridge.script({ nonce: 'n1' })}\n${bridge.attribute()}\n${bridge.meta()}`);
          },
        });
        const answer = await get(app, '/');
        const [key, script, attribute, meta] = answer.text.split('\n');
        const id = visitorIdOf(answer);
        expect(script).toBe(
          `<script nonce="n1">window.__CV__={"homepage-hero":"${key}"};` +
            `window.__CV_CONTEXT__={"visitorId":"${id}","exposed":["homepage-hero"]}</script>`,
        );
        const variations = `{&quot;homepage-hero&quot;:&quot;${key}&quot;}`;
        expect(attribute).toBe(`data-cv-variations="${variations}" data-cv-visitor="${id}"`);
        expect(meta).toBe(
          `<meta name="cv-variations" content="${variations}"><meta name="cv-visitor" content="${id}">`,
        );
      });

      it.skipIf(!capabilities.http2)('R12 works over HTTP/2', async () => {
        const app = await start({ '/': hero }, {}, { http2: true });
        const client = http2Connect(app.url);
        const stream = client.request({ ':path': '/', 'user-agent': CHROME });
        const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
        stream.resume();
        await once(stream, 'close');
        client.close();
        expect(headers[':status']).toBe(200);
        expect(visitorIdOf({ headers })).toBeDefined();
        expect(headers['cache-control']).toBe('private, no-cache');
        expect((await delivered()).exposures()).toHaveLength(1);
      });
    });

    describe('client hints', () => {
      const HINTS = 'Sec-CH-UA-Full-Version-List, Sec-CH-UA-Model, Sec-CH-UA-Form-Factors';
      const page =
        (handler: Handler): Handler =>
        (x) => {
          x.header('Content-Type', 'text/html; charset=utf-8');
          return handler(x);
        };
      const unused: Handler = (x) => x.send(200, '<h1>Hello</h1>');
      /** Without the framework, and with the context used. */
      const answered =
        (headers: Record<string, string>): Handler =>
        (x) => {
          const { visitorId } = x.convert;
          x.takeOver().writeHead(200, headers).end(`<h1>${visitorId}</h1>`);
        };
      const asked = (answer: { headers: Record<string, string> }) => [
        answer.headers['accept-ch'],
        answer.headers['critical-ch'],
      ];

      itOnNode(
        'U1 are asked for by pages, whether they use the context or not, and by nothing else',
        async () => {
          const app = await start(
            {
              '/': page(hero),
              '/unused': page(unused),
              '/text': answered({ 'Content-Type': 'text/plain' }),
              '/own': answered({ 'content-type': 'text/html' }),
              '/skipped': page(unused),
            },
            { acceptClientHints: true, skip: (raw) => (raw as { url: string }).url === '/skipped' },
          );
          const all = ['/', '/unused', '/own', '/text', '/skipped'];
          const answers = await Promise.all(all.map((path) => get(app, path)));
          expect(answers.map(asked)).toEqual([
            [HINTS, undefined],
            [HINTS, undefined],
            [HINTS, undefined],
            [undefined, undefined],
            [undefined, undefined],
          ]);
          expect(cookiesOf(answers[1]!)).toEqual([]);
          expect(answers[1]!.headers['cache-control']).toBeUndefined();
          expect(answers[0]!.headers.vary ?? '').not.toMatch(/sec-ch/i);
          expect(asked(await get(app, '/', { 'user-agent': GOOGLEBOT }))).toEqual([undefined, undefined]);
          expect(apps.logged).toEqual([]);
        },
      );

      it('U2 are not asked for unless the app says so', async () => {
        const app = await start({ '/': page(hero), '/unused': page(unused) });
        expect(asked(await get(app, '/'))).toEqual([undefined, undefined]);
        expect(asked(await get(app, '/unused'))).toEqual([undefined, undefined]);
      });

      itOnNode('U3 are added to those that the app asks for, and may be critical', async () => {
        const app = await start(
          {
            '/': page(hero),
            '/own': page((x) => {
              x.header('Accept-CH', 'DPR, sec-ch-ua-model');
              x.header('Critical-CH', 'DPR');
              return hero(x);
            }),
            '/head': answered({ 'Content-Type': 'text/html', 'ACCEPT-CH': 'DPR' }),
          },
          { acceptClientHints: 'critical' },
        );
        expect(asked(await get(app, '/'))).toEqual([HINTS, HINTS]);
        expect(asked(await get(app, '/own'))).toEqual([
          'DPR, sec-ch-ua-model, Sec-CH-UA-Full-Version-List, Sec-CH-UA-Form-Factors',
          `DPR, ${HINTS}`,
        ]);
        expect(asked(await get(app, '/head'))).toEqual([`DPR, ${HINTS}`, HINTS]);
      });

      it('U4 are asked for with consent only, and by no page for all', async () => {
        const consent = { cookie: 'consent', granted: 'yes' };
        const cached =
          (control: string): Handler =>
          (x) => {
            x.header('Cache-Control', control);
            return unused(x);
          };
        const shared = cached('public, max-age=60');
        const app = await start(
          {
            '/': page(unused),
            '/shared': page(shared),
            '/kept': page(cached('max-age=60')),
            '/own': page(cached('private, max-age=60')),
          },
          { acceptClientHints: true, consent },
        );
        expect(asked(await get(app, '/'))).toEqual([undefined, undefined]);
        expect(asked(await get(app, '/', { cookie: 'consent=no' }))).toEqual([undefined, undefined]);
        expect(asked(await get(app, '/', { cookie: 'consent=yes' }))).toEqual([HINTS, undefined]);
        for (const path of ['/shared', '/kept'])
          expect(asked(await get(app, path, { cookie: 'consent=yes' }))).toEqual([undefined, undefined]);
        expect(asked(await get(app, '/own', { cookie: 'consent=yes' }))).toEqual([HINTS, undefined]);
        const free = await start({ '/shared': page(shared) }, { acceptClientHints: true });
        expect(asked(await get(free, '/shared'))).toEqual([HINTS, undefined]);
      });

      itOnNode('U6 are asked for no more after a denial, where the browser sends them', async () => {
        const consent = { cookie: 'consent', granted: 'yes', denied: 'no' };
        const app = await start(
          {
            '/': page(hero),
            '/unused': page(unused),
            '/own': answered({ 'content-type': 'text/html', 'accept-ch': 'DPR' }),
            '/text': answered({ 'content-type': 'text/plain' }),
            '/shared': answered({ 'content-type': 'text/html', 'cache-control': 'public' }),
          },
          { acceptClientHints: 'critical', consent },
        );
        const sent = { 'sec-ch-ua-model': '"Pixel 9"' };
        const after = async (path: string, answer: string, headers: Record<string, string> = sent) =>
          asked(await get(app, path, { ...headers, cookie: `consent=${answer}` }));
        expect(await after('/', 'no')).toEqual(['', undefined]);
        expect(await after('/unused', 'no')).toEqual(['', undefined]);
        expect(await after('/own', 'no')).toEqual(['DPR', undefined]);
        expect(await after('/text', 'no')).toEqual([undefined, undefined]);
        expect(await after('/shared', 'no')).toEqual([undefined, undefined]);
        expect(await after('/', 'pending')).toEqual([undefined, undefined]);
        // Those come by themselves.
        expect(await after('/', 'no', { 'sec-ch-ua-platform': '"Android"' })).toEqual([undefined, undefined]);
      });

      it('U5 tell rules more than the user agent', async () => {
        const app = await start({
          '/': (x) => {
            const { browser, device, os } = x.convert.visitorProperties;
            x.send(200, `${String(browser)} ${String(device)} ${String(os)}`);
          },
        });
        const hints = {
          'sec-ch-ua': '"Brave";v="142", "Chromium";v="142", "Not_A Brand";v="99"',
          'sec-ch-ua-platform': '"Android"',
          'sec-ch-ua-form-factors': '"Tablet"',
        };
        expect((await get(app, '/')).text).toBe('chrome desktop windows');
        expect((await get(app, '/', hints)).text).toBe('brave tablet android');
        expect((await get(app, '/', { ...hints, 'sec-ch-ua': 'Brave' })).text).toBe('chrome tablet android');
        expect((await get(app, '/', { 'sec-ch-ua': '"HeadlessChrome";v="142"' })).text).toMatch(
          /^chrome bot/,
        );
      });
    });

    describe('mounting', () => {
      itOnNode('M1 mounted twice: the first one wins, one warning', async () => {
        const app = await start({ '/': hero }, {}, { twice: true });
        const first = await get(app, '/');
        await get(app, '/', { cookie: `cv_vid=${visitorIdOf(first)}` });
        expect(namesOf(first)).toEqual(['cv_vid', 'cv_ses']);
        expect((await delivered()).exposures()).toHaveLength(1);
        expect(apps.logged.filter((line) => line.includes('mounted twice'))).toHaveLength(1);
      });

      itOnNode('M2 one Convert serves two apps, and outlives both', async () => {
        const convert = createConvert(options());
        instances.push(convert);
        const one = await adapter.start({ convert, routes: { '/': hero } });
        const two = await adapter.start({ convert, routes: { '/': hero } });
        const first = await get(one, '/');
        const id = visitorIdOf(first);
        expect((await get(two, '/', { cookie: `cv_vid=${id}` })).text).toBe(first.text);
        await one.close();
        await get(two, '/');
        await two.close();
        await convert.flush();
        expect(apps.collector.exposures()).toHaveLength(2);
      });

      it('M3 a wrong option is an error at construction', async () => {
        await expect(
          (async () => adapter.start({ convert: { sdkkey: 'x' } as ConvertOptions, routes: {} }))(),
        ).rejects.toThrow(/unknown option `sdkkey`, did you mean `sdkKey`\?/);
      });

      itOnNode('M4 skipped requests are left alone', async () => {
        const app = await start({ '/': hero, '/health': hero }, { skip: ({ url }) => url === '/health' });
        const answer = await get(app, '/health');
        expect([answer.text, cookiesOf(answer)]).toEqual(['none', []]);
        expect(answer.headers['cache-control']).toBeUndefined();
        expect((await get(app, '/')).text).not.toBe('none');
      });
    });

    describe('prefetch', () => {
      it.each([
        ['sec-purpose', 'prefetch'],
        ['sec-purpose', 'prefetch;prerender'],
        ['purpose', 'prefetch'],
        ['x-purpose', 'preview'],
        ['x-moz', 'prefetch'],
      ])(
        'W1 a page with `%s: %s` is a visit: no second request comes when it is shown',
        async (name, value) => {
          const app = await start({ '/': hero });
          const answer = await get(app, '/', { [name]: value });
          expect(answer.status).toBe(200);
          expect(answer.headers.vary).toBeUndefined();
          expect((await delivered()).exposures()).toMatchObject([{ visitorId: visitorIdOf(answer) }]);
        },
      );
    });

    describe('proxies', () => {
      const forwarded = {
        'x-forwarded-for': '6.6.6.6, 93.184.216.34',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example',
      };
      const where: Handler = (x) => {
        const { url } = x.convert.locationProperties;
        x.send(
          200,
          `${String(url)} ${String(x.convert.visitorProperties.country)} ${x.convert.visitorId.length}`,
        );
      };
      /** Says by the country which address it was asked for. */
      const geo = ({ ip }: { ip: string }) => ({ country: ip.endsWith('93.184.216.34') ? 'US' : 'DE' });

      it('P1 believes the proxy where the framework does', async () => {
        const app = await start({ '/': where }, { geo }, { trustProxy: true });
        const answer = await get(app, '/', { ...forwarded, host: 'localhost' });
        expect(answer.text).toBe('https://shop.example/ US 36');
        expect(cookiesOf(answer)[0]).toMatch(/Secure/);
      });

      it('P2 and not where it does not', async () => {
        const app = await start({ '/': where }, { geo });
        const answer = await get(app, '/', { ...forwarded, host: 'localhost' });
        expect(answer.text).toBe('http://localhost/ DE 36');
        expect(cookiesOf(answer)[0]).not.toMatch(/Secure/);
      });
    });

    describe('a proxy that the framework may know of or not', () => {
      const SETTINGS: Record<string, string> = {
        Express: "app.set('trust proxy', 1)",
        fetch: 'new Request(the URL that visitors see, request), and `ip`',
        Koa: 'new Koa({ proxy: true, maxIpsCount: 1 })',
        Fastify: "Fastify({ trustProxy: 'the address of the proxy' })",
      };
      const forwarded = { 'x-forwarded-for': '6.6.6.6, 93.184.216.34', 'x-forwarded-proto': 'https' };
      const visits = async (app: RunningApp, count: number, headers = {}): Promise<void> => {
        for (let n = 0; n < count; n++) await get(app, '/', headers);
      };
      const warnings = () => apps.logged.filter((line) => line.includes('X-Forwarded'));

      it('Y1 is told of once, with what to write', async () => {
        const app = await start({ '/': hero, '/health': (x) => x.send(200, 'ok') });
        // What uses no context is no page of a visitor.
        for (let n = 0; n < 40; n++) await get(app, '/health');
        await visits(app, 10, { 'user-agent': 'kube-probe/1.30' });
        await visits(app, 3);
        await visits(app, 26, forwarded);
        expect(warnings()).toEqual([]);
        await visits(app, 10, forwarded);
        const [name = ''] = adapter.name.split(' ');
        expect(warnings()).toEqual([expect.stringContaining(`Tell it: ${SETTINGS[name]} (`)]);
      });

      it('Y2 is not told of where the framework believes it', async () => {
        const app = await start({ '/': hero }, {}, { trustProxy: true });
        await visits(app, 35, forwarded);
        expect(warnings()).toEqual([]);
      });

      it('Y3 nor where some requests come without: anybody can send these headers', async () => {
        const app = await start({ '/': hero });
        await visits(app, 4);
        await visits(app, 40, forwarded);
        expect(warnings()).toEqual([]);
      });
    });

    describe('hostile requests', () => {
      itOnSockets('H1 get normal pages', async () => {
        const app = await start({
          '/': (x) => {
            expect(Object.keys(x.convert.visitorProperties)).toContain('device');
            return hero(x);
          },
        });
        const host = new URL(app.url).host;
        const head = (path: string, ...lines: string[]): string =>
          [
            `GET ${path} HTTP/1.1`,
            `Host: ${host}`,
            `User-Agent: ${CHROME}`,
            'Connection: close',
            ...lines,
            '',
            '',
          ].join('\r\n');
        const requests = {
          'a user agent of 10 KB': `GET / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${'Mozilla/5.0 '.repeat(850)}\r\nConnection: close\r\n\r\n`,
          '200 cookies': head(
            '/',
            `Cookie: ${Array.from({ length: 200 }, (_, n) => `c${n}=%ZZ${n}`).join('; ')}`,
          ),
          'prototype keys in the query': head('/?__proto__[a]=1&constructor=2&utm_source=__proto__'),
          'invalid escapes in the query': head('/?utm_source=%E0%A4%A&x=%&utm_campaign=%ff'),
          'no host': 'GET / HTTP/1.0\r\nUser-Agent: Mozilla/5.0 Chrome/140\r\n\r\n',
          'an absolute URL': head(`http://${host}/?utm_source=x`),
          'bytes that are no text': head(
            '/',
            'Cookie: cv_vid=\xed\xa0\x80',
            'Referer: \xff\xfe',
            'Accept-Language: \xc0',
          ),
          'empty headers': head('/', 'Cookie:', 'Referer:', 'Accept-Language: ,;q=x,,'),
        };
        for (const [what, text] of Object.entries(requests)) {
          const answer = await rawRequest(app.url, text);
          expect(answer, what).toMatch(/^HTTP\/1\.[01] 200 /);
          expect(answer, what).toMatch(/(original|version-b|none)/);
        }
        expect(apps.logged.filter((line) => !line.includes('over plain http'))).toEqual([]);
      });
    });

    describe('not ready', () => {
      itOnNode('N1 waits a moment for the first config, then serves the original page', async () => {
        const app = await start(
          {
            '/': (x) =>
              x.send(
                200,
                `${x.convert.runExperience('homepage-hero')?.key} ${x.convert.explain('homepage-hero').reason}`,
              ),
          },
          { project: './does-not-exist.json', readyTimeout: 50 },
        );
        expect((await get(app, '/')).text).toBe('undefined not-ready');
        expect((await get(app, '/')).text).toBe('undefined not-ready');
      });

      it('N2 reads an asynchronous data store before the handler, once', async () => {
        const kept = new Map<string, unknown>();
        let reads = 0;
        const store = {
          get: async (key: string) => (reads++, kept.get(key)),
          set: async (key: string, value: unknown) => void kept.set(key, value),
        };
        const app = await start({ '/': hero }, { store });
        const first = await get(app, '/');
        await delivered();
        expect(reads).toBe(1); // the commit's own
        const again = await get(app, '/', { cookie: `cv_vid=${visitorIdOf(first)}` });
        expect(again.text).toBe(first.text);
        expect(reads).toBe(2);
        expect([...kept.keys()]).toEqual([`1001-2002-${visitorIdOf(first)}`]);
        expect((await delivered()).exposures()).toHaveLength(1);
      });
    });
  });
}

/** A GET whose answer is not waited for. */
async function hangingGet(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUser-Agent: ${CHROME}\r\n\r\n`);
  return socket;
}

async function rawRequest(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // Not ended: some servers give no answer to a client that has closed its side.
  socket.write(Buffer.from(text, 'latin1'));
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => (answer += part));
  await once(socket, 'close');
  return answer;
}
