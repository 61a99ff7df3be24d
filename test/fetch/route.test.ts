/** Webhooks, the assignment endpoint and its client, on hosts that hand out a `Request`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { assignmentRoutes } from '../../src/assignment.js';
import { NO_FIGURES } from '../../src/convert/late-outbox.js';
import type { Outbox } from '../../src/delivery/types.js';
import { openMounted, route, type RouteHandler, withConvert } from '../../src/fetch.js';
import { oursPrivacy } from '../../src/ours-privacy.js';
import { conversionWebhook, shopify, woocommerce } from '../../src/webhook.js';
import { testProject } from '../support/project.js';
import { opensslHmac } from '../webhook/senders.js';
import { collector, collectorPerTest, cookieOf, create, logged, visit } from './setup.js';

collectorPerTest();

const SECRET = 'the secret of the webhook';
const TOKEN = 'exp_0123456789abcdef';

const post = (path: string, body: string | object, headers: Record<string, string> = {}): Request =>
  visit(path, headers, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });
function signed(topic: string, content: object): Request {
  const body = JSON.stringify(content);
  return post('/webhooks/orders', body, {
    'x-shopify-topic': topic,
    'x-shopify-hmac-sha256': opensslHmac(body, SECRET, 'base64'),
  });
}
const order = (visitorId: string): Request =>
  signed('orders/paid', {
    id: 1,
    total_price: '49.90',
    currency: 'EUR',
    note_attributes: [{ name: 'cv_vid', value: visitorId }],
  });

describe('a webhook', () => {
  it('counts an order once, in `waitUntil`', async () => {
    const convert = create();
    const orders = route(
      conversionWebhook(convert, { platform: shopify({ secret: ['other', SECRET] }), goal: 'purchase' }),
    );
    const promises: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>): void => void promises.push(promise);
    for (let n = 0; n < 2; n++) expect((await orders(order('known'), { waitUntil })).status).toBe(200);
    await Promise.all(promises);
    expect(collector.conversions()).toMatchObject([
      { visitorId: 'known', data: { goalId: '501' } },
      { visitorId: 'known', data: { goalData: expect.arrayContaining([{ key: 'amount', value: 49.9 }]) } },
    ]);
    const forged = order('known');
    forged.headers.set('x-shopify-hmac-sha256', opensslHmac('x', SECRET, 'base64'));
    expect((await orders(forged)).status).toBe(401);
  });

  it('waits for its own order, and for what `onRefund` records, and for nothing of others', async () => {
    const convert = create();
    const onRefund = async (): Promise<void> => {
      (await convert.forVisitor('returns')).trackConversion('purchase');
    };
    const platform = shopify({ secret: SECRET });
    const orders = route(conversionWebhook(convert, { platform, goal: 'purchase', onRefund }));
    await orders(order('known'));
    await orders(signed('refunds/create', { id: 2, order_id: 1, transactions: [] }));
    expect(collector.conversions().map(({ visitorId }) => visitorId)).toEqual(['known', 'known', 'returns']);

    collector.change({ behaviour: () => 'hang' });
    const others: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>): void => void others.push(promise);
    await orders(order('one'), { waitUntil });
    expect(others).toHaveLength(1);
    // An event that is none of ours records nothing.
    await orders(signed('products/create', { id: 3 }));
    expect(logged).toEqual([]);
    expect((await orders(order('two'))).status).toBe(200);
    expect(logged).toEqual([expect.stringContaining('was not stored and sent within 1000 ms')]);
  });

  it('of a platform that sends nothing again: an order that can not be counted is lost, and told of', async () => {
    const full: Outbox = {
      offer: (events) => ({ refused: new Set(events), confirm: () => undefined }),
      drop: () => undefined,
      ledger: () => NO_FIGURES,
      stats: () => NO_FIGURES,
      flush: async () => NO_FIGURES,
      close: async () => NO_FIGURES,
    };
    const webhook = conversionWebhook(create({ delivery: { outbox: () => full } }), {
      platform: woocommerce({ secret: SECRET }),
      goal: 'purchase',
    });
    const body = JSON.stringify({
      id: 1,
      status: 'processing',
      total: '1.00',
      meta_data: [{ key: 'cv_vid', value: 'known' }],
    });
    const answer = await route(webhook)(
      post('/', body, {
        'x-wc-webhook-topic': 'order.updated',
        'x-wc-webhook-signature': opensslHmac(body, SECRET, 'base64'),
      }),
    );
    expect(answer.status).toBe(200);
    expect(webhook.stats()).toEqual({ outcomes: { lost: 1 }, waiting: 0 });
    expect(logged.some((line) => line.includes('lost'))).toBe(true);
  });
});

describe('the assignment endpoint', () => {
  const PATH = '/experiments/assignments/homepage-hero';
  const asking = (visitor_id: string, track_impression = false): Request =>
    post(PATH, { token: TOKEN, visitor_id, track_impression });

  it('waits for what its own request records, and for nothing of others', async () => {
    const convert = create();
    const answer = route(assignmentRoutes(convert, { tokens: TOKEN }));
    await answer(asking('one', true));
    expect(collector.exposures()).toMatchObject([{ visitorId: 'one' }]);
    collector.change({ behaviour: () => 'hang' });
    const others: Promise<unknown>[] = [];
    const page = withConvert(
      (_, context) => new Response(context.runExperience('homepage-hero')?.key),
      convert,
    );
    await page(visit(), { waitUntil: (promise) => others.push(promise) });
    await answer(asking('two', true), { waitUntil: (promise) => others.push(promise) });
    expect(others).toHaveLength(2);
    const kept: unknown[] = [];
    await answer(asking('three'), { waitUntil: (promise) => kept.push(promise) });
    expect(kept).toEqual([]);
    expect(logged).toEqual([]);
    expect((await answer(asking('four', true))).status).toBe(200);
    expect(logged).toEqual([expect.stringContaining('was not stored and sent within 1000 ms')]);
  });

  it('has the host wait for a config that comes later than its answer', async () => {
    let send: () => void = () => undefined;
    const server = createServer((_, response) => {
      send = () => response.end(JSON.stringify(testProject()));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const endpoints = { track: collector.origin, config: `http://127.0.0.1:${port}/` };
    const convert = create({ project: undefined, sdkKey: '1001/2002', endpoints, readyTimeout: 20 });
    const answer = route(assignmentRoutes(convert, { tokens: TOKEN }));
    const kept: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise);
    try {
      expect((await answer(asking('one'), { waitUntil })).status).toBe(503);
      expect(kept).toHaveLength(1);
      await vi.waitFor(() => (send(), expect(convert.stats().project.loadedAt).toBeDefined()));
      await Promise.all(kept);
      expect((await answer(asking('one'), { waitUntil })).status).toBe(200);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('a body', () => {
  const told: string[] = [];
  const echo: RouteHandler = Object.assign(
    ({ body, url, ip }: { body: Uint8Array; url: string; ip: string }) =>
      Promise.resolve({ status: body.length === 0 ? 204 : 200, headers: { 'x-seen': `${url} ${ip}` }, body }),
    { report: ({ message }: Error) => void told.push(message) },
  );
  const answer = route(echo, { maxBytes: 4 });

  it('is read byte for byte, up to a limit', async () => {
    const small = await answer(post('/a?b=1', 'ü!'), { ip: '203.0.113.7' });
    expect([small.status, await small.text(), small.headers.get('x-seen')]).toEqual([
      200,
      'ü!',
      '/a?b=1 203.0.113.7',
    ]);
    expect((await answer(visit())).status).toBe(204);
    expect((await answer(post('/', '12345'))).status).toBe(413);
  });

  it('that somebody has read is a mistake in the app', async () => {
    const request = post('/', '1234');
    await request.text();
    expect((await answer(request)).status).toBe(500);
    expect(told).toEqual([expect.stringContaining('before anything else reads the body')]);
  });

  it('that breaks off is none', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await answer(new Request('https://shop.example/', init))).status).toBe(400);
  });
});

describe('the client of the assignment endpoint', () => {
  const client = (assigned: (request: Request) => Promise<Response>) =>
    oursPrivacy({
      token: TOKEN,
      trackToken: 'src_0123456789abcdef',
      endpoint: 'https://assign.example/api/v1',
      timeout: 5_000,
      logger: { error: (message) => void logged.push(message), warn: (message) => void logged.push(message) },
      fetch: (url, { cache: _, ...init }) => assigned(new Request(url, init)),
    });

  it('takes the variant of the endpoint, which sends the impression', async () => {
    const assigned = route(assignmentRoutes(create(), { tokens: [TOKEN] }));
    const handle = withConvert(
      async (_, ours) => Response.json(await ours.assign('homepage-hero')),
      client(assigned),
    );
    const response = await handle(visit('/', { cookie: '_ours_user=v_123' }));
    expect(await response.json()).toMatchObject({ inExperiment: true, experimentId: '101' });
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    expect(cookieOf(response)).toBeUndefined();
    expect(collector.exposures()).toMatchObject([{ visitorId: 'v_123' }]);
  });

  it('is waited for where the handler does not: in `waitUntil`, or before the response, one second at most', async () => {
    let isTracked = false;
    let answers = true;
    const handle = withConvert(
      (_, ours) => {
        void ours.track('purchase');
        return new Response('page');
      },
      client(async () => {
        await new Promise((done) => setTimeout(done, 20));
        if (!answers) await new Promise(() => undefined);
        isTracked = true;
        return Response.json({ success: true });
      }),
    );
    const buy = (): Request => visit('/', { cookie: '_ours_user=v_123' });
    const kept: Promise<unknown>[] = [];
    await handle(buy(), { waitUntil: (promise) => void kept.push(promise) });
    expect([kept.length, isTracked]).toEqual([1, false]);
    await Promise.all(kept);
    expect(isTracked).toBe(true);

    isTracked = false;
    const refuse = (): never => {
      throw new TypeError('Illegal invocation');
    };
    await handle(buy(), { waitUntil: refuse });
    expect(isTracked).toBe(true);
    expect(logged).toEqual([expect.stringContaining('`waitUntil` function threw')]);

    answers = false;
    expect(await (await handle(buy())).text()).toBe('page');
    expect(logged[1]).toContain('was not stored and sent within 1000 ms');
  });

  it('is opened for hosts whose middleware calls the next one', async () => {
    const ours = client(async () => new Response(null, { status: 401 }));
    const { context, run, finish, abandon } = openMounted(ours, visit());
    expect(await run(() => context.assign('homepage-hero'))).toMatchObject({ inExperiment: false });
    expect(context.explain('homepage-hero').reason).toBe('no-visitor');
    const response = new Response('page');
    expect(await finish(response)).toBe(response);
    await abandon();
  });
});
