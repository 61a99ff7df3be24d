/** Decisions of an assignment endpoint: what is asked, what is never asked, and what every fault of it gives. */
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { convertMiddleware as koaMiddleware } from '../../src/koa.js';
import type { ResponseHead } from '../../src/model/http.js';
import {
  oursPrivacy,
  type OursContext,
  type OursFetch,
  type OursPrivacy,
  type OursPrivacyOptions,
} from '../../src/ours-privacy.js';
import { incoming } from '../identity/support.js';
import { type Answer, endpointServer, type EndpointServer, FAULTS, json } from './endpoint-server.js';

let endpoint: EndpointServer;
let logged: string[];

beforeEach(async () => {
  endpoint = await endpointServer();
  logged = [];
});
afterEach(async () => endpoint.close());

function make(options: Partial<OursPrivacyOptions> = {}): OursPrivacy {
  const log = (message: string): void => void logged.push(message);
  return oursPrivacy({
    token: 'exp_test',
    endpoint: endpoint.origin,
    timeout: 5_000,
    logger: { error: log, warn: log, info: log },
    ...options,
  });
}

/** A response whose head can be written; `sent` are its headers. */
function outgoing(sent: Record<string, string> = {}) {
  const listeners: ((head: ResponseHead) => void)[] = [];
  const head: ResponseHead = {
    status: 200,
    getHeader: (name) => sent[name.toLowerCase()],
    getHeaderNames: () => Object.keys(sent),
    setHeader: (name, value) => void (sent[name.toLowerCase()] = value),
    appendCookie: () => undefined,
    removeCookie: () => undefined,
  };
  return {
    sent,
    headersSent: false,
    closed: false,
    getHeader: (name: string) => sent[name.toLowerCase()],
    getHeaderNames: () => Object.keys(sent),
    onHead: (listener: (head: ResponseHead) => void) => void listeners.push(listener),
    onClose: () => undefined,
    finish: () => listeners.forEach((listener) => listener(head)),
  };
}

const visit = (ours: OursPrivacy, cookie = '_ours_user=v_123'): OursContext =>
  ours.open(incoming({ cookie }, { url: '/pricing?utm_source=meta' }), outgoing());

describe('assign()', () => {
  it('asks for the visitor of the cookie, on this page', async () => {
    const ours = visit(make());
    // eslint-disable-next-line @typescript-eslint/unbound-method -- methods work without their object
    const { assign } = ours;
    expect(await assign('checkout_redesign')).toEqual({
      inExperiment: true,
      experimentKey: 'checkout_redesign',
      experimentId: 'exp_1',
      variantId: 'var_v_123',
      variantName: 'of v_123',
      isControl: false,
      type: 'ab',
      redirect: undefined,
    });
    expect(endpoint.calls).toEqual([
      {
        path: '/api/v1/experiments/assignments/checkout_redesign',
        body: {
          token: 'exp_test',
          visitor_id: 'v_123',
          context: { url: 'https://shop.example/pricing?utm_source=meta', search: '?utm_source=meta' },
          track_impression: true,
        },
      },
    ]);
    expect(ours.explain('checkout_redesign')).toMatchObject({ reason: 'assigned', visitorId: 'v_123' });
    expect(ours.explain('another').reason).toBe('not-asked');
  });

  it('asks once in a request, and once more to count what was only read', async () => {
    const ours = visit(make());
    const read = { trackImpression: false };
    await Promise.all([ours.assign('a', read), ours.assign('a', read)]);
    expect(endpoint.calls).toHaveLength(1);
    await Promise.all([ours.assign('a'), ours.assign('a'), ours.assign('a', read)]);
    expect(endpoint.calls.map(({ body }) => body.track_impression)).toEqual([false, true]);
    await ours.assign('a', { url: 'https://shop.example/other' });
    expect(endpoint.calls).toHaveLength(3);
  });

  it.each(['"', '\u0001', '\u20ac', '\ud800', 'a'])(
    'sends at most 16 KiB, whatever the visitor sends: %j',
    async (character) => {
      const text = character.repeat(8_000);
      const ours = make({ trackToken: 'src_test' });
      const headers = { cookie: '_ours_user=v_1', 'user-agent': text };
      const visitor = ours.open(incoming(headers, { url: `/?${text}` }), outgoing());
      await visitor.assign('a');
      await visitor.track('purchase');
      const sizes = endpoint.calls.map(({ body }) => Buffer.byteLength(JSON.stringify(body)));
      expect(sizes).toHaveLength(2);
      expect(Math.max(...sizes)).toBeLessThan(16 * 1024);
    },
  );

  it.each(['', '/x', 'a b'])('sends no address if the host is %j', async (host) => {
    const ours = make().open(incoming({ cookie: '_ours_user=v_1' }, { host, url: '/?a=1' }), outgoing());
    await ours.assign('a');
    await ours.assign('a', { url: 'https://shop.example/' });
    expect(endpoint.calls.map(({ body }) => body.context)).toEqual([
      { search: '?a=1' },
      { url: 'https://shop.example/', search: '' },
    ]);
  });

  it('never rejects: what the app hands over wrong is told once, and is no outage', async () => {
    const ours = make({ trackToken: 'src_test' });
    const visitor = visit(ours);
    const noText = Object.create(null) as never;
    const given = [
      visitor.assign('\ud800'),
      visitor.assign(noText),
      visitor.assign('a', { url: noText }),
      visitor.assign('a', { search: 10n as never }),
    ];
    expect((await Promise.all(given)).map(({ inExperiment }) => inExperiment)).toEqual(
      given.map(() => false),
    );
    expect([visitor.explain('\ud800').reason, visitor.explain(noText).reason]).toEqual([
      'bad-request',
      'not-asked',
    ]);
    for (const options of [{ time: 10n }, { properties: { a: noText } }, { distinctId: 1n }, { time: 10n }])
      expect(await visitor.track('x', options as never)).toBe('bad-request');
    expect(await visitor.track(noText)).toBe('bad-request');
    expect([endpoint.calls.length, ours.stats().pause.assign, logged.length]).toEqual([0, 0, 1]);
    expect((await visitor.assign('a')).inExperiment).toBe(true);
  });

  it('gives each visitor their own, over few connections', async () => {
    const ours = make();
    for (let round = 0; round < 3; round += 1) {
      const ids = Array.from({ length: 10 }, (_, n) => `v_${round}_${n}`);
      const names = await Promise.all(
        ids.map(async (id) => (await visit(ours, `_ours_user=${id}`).assign('a')).variantName),
      );
      expect(names).toEqual(ids.map((id) => `of ${id}`));
    }
    expect(endpoint.connections()).toBeLessThan(20);
  });

  it.each([
    ['no cookie', ''],
    ['an empty one', '_ours_user='],
    ['one that no id looks like', '_ours_user=a%20b'],
    ['one that is too long', `_ours_user=${'x'.repeat(257)}`],
  ])('never makes up a visitor: %s', async (_name, cookie) => {
    const ours = visit(make(), cookie);
    expect(await ours.assign('a')).toMatchObject({ inExperiment: false, variantId: undefined });
    expect(await ours.personalizations()).toEqual([]);
    expect(await ours.track('purchase')).toBe('no-visitor');
    expect(ours.explain('a').reason).toBe('no-visitor');
    expect(endpoint.calls).toEqual([]);
  });

  it('asks nothing without consent', async () => {
    const ours = make({ consent: { cookie: 'ok', granted: 'yes' }, trackToken: 'src_test' });
    const without = visit(ours, '_ours_user=v_1; ok=no');
    expect((await without.assign('a')).inExperiment).toBe(false);
    expect(await without.track('purchase')).toBe('consent');
    expect(without.explain('a')).toMatchObject({
      reason: 'consent',
      consent: 'denied',
      visitorId: undefined,
    });
    expect(without.bridge.json()).toBe('{"variations":{},"exposed":[]}');
    expect(endpoint.calls).toEqual([]);
    expect((await visit(ours, '_ours_user=v_1; ok=yes').assign('a')).inExperiment).toBe(true);
  });

  it('takes the id from a function of the app, which may fail', async () => {
    const ours = make({ visitorId: (req: unknown) => (req as { user: string }).user });
    const of = (raw: unknown): OursContext => ours.open(incoming({}, { raw }), outgoing());
    expect((await of({ user: 'u_1' }).assign('a')).variantName).toBe('of u_1');
    expect((await of(undefined).assign('a')).inExperiment).toBe(false);
    expect(logged.join()).toContain('`visitorId`');
  });
});

describe('an endpoint that', () => {
  it.each(FAULTS)('%s gives the default, within the time', async (_name, answer, reason) => {
    endpoint.answer = answer;
    // An endpoint that answers has the time that a busy machine takes.
    const ours = make({ timeout: reason === 'timeout' ? 300 : 5_000 });
    const visitor = visit(ours);
    expect(await visitor.assign('a')).toMatchObject({
      inExperiment: false,
      experimentKey: 'a',
      variantId: undefined,
    });
    expect(visitor.explain('a').reason).toBe(reason);
    expect(ours.stats().calls).toEqual({ [reason]: 1 });
    await visitor.assign('a');
    expect(endpoint.calls).toHaveLength(1);
  });

  it('is not there gives the default, too', async () => {
    const ours = make({ endpoint: 'http://127.0.0.1:1/api/v1' });
    const visitor = visit(ours);
    expect((await visitor.assign('a')).inExperiment).toBe(false);
    expect(visitor.explain('a').reason).toBe('unreachable');
  });

  it('is not there is told of with the code of the error, and without its text', async () => {
    const refused = Object.assign(new Error('v_123 refused'), { code: 'ECONNREFUSED' });
    const causes = [new TypeError('fetch failed', { cause: refused }), new TypeError('v_123'), 'v_123'];
    for (const cause of causes)
      await visit(make({ fetch: vi.fn<OursFetch>().mockRejectedValue(cause) })).assign('a');
    expect(logged.map((line) => /(unreachable.*?)\): visitors get the default/.exec(line)?.[1])).toEqual([
      'unreachable: ECONNREFUSED',
      'unreachable: TypeError',
      'unreachable: unknown',
    ]);
    expect(logged.join()).not.toContain('v_123');
  });

  it.each([
    ['is asked past the cache of the framework', Request, 'no-store'],
    ['is asked on Workers, too, whose older dates have no `cache`', class {}, undefined],
  ])('%s', async (_name, Runtime, cache) => {
    vi.stubGlobal('Request', Runtime);
    const sent: object[] = [];
    const send: OursPrivacyOptions['fetch'] = async (url, init) => {
      sent.push(init);
      return fetch(url, init);
    };
    expect((await visit(make({ fetch: send })).assign('a')).inExperiment).toBe(true);
    vi.unstubAllGlobals();
    expect(sent.map((init) => ['cache' in init, (init as { cache?: string }).cache])).toEqual([
      [cache !== undefined, cache],
    ]);
  });

  it('tells of a mistake of the app is reported once, without the token', async () => {
    endpoint.answer = json(401, { success: false });
    const ours = make();
    for (let n = 0; n < 3; n += 1) await visit(ours).assign('a');
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('`token`');
    expect(logged[0]).not.toContain('exp_test');
    expect(endpoint.calls).toHaveLength(3);
  });

  it('asks for a pause gets one', async () => {
    endpoint.answer = json(429, { success: false }, { 'retry-after': '60' });
    const ours = make();
    await visit(ours).assign('a');
    const next = visit(ours);
    await next.assign('b');
    expect(next.explain('b').reason).toBe('rate-limited');
    expect(endpoint.calls).toHaveLength(1);
    expect(ours.stats().pause.assign).toBeGreaterThan(30_000);
  });

  it('refuses requests is asked again: it is not down', async () => {
    endpoint.answer = json(413, { success: false });
    const ours = make();
    for (let n = 0; n < 5; n += 1) await visit(ours).assign('a');
    expect([endpoint.calls.length, ours.stats().pause.assign]).toEqual([5, 0]);
  });

  it('asks for a pause gets one, although calls under way are answered, or fail', async () => {
    const ours = make();
    const open: (() => void)[] = [];
    const kept =
      (answer: Answer): Answer =>
      (res, call) =>
        void open.push(() => answer(res, call));
    endpoint.answer = kept(json(200, { success: true, in_experiment: false }));
    const answered = visit(ours).assign('a');
    await expect.poll(() => open.length).toBe(1);
    endpoint.answer = kept((res) => res.destroy());
    const failing = ['b', 'c', 'd'].map((key) => visit(ours).assign(key));
    await expect.poll(() => open.length).toBe(4);
    endpoint.answer = json(429, { success: false }, { 'retry-after': '60' });
    await visit(ours).assign('e');
    for (const release of open) release();
    await Promise.all([answered, ...failing]);
    expect(ours.stats().pause.assign).toBeGreaterThan(30_000);
  });

  it.each([
    ['{}', {}],
    ['[]', []],
    ['null', null],
    ['success: false', { success: false, in_experiment: false, personalizations: [] }],
    ['ids that are numbers', { success: 'yes', in_experiment: true, experiment_id: 5, variant_id: 6 }],
  ])('answers with %s is down like one that does not answer', async (_name, body) => {
    const ours = make({ trackToken: 'src_test' });
    for (const call of ['assign', 'personalizations', 'track'] as const) {
      endpoint.answer = json(503, {});
      for (let n = 0; n < 2; n += 1) await visit(ours)[call]('a');
      endpoint.answer = json(200, body);
      await visit(ours)[call]('a');
      expect(ours.stats().pause[call]).toBeGreaterThan(0);
    }
    expect(ours.stats().calls).toEqual({ 'server-error': 6, 'bad-answer': 3 });
    expect(logged).toHaveLength(3);
  });

  it('stalls once under many calls fails once, and calls go on', async () => {
    const ours = make();
    const all = async (): Promise<void> => {
      const open: (() => void)[] = [];
      endpoint.answer = (res) => void open.push(() => res.destroy());
      const calls = Array.from({ length: 12 }, () => visit(ours).assign('a'));
      await expect.poll(() => open.length).toBe(12);
      for (const release of open) release();
      await Promise.all(calls);
    };
    await all();
    await all();
    expect([ours.stats().pause.assign, logged.length]).toEqual([0, 1]);
    // The third stall pauses the calls, for no longer than three single failures do.
    await all();
    expect(ours.stats().pause.assign).toBeGreaterThan(0);
    expect(ours.stats().pause.assign).toBeLessThanOrEqual(500);
  });

  it.each([
    ['track', 'assign'],
    ['personalizations', 'track'],
    ['assign', 'personalizations'],
  ] as const)('asks %s() for a pause gets the calls of %s()', async (limited, other) => {
    endpoint.answer = json(429, { success: false }, { 'retry-after': '60' });
    const ours = make({ trackToken: 'src_test' });
    await visit(ours)[limited]('a');
    expect(logged.join()).toContain(`too many calls of ${limited}()`);
    endpoint.answer = json(200, { success: true, in_experiment: false, personalizations: [] });
    await visit(ours)[other]('a');
    await visit(ours)[limited]('a');
    expect(endpoint.calls).toHaveLength(2);
    const { pause } = ours.stats();
    expect([pause[limited] > 30_000, pause[other]]).toEqual([true, 0]);
  });

  it('refuses a request is told of once for each experiment', async () => {
    endpoint.answer = json(400, { success: false });
    const ours = make();
    for (const key of ['a', 'b', 'a']) await visit(ours).assign(key);
    expect(logged.map((line) => /assignments\/(\w)/.exec(line)?.[1])).toEqual(['a', 'b']);
  });

  it('goes down is left alone, and one call at a time finds out when it is back', async () => {
    endpoint.answer = json(503, {});
    const ours = make();
    for (let n = 0; n < 3; n += 1) await visit(ours).assign('a');
    expect(ours.stats().pause.assign).toBeGreaterThan(0);
    await visit(ours).assign('a');
    expect(endpoint.calls).toHaveLength(3);
    endpoint.answer = json(200, { success: true, in_experiment: false });
    await expect
      .poll(async () => {
        const visitor = visit(ours);
        await visitor.assign('a');
        return visitor.explain('a').reason;
      })
      .toBe('not-in-experiment');
    expect(endpoint.calls.length).toBeLessThan(6);
    expect(logged.map((message) => message.includes('answers again'))).toEqual([false, true]);
  });
});

describe('personalizations()', () => {
  it('reads the list, once, and leaves out what is malformed', async () => {
    endpoint.answer = json(200, {
      success: true,
      personalizations: [
        { experiment_id: 'e', variant_id: 'v', experiment_key: 'k', assigned_at: '2026-01-01' },
        { experiment_id: 'e' },
        null,
      ],
    });
    const ours = visit(make());
    const [first, second] = await Promise.all([ours.personalizations(), ours.personalizations()]);
    expect(first).toBe(second);
    expect(first).toEqual([
      expect.objectContaining({
        experimentId: 'e',
        variantId: 'v',
        experimentKey: 'k',
        assignedAt: '2026-01-01',
      }),
    ]);
    expect(endpoint.calls).toEqual([
      { path: '/api/v1/experiments/personalization', body: { token: 'exp_test', visitor_id: 'v_123' } },
    ]);
  });
});

describe('track()', () => {
  it('sends the event for the visitor', async () => {
    endpoint.answer = json(200, { success: true });
    const ours = make({ trackToken: 'src_test' });
    const done = visit(ours).track('purchase', {
      properties: { total: 10.5, first: true },
      distinctId: 'order-1',
    });
    expect(await done).toBe('tracked');
    expect(endpoint.calls[0]?.body).toMatchObject({
      token: 'src_test',
      event: 'purchase',
      userId: 'v_123',
      distinctId: 'order-1',
      eventProperties: { total: '10.5', first: 'true' },
      identityContext: { ip: '93.184.216.34' },
    });
    expect(await visit(make()).track('purchase')).toBe('no-token');
  });
});

describe('the page', () => {
  it('is private, and gets the variants', async () => {
    const response = outgoing();
    const ours = make().open(incoming({ cookie: '_ours_user=v_1' }), response);
    await ours.assign('hero</script>');
    expect(JSON.parse(ours.bridge.json())).toEqual({
      visitorId: 'v_1',
      variations: { 'hero</script>': 'of v_1' },
      exposed: ['hero</script>'],
    });
    expect(ours.bridge.script()).not.toContain('hero</script>');
    response.finish();
    expect(response.sent).toEqual({ 'cache-control': 'private, no-cache' });
  });

  it.each([
    ['visitorId', (ours: OursContext) => ours.visitorId],
    ['bridge.json()', (ours: OursContext) => ours.bridge.json()],
    ['bridge.script()', (ours: OursContext) => ours.bridge.script()],
    ['explain()', (ours: OursContext) => ours.explain('a')],
  ])('with %s alone is private, too', (_name, use) => {
    const response = outgoing();
    use(make().open(incoming({ cookie: '_ours_user=v_1' }), response));
    response.finish();
    expect(response.sent).toEqual({ 'cache-control': 'private, no-cache' });
  });

  it('that shared caches may store is told of; one that asks nothing is left alone', async () => {
    const shared = outgoing({ 'cache-control': 'public, max-age=60' });
    const ours = make();
    await ours.open(incoming({ cookie: '_ours_user=v_1' }), shared).assign('a');
    shared.finish();
    expect(logged.join()).toContain('shared cache');
    const unused = outgoing();
    ours.open(incoming(), unused);
    unused.finish();
    expect(unused.sent).toEqual({});
  });
});

describe('mounted', () => {
  interface WithOurs {
    readonly ours: OursContext;
  }
  const answer = async ({ ours }: WithOurs): Promise<string> =>
    (await ours.assign('a')).variantName ?? 'default';

  it('on Express, beside a Convert', async () => {
    const app = express();
    const ours = make();
    app.use(convertMiddleware(ours), convertMiddleware(ours));
    app.get('/', async (req, res) => void res.send(await answer(req as unknown as WithOurs)));
    const told = vi.spyOn(console, 'warn').mockReturnValue();
    const { text, headers } = await request(app).get('/').set('cookie', '_ours_user=v_9');
    expect([text, headers['cache-control']]).toEqual(['of v_9', 'private, no-cache']);
    expect((await request(app).get('/')).text).toBe('default');
    // It is mounted twice.
    expect(told.mock.calls).toEqual([
      [expect.stringMatching(/a property `ours` already.*CONVERT_NOT_ATTACHED/)],
    ]);
    told.mockRestore();
  });

  it('on a request that takes no properties, which goes on without', () => {
    const told = vi.spyOn(console, 'error').mockReturnValue();
    let goesOn = 0;
    const next = (): void => void (goesOn += 1);
    for (let n = 0; n < 2; n += 1) convertMiddleware(make())(Object.freeze({}) as never, {} as never, next);
    expect(goesOn).toBe(2);
    // The text of the error is not ours.
    const line = /`ours` could not be put onto the request \(TypeError at \S+\) \[CONVERT_NOT_ATTACHED\]/;
    expect(told.mock.calls).toEqual([[expect.stringMatching(line)]]);
    told.mockRestore();
  });

  it('on Koa', async () => {
    const app = new Koa();
    app.use(koaMiddleware(make()));
    app.use(async (ctx) => void (ctx.body = await answer(ctx as unknown as WithOurs)));
    expect((await request(app.callback()).get('/').set('cookie', '_ours_user=v_9')).text).toBe('of v_9');
  });

  it('on Fastify', async () => {
    const app = Fastify();
    await app.register(convertPlugin, { convert: make() });
    app.get('/', async (req) => answer(req as unknown as WithOurs));
    const { body, headers } = await app.inject({ url: '/', headers: { cookie: '_ours_user=v_9' } });
    expect([body, headers['cache-control']]).toEqual(['of v_9', 'private, no-cache']);
    await app.close();
  });
});

describe('options', () => {
  it.each([
    [{}, '`token` is missing'],
    [{ token: '' }, '`token`'],
    [{ token: 't', endpoint: 'api.example' }, '`endpoint` must be an http or https address'],
    [{ token: 't', timeout: 0 }, '`timeout`'],
    [{ token: 't', consent: { cookie: 'c', granted: 'g', mode: 'hold' } }, "`consent.mode` must be 'block'"],
    [{ token: 't', visitorCokie: 'x' }, 'did you mean `visitorCookie`?'],
  ])('%j is refused', (options, message) => {
    expect(() => oursPrivacy(options as never)).toThrow(message);
  });
});
