/** What the assignment endpoint answers, and what it stores and counts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assignmentRoutes, type AssignmentRoutes } from '../../src/assignment.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { nodeDigests } from '../../src/utils/node/digests.js';
import { collector, collectorPerTest, create, logged } from '../convert/setup.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';
import { type Answered, answered, assign, post, requestOf, TOKEN } from './calls.js';

collectorPerTest();

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 ' +
  'Mobile/15E148 Safari/604.1';

function open(options: ConvertOptions = {}) {
  const convert = create(options);
  return { convert, routes: assignmentRoutes(convert, { tokens: TOKEN }) };
}

/** The exposures that will ever arrive, by visitor and experience. */
async function exposed({ convert }: ReturnType<typeof open>): Promise<unknown[]> {
  await convert.close();
  return collector
    .exposures()
    .map(({ visitorId, data }) => [visitorId, (data as { experienceId: string }).experienceId]);
}

const OUT = { success: true, in_experiment: false };
const isIn = ({ body }: Answered): unknown => body.in_experiment;
const refused = (error: string) => ({ success: false, error: expect.stringContaining(error) as string });

/** The test project, with these fields of its first experience replaced. */
function projectWith(change: object): ProjectConfig {
  const project = testProject();
  const [first, ...others] = project.experiences!;
  return { ...project, experiences: [{ ...first!, ...change }, ...others] };
}

describe('an assignment', () => {
  it('has the fields of the contract, stays, and counts once', async () => {
    const opened = open();
    const first = await assign(opened.routes, 'homepage-hero', { visitor_id: 'v_123' });
    expect(first.status).toBe(200);
    expect(first.headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(first.body).toEqual({
      success: true,
      in_experiment: true,
      experiment_id: '101',
      experiment_key: 'homepage-hero',
      experiment_name: 'homepage-hero',
      variant_id: expect.stringMatching(/^101[01]$/) as string,
      variant_name: first.body.is_control === true ? 'original' : 'version-b',
      is_control: first.body.variant_id === '1010',
      type: 'ab',
    });
    expect(await assign(opened.routes, 'homepage-hero', { visitor_id: 'v_123' })).toEqual(first);
    expect(await exposed(opened)).toEqual([['v_123', '101']]);
  });

  it('is only read with `track_impression: false`', async () => {
    const opened = open();
    const read = await assign(opened.routes, 'homepage-hero', {
      visitor_id: 'v_123',
      track_impression: false,
    });
    expect(isIn(read)).toBe(true);
    expect(await exposed(opened)).toEqual([]);
  });

  it('says what the visitor of a page gets, whose cookie has the id', async () => {
    const opened = open({ visitor: { id: () => undefined } });
    const visitorId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
    const given = await assign(opened.routes, 'homepage-hero', { visitor_id: visitorId });
    const cookie = await opened.convert.forVisitor(visitorId, { origin: 'cookie' });
    const app = await opened.convert.forVisitor(visitorId, { origin: 'app' });
    expect(cookie.getVisitorData().bucketing).toEqual({ '101': given.body.variant_id });
    expect(app.getVisitorData()).toEqual({});
    await assign(opened.routes, 'featured', { visitor_id: visitorId, origin: 'app' });
    const later = await opened.convert.forVisitor(visitorId, { origin: 'app' });
    expect(Object.keys(later.getVisitorData().bucketing!)).toEqual(['104']);
  });

  it.each([
    [{ type: 'mvt' }, { type: 'multivariate' }],
    [{ type: 'deploy' }, { type: 'personalization' }],
    [{ type: 'constructor' }, { type: 'ab' }],
  ])('of an experience with %o has %o', async (change, expected) => {
    const { routes } = open({ project: projectWith(change) });
    expect((await assign(routes, 'homepage-hero', { visitor_id: 'v_123' })).body).toMatchObject(expected);
  });

  it.each([
    ['https://shop.example/new', 'https://shop.example/new'],
    ['/new?plan=pro', '/new?plan=pro'],
    ['http://shop.example/new', undefined],
    ['//elsewhere.example/new', undefined],
    ['https://shop.example/$1', undefined],
    [undefined, undefined],
  ])('of a variation that redirects to %s has the redirect %s', async (pattern, expected) => {
    const data = { original_pattern: 'https://shop.example/old', variation_pattern: pattern };
    const changes = [{ id: 1, type: 'defaultRedirect', data }];
    const variations = [{ id: '1', key: 'a', traffic_allocation: 100, changes }];
    const { routes } = open({ project: projectWith({ type: 'split_url', variations }) });
    const { body } = await assign(routes, 'homepage-hero', { visitor_id: 'v_123' });
    expect(body).toMatchObject({ in_experiment: true, variant_name: 'a', is_control: true });
    expect(body.redirect).toBe(expected);
  });
});

describe('who is in an experiment', () => {
  it.each([
    ['no-such-key', 404],
    ['archived-one', 404],
    ['live-only', 404],
    ['nobody', 200],
    ['spring-sale', 200],
    ['german-pricing', 200],
  ])('%s: %i', async (key, status) => {
    const { routes } = open();
    const { body, ...answer } = await assign(routes, key, { visitor_id: 'v_123' });
    expect(answer.status).toBe(status);
    expect(body).toEqual(status === 200 ? OUT : refused('no running experiment'));
  });

  it('finds a key with any characters', async () => {
    const key = 'pricing / 50% off?';
    const { routes } = open({ project: projectWith({ key }) });
    const { body } = await assign(routes, encodeURIComponent(key), { visitor_id: 'v_123' });
    expect(body.experiment_key).toBe(key);
  });

  it.each([
    ['draft', 404],
    ['scheduled', 404],
    ['archived', 404],
    ['paused', 200],
  ])('those of an experience that is %s are not: %i', async (status, answered) => {
    const opened = open({ project: projectWith({ status }) });
    const answer = await assign(opened.routes, 'homepage-hero', { visitor_id: 'v_123' });
    expect(answer).toMatchObject({
      status: answered,
      body: answered === 200 ? OUT : refused('no running experiment'),
    });
    expect(await exposed(opened)).toEqual([]);
  });

  it('drafts are not, although the debug token shows them', async () => {
    const project = projectWith({ status: 'draft' });
    const server = createServer((_request, response) => response.end(JSON.stringify(project)));
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const config = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { convert, routes } = open({ sdkKey: '1001/2002', endpoints: { config }, debugToken: 'token' });
    await convert.ready();
    expect((await assign(routes, 'homepage-hero', { visitor_id: 'v_123' })).status).toBe(404);
  });

  // 102 runs on /pricing, for phones in Germany; 107 for those who come from the campaign `spring`.
  const GERMAN = { country: 'DE' };
  it.each([
    [
      'german-pricing',
      { context: { url: 'https://shop.example/pricing', user_agent: PHONE }, properties: GERMAN },
      true,
    ],
    ['german-pricing', { context: { url: '/pricing/plans', user_agent: PHONE }, properties: GERMAN }, true],
    [
      'german-pricing',
      { context: { url: 'https://shop.example/', user_agent: PHONE }, properties: GERMAN },
      false,
    ],
    ['german-pricing', { context: { url: 'https://shop.example/pricing', user_agent: PHONE } }, false],
    ['german-pricing', { context: { url: 'https://shop.example/pricing' }, properties: GERMAN }, false],
    // Without a URL, locations are not checked.
    ['german-pricing', { context: { user_agent: PHONE }, properties: GERMAN }, true],
    ['german-pricing', { context: { search: '?a=1', user_agent: PHONE }, properties: GERMAN }, true],
    ['german-pricing', { properties: { ...GERMAN, device: 'mobile' } }, true],
    ['spring-sale', { context: { url: 'https://shop.example/?utm_campaign=spring' } }, true],
    ['spring-sale', { context: { search: 'utm_campaign=spring' } }, true],
    ['spring-sale', { context: { search: '?utm_campaign=spring' } }, true],
    // `search` goes before the query of the URL.
    ['spring-sale', { context: { url: '/?utm_campaign=spring', search: '?utm_campaign=fall' } }, false],
    ['spring-sale', { context: { url: '/#utm_campaign=spring', search: '' } }, false],
    ['spring-sale', { context: { url: '/?utm_campaign=fall#top', search: 'utm_campaign=spring' } }, true],
    ['spring-sale', { properties: { utm_campaign: 'spring' } }, true],
    // What is null is missing.
    [
      'spring-sale',
      { context: { url: null, search: '?utm_campaign=spring' }, properties: null, consent: null },
      true,
    ],
  ])('%s, case %#', async (key, more, expected) => {
    const { routes } = open();
    expect(isIn(await assign(routes, key, { visitor_id: 'v_123', ...more }))).toBe(expected);
  });

  it("bots are not, by the visitor's user agent and never by that of the caller", async () => {
    const opened = open();
    const bot = { context: { user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' } };
    expect((await assign(opened.routes, 'homepage-hero', { visitor_id: 'bot', ...bot })).body).toEqual(OUT);
    const user = { visitor_id: 'user:1', origin: 'app', ...bot };
    expect(isIn(await assign(opened.routes, 'homepage-hero', user))).toBe(true);
    expect(await exposed(opened)).toEqual([['user:1', '101']]);
  });

  it('are those who have consented, by the body, else by what is stored', async () => {
    const opened = open({ consent: { cookie: 'consent', granted: 'yes' } });
    const ask = async (visitor_id: string, consent?: string): Promise<unknown> =>
      isIn(await assign(opened.routes, 'homepage-hero', { visitor_id, consent }));
    expect(await ask('a')).toBe(false);
    expect(await ask('a', 'unknown')).toBe(false);
    expect(await ask('a', 'denied')).toBe(false);
    expect(await ask('a', 'granted')).toBe(true);
    // Without consent, too, the answer says which experiments do not run.
    for (const key of ['no-such-key', 'archived-one', 'live-only'])
      expect((await assign(opened.routes, key, { visitor_id: 'a' })).status).toBe(404);
    expect(await exposed(opened)).toEqual([['a', '101']]);
  });

  it('are decided with a grant that is stored, unless the body denies it', async () => {
    const store = memoryStore();
    void store.commit('1001-2002-known', { consent: 'granted' }, { ephemeral: false });
    const { routes } = open({ store, consent: { cookie: 'consent', granted: 'yes' } });
    expect(isIn(await assign(routes, 'homepage-hero', { visitor_id: 'known', consent: 'denied' }))).toBe(
      false,
    );
    expect(isIn(await assign(routes, 'homepage-hero', { visitor_id: 'known' }))).toBe(true);
  });

  it('is unknown without a config, or if the store does not answer', async () => {
    const unready = open({
      project: { description: 'never', start: () => undefined, stop: () => undefined },
    });
    const answer = await assign(unready.routes, 'homepage-hero', { visitor_id: 'v_123' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.body).toEqual(refused('no project config'));

    const store = { ...memoryStore(), remote: true, read: () => new Promise<undefined>(() => undefined) };
    const { routes } = open({ store, storeTimeout: 10 });
    // The campaign is kept with the visitor, who may have come from it before.
    expect((await assign(routes, 'spring-sale', { visitor_id: 'v_123' })).status).toBe(503);
    expect((await assign(routes, 'homepage-hero', { visitor_id: 'v_123' })).status).toBe(200);
  });
});

describe('the events', () => {
  it('carry what the caller tells of the visitor, and nothing of the caller', async () => {
    const opened = open({
      geo: { name: 'test', read: ({ ip }) => (ip === '192.0.2.7' ? { country: 'DE' } : {}) },
    });
    const url = 'https://shop.example/?utm_campaign=spring';
    await assign(opened.routes, 'homepage-hero', {
      visitor_id: 'told',
      context: { url, user_agent: PHONE, ip: '192.0.2.7', referrer: 'https://news.example/' },
    });
    await assign(opened.routes, 'homepage-hero', { visitor_id: 'untold' });
    await opened.convert.close();
    const segments = Object.fromEntries(collector.exposures().map((each) => [each.visitorId, each.segments]));
    expect(segments.told).toEqual({
      country: 'DE',
      browser: 'SF',
      devices: ['ALLPH', 'IPH'],
      source: 'campaign',
      campaign: 'spring',
      visitorType: 'new',
    });
    expect(segments.untold).toEqual({ visitorType: 'new' });
  });

  it('ask no function of the app about a request that it has not got', async () => {
    const asked = (): never => {
      throw new Error('asked');
    };
    const opened = open({
      geo: [asked, 'cloudflare'],
      properties: { location: asked, visitor: asked },
      bots: asked,
      skip: asked,
      visitor: { id: asked },
    });
    const context = { url: '/pricing', user_agent: PHONE, ip: '192.0.2.7' };
    const { body } = await assign(opened.routes, 'german-pricing', {
      visitor_id: 'a',
      context,
      properties: { country: 'DE' },
    });
    expect(body.in_experiment).toBe(true);
    expect(await exposed(opened)).toEqual([['a', '102']]);
    expect(logged.filter((line) => /threw|asked/.test(line))).toEqual([]);
  });
});

describe('a batch', () => {
  it('answers for each key, in the order of the keys', async () => {
    const opened = open();
    const keys = ['featured', 'no-such-key', 'spring-sale', 'homepage-hero', 'featured'];
    const { status, body } = await post(opened.routes, '/experiments/assignments', {
      visitor_id: 'v_123',
      experiment_keys: keys,
    });
    expect(status).toBe(200);
    const one = await assign(opened.routes, 'homepage-hero', { visitor_id: 'v_123' });
    const { success, ...hero } = one.body;
    expect(body).toEqual({
      success,
      assignments: [
        expect.objectContaining({ in_experiment: true, experiment_key: 'featured' }),
        { in_experiment: false, experiment_key: 'no-such-key', error: 'no running experiment has this key' },
        { in_experiment: false, experiment_key: 'spring-sale' },
        hero,
      ],
    });
    expect(await exposed(opened)).toEqual([
      ['v_123', '104'],
      ['v_123', '101'],
    ]);
  });

  it('has an entry for what can not be decided now, beside what is counted', async () => {
    const store = { ...memoryStore(), remote: true, read: () => new Promise<undefined>(() => undefined) };
    const { routes } = open({ store, storeTimeout: 10 });
    const batch = (experiment_keys: string[]): Promise<Answered> =>
      post(routes, '/experiments/assignments', { visitor_id: 'v_123', experiment_keys });
    const { status, body } = await batch(['homepage-hero', 'spring-sale']);
    expect([status, body.assignments]).toEqual([
      200,
      [
        expect.objectContaining({ in_experiment: true, experiment_key: 'homepage-hero' }),
        {
          in_experiment: false,
          experiment_key: 'spring-sale',
          error: 'what is stored of the visitor can not be read now',
        },
      ],
    ]);
    expect((await batch(['spring-sale'])).status).toBe(503);
  });
});

describe('personalizations', () => {
  it('are none yet, for everybody', async () => {
    const opened = open();
    const { status, body } = await post(opened.routes, '/experiments/personalization', {
      visitor_id: 'v_123',
    });
    expect([status, body]).toEqual([200, { success: true, personalizations: [] }]);
    expect(await exposed(opened)).toEqual([]);
  });
});

describe('a conversion', () => {
  it('of a goal with rules counts if they match `ruleData`; without that, rules are not asked', async () => {
    const { routes } = open();
    const signup = { visitor_id: 'a', event: 'signup' };
    const outcomes: unknown[] = [];
    for (const ruleData of [{ plan: 'basic' }, { plan: 'pro' }])
      outcomes.push((await track(routes, { ...signup, ruleData })).body.outcome);
    outcomes.push((await track(routes, { ...signup, visitor_id: 'b' })).body.outcome);
    expect(outcomes).toEqual(['goal-rules', 'tracked', 'tracked']);
  });

  const track = (routes: AssignmentRoutes, body: object): Promise<Answered> => post(routes, '/track', body);

  it('counts once for each visitor, and each order of a visitor once', async () => {
    const opened = open();
    const { routes } = opened;
    await assign(routes, 'homepage-hero', { visitor_id: 'v_123' });
    const order = {
      visitor_id: 'v_123',
      event: 'purchase',
      distinctId: 'order-1',
      eventProperties: { amount: '49.90', unknown: 1 },
    };
    expect((await track(routes, order)).body).toEqual({ success: true, outcome: 'tracked' });
    expect((await track(routes, order)).body).toEqual({ success: true, outcome: 'already-tracked' });
    expect((await track(routes, { ...order, distinctId: 'order-2' })).body.outcome).toBe('tracked');
    // As Ours Privacy's clients name the visitor. They send an id with each event, which makes no order of it.
    const again = {
      userId: 'v_123',
      event: 'purchase',
      distinctId: 'event-3',
      eventProperties: { page: 'thanks' },
    };
    expect((await track(routes, again)).body.outcome).toBe('already-tracked');
    await opened.convert.close();
    const data = (id: string) => [
      { key: 'amount', value: 49.9 },
      { key: 'transactionId', value: id },
    ];
    expect(collector.conversions().map((each) => (each.data as { goalData?: unknown }).goalData)).toEqual([
      undefined,
      data('order-1'),
      data('order-2'),
    ]);
  });

  it.each([
    [{ event: 'purchase' }, 400, refused('`visitor_id` is missing')],
    [{ visitor_id: 'a' }, 400, refused('`event` is missing')],
    [{ visitor_id: 'a', event: 'no-such-goal' }, 404, refused('no goal')],
    [
      { visitor_id: 'a', event: 'purchase', eventProperties: { amount: 'lots' } },
      400,
      refused('`eventProperties`'),
    ],
    [{ visitor_id: 'a', event: 'purchase', consent: 'denied' }, 200, { success: true, outcome: 'consent' }],
  ])('with %j: %i', async (given, status, body) => {
    const { routes } = open();
    expect(await track(routes, given)).toMatchObject({ status, body });
  });

  it('is to be sent again if the outbox has no room', async () => {
    const { convert, routes } = open();
    await convert.ready();
    await convert.close();
    const answer = await track(routes, { visitor_id: 'a', event: 'purchase' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
  });
});

describe('a request that is refused', () => {
  it.each([
    ['no JSON', 400, 'JSON object'],
    ['[]', 400, 'JSON object'],
    ['null', 400, 'JSON object'],
    ['"text"', 400, 'JSON object'],
    ['', 400, 'JSON object'],
    [Uint8Array.of(0xff, 0xfe, 0), 400, 'JSON object'],
    ['['.repeat(16_000), 400, 'JSON object'],
    [{ token: 'exp_another_token_of_somebody' }, 401, '`token`'],
    [{ token: '' }, 401, '`token`'],
    [{ token: null }, 401, '`token`'],
    [{ token: [TOKEN] }, 401, '`token`'],
    [{ token: { toString: TOKEN } }, 401, '`token`'],
    [{ token: 7 }, 401, '`token`'],
    [{}, 400, '`visitor_id` is missing'],
    [{ visitor_id: null }, 400, '`visitor_id` is missing'],
    [{ visitor_id: '' }, 400, '`visitor_id` must be a text of 1 to 256 characters'],
    [{ visitor_id: 42 }, 400, '`visitor_id` must be'],
    [{ visitor_id: 'v'.repeat(257) }, 400, '`visitor_id` must be'],
    [{ visitor_id: 'a', origin: 'carried' }, 400, "`origin` must be one of 'app', 'cookie'"],
    [{ visitor_id: 'a', consent: true }, 400, '`consent` must be one of'],
    [{ visitor_id: 'a', properties: [] }, 400, '`properties` must be an object'],
    [{ visitor_id: 'a', context: 'https://shop.example/' }, 400, '`context` must be an object'],
    [
      { visitor_id: 'a', context: { url: 'shop.example' } },
      400,
      '`context.url` must be an absolute http(s) URL',
    ],
    [{ visitor_id: 'a', context: { url: 'https://[::bad/pricing' } }, 400, '`context.url` must be'],
    [{ visitor_id: 'a', context: { url: 'https://shop.example:99999/' } }, 400, '`context.url` must be'],
    [{ visitor_id: 'a', context: { search: {} } }, 400, '`context.search` must be a text'],
    [{ visitor_id: 'a', track_impression: 'false' }, 400, '`track_impression` must be true or false'],
    [{ visitor_id: 'a', properties: { more: 'x'.repeat(16_384) } }, 413, 'over 16384 bytes'],
  ])('case %#', async (body, status, error) => {
    const { routes } = open();
    const answer = await assign(routes, 'homepage-hero', body as object);
    expect(answer).toMatchObject({ status, body: refused(error), headers: { 'cache-control': 'no-store' } });
    expect(logged.join()).not.toContain(TOKEN);
  });

  it.each([
    ['/nowhere', {}, 404, 'no such endpoint'],
    ['/experiments/assignments/a/b', {}, 404, 'no such endpoint'],
    ['/experiments/assignments/%E0%A4%A', { visitor_id: 'a' }, 400, 'not well encoded'],
    ['/experiments/assignments', { visitor_id: 'a' }, 400, '`experiment_keys` is missing'],
    ['/experiments/assignments', { visitor_id: 'a', experiment_keys: [] }, 400, 'a list of 1 to 100 keys'],
    ['/experiments/assignments', { visitor_id: 'a', experiment_keys: 'a' }, 400, 'a list of 1 to 100 keys'],
    ['/experiments/personalization', {}, 400, '`visitor_id` is missing'],
  ])('%s with %j: %i', async (path, body, status, error) => {
    expect(await post(open().routes, path, body)).toMatchObject({ status, body: refused(error) });
  });

  it('is one with another method', async () => {
    const request = requestOf('/experiments/assignments/homepage-hero', {}, { method: 'GET' });
    expect(answered(await open().routes(request))).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  it('is counted by its status', async () => {
    const { routes } = open();
    await assign(routes, 'homepage-hero', { visitor_id: 'a' });
    await assign(routes, 'no-such-key', { visitor_id: 'a' });
    await assign(routes, 'homepage-hero', { token: 'wrong' });
    await assign(routes, 'homepage-hero', { token: 'wrong' });
    expect(routes.stats()).toEqual({ statuses: { 200: 1, 404: 1, 401: 2 } });
  });
});

describe('limits', () => {
  const limited = (consume: (key: string) => Promise<unknown>, tokens: readonly string[] = [TOKEN]) => {
    const convert = create();
    return { convert, routes: assignmentRoutes(convert, { tokens, limits: { consume } }) };
  };

  it('are those of each token, whom the limiter knows by a hash', async () => {
    const keys: string[] = [];
    const { routes } = limited(async (key) => void keys.push(key), [TOKEN, `${TOKEN}-other`]);
    await assign(routes, 'homepage-hero', { visitor_id: 'a' });
    await assign(routes, 'homepage-hero', { visitor_id: 'b' });
    await assign(routes, 'homepage-hero', { visitor_id: 'a', token: `${TOKEN}-other` });
    await assign(routes, 'homepage-hero', { visitor_id: 'a', token: 'wrong' });
    expect(keys).toEqual([keys[0], keys[0], keys[2]]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys.join()).not.toContain('exp_');
  });

  it('answer 429 to who is over it, and nothing counts', async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    const { convert, routes } = limited((key) => limiter.consume(key));
    const statuses: number[] = [];
    for (const visitor_id of ['a', 'b', 'c']) {
      const { status } = await assign(routes, 'homepage-hero', { visitor_id });
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    const answer = await assign(routes, 'homepage-hero', { visitor_id: 'a' });
    expect(answer.body).toEqual(refused('too many requests'));
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(await exposed({ convert, routes })).toEqual([
      ['a', '101'],
      ['b', '101'],
    ]);
  });

  it.each([
    [Infinity, '3600'],
    [NaN, '1'],
    [-5, '1'],
    [1_200, '2'],
  ])('tell a caller for how long to wait, from a second to an hour: %d', async (msBeforeNext, expected) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as rate-limiter-flexible does
    const { routes } = limited(() => Promise.reject({ msBeforeNext }));
    const { headers } = await assign(routes, 'homepage-hero', { visitor_id: 'a' });
    expect(headers['retry-after']).toBe(expected);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('no Redis'))],
    [
      'throws',
      () => {
        throw new Error('no Redis');
      },
    ],
    ['does not answer', () => new Promise(() => undefined)],
  ])('stop nobody if the limiter %s', async (_how, consume) => {
    const { convert, routes } = limited(consume);
    const errors: string[] = [];
    convert.on('error', ({ code }) => void errors.push(code));
    expect((await assign(routes, 'homepage-hero', { visitor_id: 'a' })).status).toBe(200);
    expect(errors).toEqual(['CONVERT_CALLBACK']);
  });
});

describe.skipIf(!hasRedis)('limits over Redis', () => {
  const redis = sharedRedis();

  it('are common to all processes', async () => {
    const process = (): AssignmentRoutes => {
      const limits = new RateLimiterRedis({ storeClient: redis.client, points: 2, duration: 60 });
      return assignmentRoutes(create(), { tokens: TOKEN, limits });
    };
    const [one, other] = [process(), process()];
    const statuses: number[] = [];
    for (const routes of [one, other, one, other])
      statuses.push((await assign(routes, 'homepage-hero', { visitor_id: 'a' })).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});

describe('anything', () => {
  it('is answered with JSON, and never with 500', async () => {
    const { routes } = open();
    const path = fc.constantFrom(
      ...[
        '/experiments/assignments/homepage-hero',
        '/experiments/assignments',
        '/experiments/personalization',
        '/track',
      ],
    );
    const field = fc.constantFrom(
      ...[
        'visitor_id',
        'origin',
        'consent',
        'properties',
        'context',
        'experiment_keys',
        'event',
        'eventProperties',
      ],
      ...['identityContext', 'userId', 'distinctId', '__proto__'],
    );
    const body = fc.oneof(
      fc.dictionary(
        field,
        fc.oneof(fc.jsonValue(), fc.constantFrom('app', 'purchase', 'granted', { url: '/' })),
      ),
      fc.record({
        visitor_id: fc.string(),
        context: fc.record({ url: fc.webUrl(), user_agent: fc.string(), ip: fc.string() }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(path, body, async (to, given) => {
        const { status, body: said } = await post(routes, to, given);
        expect([200, 400, 404]).toContain(status);
        expect(said.success).toBe(status === 200);
      }),
      { numRuns: 40 },
    );
    expect(logged.filter((line) => line.includes('CONVERT_INTERNAL') || line.includes('failed'))).toEqual([]);
  });
});

describe('options', () => {
  const convert = (): never =>
    ({
      forVisitor() {},
      report() {},
      flush() {},
      digests: nodeDigests,
      standingOf: () => undefined,
    }) as never;
  it.each([
    [undefined, { tokens: TOKEN }, 'option `convert` must be what createConvert() returned'],
    [convert(), undefined, 'option `options` must be an object'],
    [convert(), {}, 'option `tokens` is missing'],
    [convert(), { tokens: 'short' }, 'option `tokens` must be a string of at least 16 characters'],
    [convert(), { tokens: [] }, 'option `tokens`'],
    [convert(), { tokens: TOKEN, limits: 100 }, 'option `limits` must be a limiter of rate-limiter-flexible'],
    [convert(), { token: TOKEN }, 'unknown option `token`, did you mean `tokens`?'],
  ])('%o %j', (given, options, message) => {
    const expected = { code: 'CONVERT_BAD_OPTION', message: expect.stringContaining(message) as string };
    expect(() => assignmentRoutes(given as never, options as never)).toThrow(
      expect.objectContaining(expected) as Error,
    );
  });

  it('take several tokens', async () => {
    const tokens = ['the-token-of-rails', 'the-token-of-the-app'];
    const routes = assignmentRoutes(create(), { tokens });
    for (const token of tokens)
      expect((await assign(routes, 'homepage-hero', { visitor_id: 'a', token })).status).toBe(200);
    expect((await assign(routes, 'homepage-hero', { visitor_id: 'a' })).status).toBe(401);
  });
});
