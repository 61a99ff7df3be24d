/** The test double as the tests of an app use it: over real HTTP, on every framework. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { PassThrough } from 'node:stream';
import express from 'express';
import Fastify from 'fastify';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Convert, createConvert, isConvert } from '../../src/convert/convert.js';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { type Answers, testConvert, type TestConvert, type TestConvertOptions } from '../../src/testing.js';
import { ConvertError } from '../../src/utils/errors.js';
import { express4Adapter, express5Adapter } from '../adapters/express.js';
import { fastify5Adapter } from '../adapters/fastify.js';
import type { Adapter, Handler } from '../adapters/harness.js';
import { koa2Adapter, koa3Adapter } from '../adapters/koa.js';

const HERO = { 'homepage-hero': 'version-b' };
/** An amount, and the conversion data that says so. */
const amount = (value: number) => [{ key: 'amount' as const, value }];

/** The app under test. */
const routes: Record<string, Handler> = {
  '/'(app) {
    app.send(200, app.convert.runExperience('homepage-hero')?.key ?? 'original');
  },
  '/peek'(app) {
    app.send(200, app.convert.peek('homepage-hero')?.key ?? 'original');
  },
  '/checkout'(app) {
    app.convert.trackConversion('purchase', { conversionData: amount(49.9), ruleData: { plan: 'pro' } });
    app.send(200, 'thanks');
  },
  '/signup'(app) {
    app.convert.trackConversion('signup');
    app.convert.trackConversion('signup');
    app.send(200, 'thanks');
  },
  '/again'(app) {
    const conversionSetting = { forceMultipleTransactions: true };
    app.convert.trackConversion('purchase', { conversionData: amount(1), conversionSetting });
    app.convert.trackConversion('purchase', { conversionData: amount(2), conversionSetting });
    app.send(200, 'thanks');
  },
  '/feature'(app) {
    app.send(200, JSON.stringify(app.convert.runFeature('checkout-button')));
  },
  '/visitor'(app) {
    app.send(200, app.convert.visitorId);
  },
  '/bridge'(app) {
    app.convert.runExperience('homepage-hero');
    app.send(200, app.convert.bridge.json());
  },
};

const noise = { error: vi.fn(), warn: vi.fn() };
afterEach(() => vi.clearAllMocks());

const ADAPTERS: Adapter[] = [express5Adapter, express4Adapter, koa3Adapter, koa2Adapter, fastify5Adapter];

describe.each(ADAPTERS)('testConvert on $name', (adapter) => {
  /** The app with a double, and a client that keeps its cookies. */
  async function start(answers?: Answers, options: TestConvertOptions = {}) {
    const convert = testConvert(answers, { logger: noise, ...options });
    const app = await adapter.start({ convert, routes });
    onTestFinished(() => app.close());
    const client = () => {
      const agent = request.agent(app.url);
      return async (path: string, headers: Record<string, string> = {}) =>
        (await agent.get(path).set(headers)).text;
    };
    return { app, convert, client, get: client() };
  }

  it('renders the answer, and records the exposure once for each visitor', async () => {
    const { convert, get, client } = await start(HERO);
    expect(await get('/')).toBe('version-b');
    expect(convert.exposures).toEqual([
      { visitorId: await get('/visitor'), experienceKey: 'homepage-hero', variationKey: 'version-b' },
    ]);
    expect([await get('/'), await get('/')]).toEqual(['version-b', 'version-b']);
    expect(convert.exposures).toHaveLength(1);
    const other = client();
    expect(await other('/')).toBe('version-b');
    const [first, second, ...more] = convert.exposures;
    expect(second).toMatchObject({ visitorId: await other('/visitor'), variationKey: 'version-b' });
    expect(second?.visitorId).not.toBe(first?.visitorId);
    expect(more).toEqual([]);
    expect(noise.warn).not.toHaveBeenCalled();
  });

  it('gives everybody the original page for null', async () => {
    const { convert, client } = await start({ 'homepage-hero': null });
    for (let n = 0; n < 10; n++) expect(await client()('/')).toBe('original');
    expect(convert.exposures).toEqual([]);
    expect(noise.warn).not.toHaveBeenCalled();
  });

  it('records a conversion once, with its data', async () => {
    const { convert, get } = await start(HERO);
    for (const path of ['/', '/checkout', '/checkout', '/signup', '/signup']) await get(path);
    const visitorId = await get('/visitor');
    expect(convert.conversions).toEqual([
      { visitorId, goalKey: 'purchase', conversionData: [{ key: 'amount', value: 49.9 }] },
      { visitorId, goalKey: 'signup' },
    ]);
    expect(convert.exposures).toHaveLength(1);
  });

  it('records each transaction where several are asked for', async () => {
    const { convert, get } = await start();
    await get('/again');
    await get('/again');
    expect(convert.conversions.map(({ conversionData }) => conversionData?.[0]?.value)).toEqual([1, 2, 1, 2]);
  });

  it('has the features of the variation', async () => {
    const features = { 'checkout-button': { price: 10, caption: 'Buy', colours: ['red'], big: true } };
    const { convert, get } = await start({ checkout: { variation: 'cheap', features } });
    expect(JSON.parse(await get('/feature'))).toMatchObject({
      key: 'checkout-button',
      status: 'enabled',
      variables: features['checkout-button'],
      experienceKey: 'checkout',
    });
    expect(convert.exposures).toMatchObject([{ experienceKey: 'checkout', variationKey: 'cheap' }]);
    convert.answer('checkout', 'dear');
    expect(JSON.parse(await get('/feature'))).toMatchObject({ key: 'checkout-button', status: 'disabled' });
  });

  it('hands the answer and the visitor to the page', async () => {
    const { get } = await start(HERO);
    expect(JSON.parse(await get('/bridge'))).toEqual({
      visitorId: await get('/visitor'),
      variations: HERO,
      exposed: Object.keys(HERO),
    });
  });

  it('keeps peek, HEAD and enableStorage: false off the record', async () => {
    const { app, convert, get } = await start(HERO);
    expect(await get('/peek')).toBe('version-b');
    expect((await request(app.url).head('/')).status).toBe(200);
    expect(convert.exposures).toEqual([]);
  });

  it('excludes visitors without consent', async () => {
    const { convert, get } = await start(HERO, { consent: { cookie: 'consent', granted: 'yes' } });
    for (const cookie of ['', 'consent=no']) {
      expect(await get('/', { cookie })).toBe('original');
      await get('/checkout', { cookie });
    }
    expect([convert.exposures, convert.conversions]).toEqual([[], []]);
    expect(await get('/', { cookie: 'consent=yes' })).toBe('version-b');
    expect(convert.exposures).toHaveLength(1);
  });

  it('takes the app for its word on who the visitor is, and what is skipped', async () => {
    const { convert, get } = await start(HERO, { visitor: { id: () => 'user-17' } });
    await get('/');
    expect(convert.exposures).toMatchObject([{ visitorId: 'user-17' }]);
    const skipping = await start(HERO, { skip: () => true });
    expect(await skipping.get('/')).toBe('original');
    expect(skipping.convert.exposures).toEqual([]);
  });

  it('counts test clients as visitors, unless it is told not to', async () => {
    const bot = { 'user-agent': 'curl/8.5.0' };
    const including = await start(HERO, { bots: undefined });
    expect(await including.get('/', bot)).toBe('version-b');
    const excluding = await start(HERO, { bots: 'original' });
    expect(await excluding.get('/', bot)).toBe('original');
    expect(excluding.convert.exposures).toEqual([]);
  });

  it('answers otherwise from one test to the next, for known visitors too', async () => {
    const { convert, get } = await start(HERO);
    expect(await get('/')).toBe('version-b');
    convert.answer('homepage-hero', 'original');
    expect(await get('/')).toBe('original');
    convert.answer('homepage-hero', null);
    expect(await get('/')).toBe('original');
    expect(convert.exposures.map(({ variationKey }) => variationKey)).toEqual(['version-b', 'original']);
  });

  it('is as new after a reset', async () => {
    const { convert, get } = await start(HERO);
    await get('/');
    await get('/checkout');
    convert.answer('homepage-hero', 'original');
    convert.answer('other', 'x');
    const [before] = convert.exposures;
    convert.reset();
    expect([convert.exposures, convert.conversions]).toEqual([[], []]);
    expect(await get('/')).toBe('version-b');
    await get('/checkout');
    // The client has its cookie still: the same visitor is exposed, and converts, for the first time again.
    expect(convert.exposures).toEqual([before]);
    expect(convert.conversions).toHaveLength(1);
    convert.answer('footer', 'x');
    expect((await convert.forVisitor('job')).explain('other').reason).toBe('not-found');
  });
});

describe('testConvert', () => {
  const quiet = (answers?: Answers, options: TestConvertOptions = {}): TestConvert =>
    testConvert(answers, { logger: noise, ...options });

  it('is a Convert', async () => {
    const convert = quiet(HERO);
    expect(isConvert(convert)).toBe(true);
    expect(convert.stats().engine).toBe('fixed');
    await convert.ready();
    expect(convert.readsAhead).toBe(false);
  });

  it('serves jobs, with consent as in production', async () => {
    const convert = quiet(HERO, { consent: () => undefined });
    (await convert.forVisitor('v1')).trackConversion('purchase');
    expect(convert.conversions).toEqual([]);
    (await convert.forVisitor('v1', { consent: 'granted' })).trackConversion('purchase');
    expect(convert.conversions).toEqual([{ visitorId: 'v1', goalKey: 'purchase' }]);
    const job = await convert.forVisitor('v1', { consent: 'granted' });
    expect(job.runExperience('homepage-hero')?.key).toBe('version-b');
    expect(convert.exposures).toEqual([
      { visitorId: 'v1', experienceKey: 'homepage-hero', variationKey: 'version-b' },
    ]);
  });

  it('delivers at once, and tells who listens', async () => {
    const convert = quiet(HERO);
    const heard: unknown[] = [];
    convert.on('delivered', (event) => heard.push(event));
    convert.on('dropped', (event) => heard.push(event));
    const [one, two] = [await convert.forVisitor('v1'), await convert.forVisitor('v1')];
    one.runExperience('homepage-hero');
    two.runExperience('homepage-hero');
    expect(await one.flush()).toMatchObject({ accepted: 1, delivered: 1 });
    expect(await two.flush()).toMatchObject({ accepted: 2, delivered: 1, dropped: 1, pending: 0 });
    one.trackConversion('purchase', { conversionData: [{ key: 'nonsense' as never, value: 1 }] });
    expect(heard).toEqual([
      { count: 1 },
      { count: 1, reason: 'claim-lost' },
      { count: 1, reason: 'bad-data' },
    ]);
    expect(convert.stats().delivery).toMatchObject({ accepted: 3, delivered: 1, dropped: 2, pending: 0 });
    expect(convert.exposures).toHaveLength(1);
  });

  it('keeps what it recorded when it is closed, and records nothing after that', async () => {
    const convert = quiet(HERO);
    (await convert.forVisitor('v1')).trackConversion('purchase');
    expect(await convert.close()).toMatchObject({ accepted: 1, delivered: 1 });
    (await convert.forVisitor('v2')).trackConversion('purchase');
    expect(convert.conversions).toHaveLength(1);
    expect(convert.stats().delivery).toMatchObject({ accepted: 2, dropped: 1, reasons: { closed: 1 } });
  });

  it('gives variations and features as production does, with ids that are no keys', async () => {
    const changes = [{ id: 7, type: 'richStructure', data: { headline: 'Hello' } }];
    const features = { banner: { text: 'Hi' } };
    const convert = quiet({ 'homepage-hero': { variation: 'version-b', changes, features }, footer: 'x' });
    const visitor = await convert.forVisitor('v1');
    const variation = visitor.runExperience('homepage-hero');
    expect(variation).toMatchObject({
      key: 'version-b',
      name: 'version-b',
      experienceKey: 'homepage-hero',
      changes: [...changes, { type: 'fullStackFeature' }],
    });
    expect(variation!.id).not.toBe('version-b');
    expect(variation!.experienceId).not.toBe('homepage-hero');
    expect(Object.isFrozen(variation!.changes)).toBe(true);
    expect(visitor.runExperiences().map(({ key }) => key)).toEqual(['version-b', 'x']);
    expect(visitor.runFeatures()).toMatchObject([{ key: 'banner', status: 'enabled' }]);
    expect(visitor.runFeature('unknown')).toEqual({ id: 'unknown', key: 'unknown', status: 'disabled' });
    expect(visitor.explain('homepage-hero').reason).toBe('bucketed');
    expect(convert.exposures.map(({ experienceKey }) => experienceKey)).toEqual(['homepage-hero', 'footer']);
  });

  it('gives the feature of the first experience, or of all that carry it', async () => {
    const features = { banner: {} };
    const convert = quiet({ one: { variation: 'a', features }, two: { variation: 'b', features } });
    const visitor = await convert.forVisitor('v1');
    expect(visitor.runFeature('banner')).toMatchObject({ experienceKey: 'one' });
    expect(convert.exposures.map(({ experienceKey }) => experienceKey)).toEqual(['one']);
    const all = visitor.runFeature('banner', { all: true });
    expect(all).toMatchObject([{ experienceKey: 'one' }, { experienceKey: 'two' }]);
    const stranger = await convert.forVisitor('v1', { consent: 'denied' });
    expect(stranger.runFeature('banner', { all: true })).toEqual([{ key: 'banner', status: 'disabled' }]);
    expect(stranger.runFeatures()).toMatchObject([{ key: 'banner', status: 'disabled' }]);
  });

  it('takes keys of any kind', async () => {
    const convert = quiet({ ['__proto__']: 'toString', constructor: 'a/b', 'id:x/y': 'id:z/' });
    const visitor = await convert.forVisitor('v1');
    for (const key of ['__proto__', 'constructor', 'id:x/y', 'toString']) visitor.runExperience(key);
    visitor.trackConversion('__proto__');
    expect(convert.exposures.map((each) => [each.experienceKey, each.variationKey])).toEqual([
      ['__proto__', 'toString'],
      ['constructor', 'a/b'],
      ['id:x/y', 'id:z/'],
    ]);
    expect(convert.conversions).toMatchObject([{ goalKey: '__proto__' }]);
  });

  it('says once which experience has no answer, and knows every goal and every feature', async () => {
    const convert = quiet({ ...HERO, footer: null });
    for (const id of ['v1', 'v2']) {
      const visitor = await convert.forVisitor(id);
      expect(visitor.runExperience('homepage-heroo')).toBeNull();
      expect(visitor.runExperience('footer')).toBeNull();
      expect(visitor.explain('homepage-heroo').reason).toBe('not-found');
      expect(visitor.explain('footer').reason).toBe('traffic');
      visitor.runFeature('banner');
      visitor.trackConversion('any');
    }
    expect(noise.warn.mock.calls).toEqual([[expect.stringContaining('did you mean "homepage-hero"?')]]);
  });

  it('shares nothing with another one', async () => {
    const [one, two] = [quiet(HERO), quiet({ 'homepage-hero': 'original' })];
    for (const convert of [one, two]) {
      const visitor = await convert.forVisitor('v1');
      visitor.runExperience('homepage-hero');
      visitor.trackConversion('purchase');
    }
    for (const [convert, variationKey] of [
      [one, 'version-b'],
      [two, 'original'],
    ] as const) {
      expect(convert.exposures).toMatchObject([{ variationKey }]);
      expect(convert.conversions).toHaveLength(1);
    }
    one.answer('homepage-hero', 'version-c');
    one.reset();
    expect(one.exposures).toEqual([]);
    expect(two.exposures).toHaveLength(1);
    expect((await two.forVisitor('v2')).peek('homepage-hero')?.key).toBe('original');
  });

  it('gives lists that stay what they are, and that change nothing', async () => {
    const convert = quiet(HERO);
    const { exposures: before } = convert;
    (await convert.forVisitor('v1')).runExperience('homepage-hero');
    expect(before).toEqual([]);
    (convert.exposures as unknown[]).length = 0;
    expect(convert.exposures).toHaveLength(1);
  });

  it('is not changed by what becomes of the answers that it was given', async () => {
    const answers = { hero: { variation: 'a', features: { banner: { text: 'Hi' } } } };
    const convert = quiet(answers);
    answers.hero.features.banner.text = 'Ho';
    convert.reset();
    const visitor = await convert.forVisitor('v1');
    expect(visitor.runFeature('banner')).toMatchObject({ variables: { text: 'Hi' } });
  });

  describe('with CONVERT_* in the environment', () => {
    beforeEach(() => {
      vi.stubEnv('CONVERT_SDK_KEY', '10035569/10034190');
      vi.stubEnv('CONVERT_SDK_KEY_SECRET', 'secret');
      vi.stubEnv('CONVERT_PROJECT_FILE', '/nowhere/project.json');
      vi.stubEnv('CONVERT_ENVIRONMENT', 'nowhere');
    });
    afterEach(() => vi.unstubAllEnvs());

    it('reads none of it', async () => {
      const convert = quiet(HERO);
      const visitor = await convert.forVisitor('v1');
      expect(visitor.runExperience('homepage-hero', { environment: 'live' })?.key).toBe('version-b');
      expect(convert.stats().project).toMatchObject({
        source: 'the answers of testConvert()',
        failures: 0,
      });
      expect(noise.error).not.toHaveBeenCalled();
    });
  });

  it.each<[what: string, make: () => unknown, message: RegExp]>([
    [
      'a text',
      () => testConvert('homepage-hero' as never),
      /answers must be an object, such as .*given 'homepage-hero'/,
    ],
    ['a list', () => testConvert(['version-b'] as never), /answers must be an object.*given an array/],
    ['nothing', () => testConvert(null as never), /answers must be an object.*given null/],
    [
      'a number',
      () => testConvert({ hero: 1 as never }),
      /`answers\.hero` must be the key of a variation, null.*given 1/,
    ],
    ['no key', () => testConvert({ hero: '' }), /`answers\.hero` must be the key of a variation.*given ''/],
    [
      'undefined',
      () => testConvert({ hero: undefined as never }),
      /`answers\.hero` must be.*given undefined/,
    ],
    ['true', () => testConvert({ hero: true as never }), /`answers\.hero` must be.*given true/],
    [
      'no variation',
      () => testConvert({ hero: { features: {} } as never }),
      /`answers\.hero\.variation` is missing/,
    ],
    [
      'a typo',
      () => testConvert({ hero: { variation: 'a', feature: {} } as never }),
      /unknown option `answers\.hero\.feature`, did you mean `answers\.hero\.features`/,
    ],
    [
      'a feature that is on',
      () => testConvert({ hero: { variation: 'a', features: { banner: true as never } } }),
      /`answers\.hero\.features` must be \{ featureKey: \{ variable: value \} \}, with \{\} for/,
    ],
    [
      'changes that are none',
      () => testConvert({ hero: { variation: 'a', changes: ['x'] as never } }),
      /`answers\.hero\.changes` must be a list of objects/,
    ],
    [
      'several wrong ones',
      () => testConvert({ hero: 1 as never, footer: 2 as never }),
      /`answers\.hero`.*; option `answers\.footer`/,
    ],
    [
      'options that are none',
      () => testConvert({}, 'x' as never),
      /options of testConvert\(\) must be an object.*'x'/,
    ],
    [
      'options of its own',
      () => testConvert({}, { sdkKey: '1/2', project: {}, engine: undefined } as never),
      /option `sdkKey`, option `project`: not for testConvert\(\).*leave it out/,
    ],
    [
      'an option that is a typo',
      () => testConvert({}, { consnt: () => true } as never),
      /did you mean `consent`/,
    ],
    ['an option that is wrong', () => testConvert({}, { bots: 'none' as never }), /option `bots` must be/],
    ['another answer', () => testConvert().answer('hero', 1 as never), /`answers\.hero` must be/],
    ['an answer to nothing', () => testConvert().answer(undefined as never, 'a'), /`experienceKey` must be/],
  ])('refuses %s', (_what, make, message) => {
    let thrown: unknown;
    try {
      make();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConvertError);
    expect(thrown).toMatchObject({ code: 'CONVERT_BAD_OPTION', message: expect.stringMatching(message) });
  });

  it('refuses answers that no project could hold', () => {
    const answers = { hero: { variation: 'a', features: { banner: { n: 1n } } } };
    expect(() => testConvert(answers)).toThrow(/what stands in the answers cannot be written as JSON/);
  });

  it('stays as it was after an answer that is refused', async () => {
    const convert = quiet(HERO);
    expect(() => convert.answer('homepage-hero', 1 as never)).toThrow();
    convert.answer('footer', 'x');
    expect((await convert.forVisitor('v1')).peek('homepage-hero')?.key).toBe('version-b');
  });

  it('refuses each option that is its own', () => {
    const own = { environment: 'x', refreshInterval: 1e4, readyTimeout: 0, strictSdk: true, storeTimeout: 1 };
    const more = { sdkKeySecret: 'x', store: new Map(), delivery: {}, endpoints: {} };
    const process = { shutdown: 'signals', waitUntil: () => undefined };
    for (const [name, value] of Object.entries({ ...own, ...more, ...process })) {
      expect(() => testConvert({}, { [name]: value })).toThrow(`option \`${name}\`: not for testConvert()`);
    }
    // @ts-expect-error and TypeScript knows it
    expect(() => testConvert({}, { project: './project.json' })).toThrow();
  });
});

describe('as docs/guides/testing.md shows it', () => {
  it('stands in for what Express mounts', async () => {
    const createApp = (convert?: Convert) => {
      const app = express();
      app.use(convertMiddleware(convert));
      app.get('/', (req, res) => {
        const variation = req.convert.runExperience('homepage-hero');
        res.send(`<h1>${variation?.key === 'version-b' ? 'Hello, B' : 'Hello'}</h1>`);
      });
      return app;
    };
    const convert = testConvert({ 'homepage-hero': 'version-b' });
    const response = await request(createApp(convert)).get('/');
    expect(response.text).toContain('Hello, B');
    expect(convert.exposures).toMatchObject([{ experienceKey: 'homepage-hero', variationKey: 'version-b' }]);
  });

  it('stands in for what Fastify registers', async () => {
    const createApp = (convert?: Convert) => {
      const fastify = Fastify();
      void fastify.register(convertPlugin, { convert });
      fastify.post('/checkout', async (request, reply) => {
        request.convert.trackConversion('purchase', { conversionData: amount(49.9) });
        return reply.redirect('/thanks');
      });
      return fastify;
    };
    const convert = testConvert();
    await createApp(convert).inject({ method: 'POST', url: '/checkout' });
    expect(convert.conversions).toMatchObject([
      { goalKey: 'purchase', conversionData: [{ key: 'amount', value: 49.9 }] },
    ]);
  });
});

describe('what is recorded', () => {
  it('keeps a bare conversion apart from the purchase data of another goal', async () => {
    const convert = testConvert({ hero: 'b' });
    await convert.ready();
    const job = await convert.forVisitor('v1');
    job.trackConversion('buy');
    await job.flush();
    job.trackConversion('signup');
    job.trackConversion('buy', {
      conversionData: [{ key: 'amount', value: 1 }],
      conversionSetting: { forceMultipleTransactions: true },
    });
    await job.flush();
    expect(convert.conversions.map(({ goalKey }) => goalKey)).toEqual(['buy', 'signup', 'buy']);
  });

  it('is there as soon as the response is, though the commit comes after it', async () => {
    const convert = testConvert(HERO);
    const fastify = Fastify();
    await fastify.register(convertPlugin, { convert });
    fastify.get('/', async (req) => req.convert.runExperience('homepage-hero')?.key);
    for (let n = 1; n <= 20; n++) {
      expect((await fastify.inject('/')).body).toBe('version-b');
      expect(convert.exposures).toHaveLength(n);
    }
    await fastify.close();
  });

  it('is there although the response is not complete', async () => {
    const convert = testConvert(HERO);
    const body = new PassThrough();
    const streamed: Handler = (exchange) => {
      exchange.convert.runExperience('homepage-hero');
      exchange.stream(body);
    };
    const app = await koa3Adapter.start({ convert, routes: { '/': streamed } });
    body.write('first');
    const [response] = (await once(http.get(app.url), 'response')) as [http.IncomingMessage];
    expect(convert.exposures).toHaveLength(1);
    body.end();
    response.resume();
    await once(response, 'end');
    expect(convert.exposures).toHaveLength(1);
    await app.close();
  });

  it('leaves out visitors who were not enrolled, because the page is for a shared cache', async () => {
    const convert = testConvert(HERO, { logger: false });
    const app = express().use(convertMiddleware(convert));
    app.get('/', (req, res) => {
      res.set('Cache-Control', 'public').send(req.convert.runExperience('homepage-hero')?.key);
    });
    expect((await request(app).get('/')).text).toBe('version-b');
    expect(convert.exposures).toEqual([]);
  });

  it('of a test before does not arrive after a reset', async () => {
    const convert = testConvert(HERO);
    (await convert.forVisitor('v1')).runExperience('homepage-hero');
    convert.reset();
    expect(convert.exposures).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(convert.exposures).toEqual([]);
    expect((await convert.forVisitor('v1')).explain('homepage-hero').reason).toBe('bucketed');
  });

  it('comes with fake timers, too', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const convert = testConvert(HERO);
    (await convert.forVisitor('v1')).runExperience('homepage-hero');
    expect(convert.exposures).toHaveLength(1);
    await convert.flush();
    await convert.close();
  });
});

describe('a process with a double', () => {
  /** What is done there: a whole app, a job, everything. Prints what was recorded and what holds the process. */
  const scenario = `
    const connected = [];
    const { connect } = net.Socket.prototype;
    net.Socket.prototype.connect = function (...to) { connected.push(to); return connect.apply(this, to); };
    async function run() {
      const convert = testConvert({ 'homepage-hero': 'version-b' });
      const fastify = Fastify();
      await fastify.register(convertPlugin, { convert });
      fastify.get('/', async (request) => {
        request.convert.trackConversion('purchase');
        return request.convert.runExperience('homepage-hero').key;
      });
      const { body } = await fastify.inject('/');
      (await convert.forVisitor('job')).trackConversion('purchase');
      const counts = [convert.exposures.length, convert.conversions.length];
      convert.reset();
      const held = process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|TLS|DNS|Request/i.test(name));
      const exitListeners = process.listenerCount('beforeExit');
      console.log(JSON.stringify({ body, counts, held, exitListeners, connected }));
    }
    run();
  `;
  const names = { testConvert: 'convert-middleware/testing', convertPlugin: 'convert-middleware/fastify' };
  const imports = Object.entries(names).map(([name, from]) => `import { ${name} } from '${from}';`);
  const requires = Object.entries(names).map(([name, from]) => `const { ${name} } = require('${from}');`);

  it.each([
    ['module', `import net from 'node:net'; import Fastify from 'fastify'; ${imports.join('')}`],
    ['commonjs', `const net = require('node:net'); const Fastify = require('fastify'); ${requires.join('')}`],
  ])('ends by itself, without a timer or a socket: %s', async (type, prelude) => {
    const child = spawn(process.execPath, [`--input-type=${type}`, '-e', prelude + scenario], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CONVERT_SDK_KEY: '1/2' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => (output += String(part)));
    const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(killer);
    const expected = { body: 'version-b', counts: [1, 2], held: [], exitListeners: 0, connected: [] };
    expect({ code, signal, output }).toEqual({
      code: 0,
      signal: null,
      output: `${JSON.stringify(expected)}\n`,
    });
  });
});

describe('createConvert, beside it', () => {
  it('is what it was: told to send at the end of the process', async () => {
    const before = process.listenerCount('beforeExit');
    const convert = createConvert({ project: { account_id: '1', project: { id: '1' } }, logger: false });
    expect(process.listenerCount('beforeExit')).toBe(before + 1);
    await convert.close();
    expect(process.listenerCount('beforeExit')).toBe(before);
  });
});
