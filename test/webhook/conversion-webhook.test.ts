/** What a webhook answers, what it counts, and what it tells the operator. */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Convert } from '../../src/convert/convert.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ProjectSink } from '../../src/project/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import {
  conversionWebhook,
  type ConversionWebhook,
  type ConversionWebhookOptions,
} from '../../src/webhook.js';
import { collector, collectorPerTest, create, logged } from '../convert/setup.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { orderRequest, requestOf, type SentOrder, senderNamed } from './senders.js';

collectorPerTest();

const ORDER: SentOrder = { id: '1001', amount: 49.9, currency: 'EUR', visitorId: 'visitor-1' };

type Options = Partial<ConversionWebhookOptions>;

/** A webhook with a `verify` of its own, which lets everything in: what it is sent is the event. */
function open(options: Options = {}, convert = create()): { convert: Convert; webhook: ConversionWebhook } {
  return { convert, webhook: conversionWebhook(convert, { ...PLAIN, ...options }) };
}
const PLAIN: ConversionWebhookOptions = {
  verify: () => true,
  goal: 'purchase',
  order: (event) => event,
};

function openFor(name: string, options: Options = {}, convert = create()) {
  const sender = senderNamed(name);
  const platform = sender.platform(sender.secrets[0]);
  return { convert, sender, webhook: conversionWebhook(convert, { platform, goal: 'purchase', ...options }) };
}

async function send(webhook: ConversionWebhook, event: unknown): Promise<{ status: number; body: string }> {
  const { status, body } = await webhook(
    requestOf(typeof event === 'string' ? event : JSON.stringify(event)),
  );
  return { status, body: body as string };
}

/** The data of all purchases that will ever arrive: undefined is the goal itself, without data. */
async function purchases(convert: Convert): Promise<unknown[]> {
  await convert.close();
  return collector.conversions().map(({ data }) => (data as { goalData?: unknown }).goalData);
}

const transaction = (id: string, amount?: number) => [
  ...(amount === undefined ? [] : [{ key: 'amount', value: amount }]),
  { key: 'transactionId', value: id },
];

describe('an order', () => {
  it('counts once, however often it is told of, and each further order of the visitor counts', async () => {
    const { convert, webhook } = open();
    const order = { ...ORDER };
    expect(await send(webhook, order)).toEqual({ status: 200, body: 'tracked' });
    expect(await send(webhook, order)).toEqual({ status: 200, body: 'already-tracked' });
    expect(await send(webhook, { ...order, id: '1002', amount: '10.50' })).toEqual({
      status: 200,
      body: 'tracked',
    });
    expect(webhook.stats()).toEqual({ outcomes: { tracked: 2, 'already-tracked': 1 }, waiting: 0 });
    expect(await purchases(convert)).toEqual([
      undefined,
      transaction('1001', 49.9),
      transaction('1002', 10.5),
    ]);
    expect(collector.conversions().every(({ visitorId }) => visitorId === 'visitor-1')).toBe(true);
  });

  it('counts once if it is told of twice at the same time', async () => {
    const { convert, webhook } = open();
    const answers = await Promise.all([1, 2, 3].map(() => send(webhook, ORDER)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body }) => body).sort()).toEqual(['already-tracked', 'already-tracked', 'tracked']);
    expect(await purchases(convert)).toEqual([undefined, transaction('1001', 49.9)]);
  });

  it('counts once for two processes that share a store', async () => {
    const store = memoryStore();
    const first = open({}, create({ store }));
    const second = open({}, create({ store }));
    expect((await send(first.webhook, ORDER)).body).toBe('tracked');
    expect((await send(second.webhook, ORDER)).body).toBe('already-tracked');
    await second.convert.close();
    expect(await purchases(first.convert)).toHaveLength(2);
  });

  it.each([
    [{ visitorId: '' }, 'no-visitor-id'],
    [{ visitorId: null }, 'no-visitor-id'],
    [{ visitorId: undefined }, 'no-visitor-id'],
  ])('without a visitor id is not counted: %o', async (change, body) => {
    const { convert, webhook } = open();
    for (let n = 0; n < 2; n++)
      expect(await send(webhook, { ...ORDER, ...change })).toEqual({ status: 200, body });
    expect(logged.filter((line) => line.includes('carries no visitor id'))).toHaveLength(1);
    expect(await purchases(convert)).toEqual([]);
  });

  it.each([
    ['id', { id: undefined }],
    ['id', { id: '' }],
    ['id', { id: 1.5 }],
    ['id', { id: { toString: 'x' } }],
    ['amount', { amount: 'ten' }],
    ['amount', { amount: -1 }],
    ['amount', { amount: [5] }],
    ['amount', { amount: true }],
    ['currency', { currency: 'EURO' }],
    ['currency', { currency: 978 }],
    ['visitorId', { visitorId: { id: 1 } }],
    ['visitorId', { visitorId: 'v'.repeat(201) }],
    ['visitorId', { visitorId: true }],
  ])('with a wrong %s is skipped, and told once: %o', async (field, change) => {
    const { convert, webhook } = open();
    for (let n = 0; n < 2; n++)
      expect(await send(webhook, { ...ORDER, ...change })).toEqual({ status: 200, body: 'bad-order' });
    expect(logged).toEqual([expect.stringContaining(`an order is skipped: \`${field}\` is missing`)]);
    expect(await purchases(convert)).toEqual([]);
  });

  it('may have an id that is a number, a visitor id that is a number, and no amount', async () => {
    const { convert, webhook } = open();
    expect((await send(webhook, { id: 7, visitorId: 12 })).body).toBe('tracked');
    expect(await purchases(convert)).toEqual([undefined, transaction('7')]);
    expect(collector.conversions()[0]!.visitorId).toBe('12');
  });

  it('carries an id that anybody may have written, unless the app says that the id is its own', async () => {
    const options: ConvertOptions = { secrets: 'a secret of sixteen', visitor: { id: () => undefined } };
    const order = { ...ORDER, visitorId: 'user:42' };
    const carried = open({}, create(options));
    expect((await send(carried.webhook, order)).body).toBe('no-identity');
    const own = open({ origin: 'app' }, create(options));
    expect((await send(own.webhook, order)).body).toBe('tracked');
    await own.convert.close();
    expect(await purchases(carried.convert)).toEqual([undefined, transaction('1001', 49.9)]);
  });

  it('is read of bytes that are no Buffer, in the middle of others', async () => {
    const { convert, webhook } = open();
    const bytes = new TextEncoder().encode(`xx${JSON.stringify(ORDER)}yy`).subarray(2, -2);
    expect((await webhook({ ...requestOf(''), body: bytes })).body).toBe('tracked');
    expect(await purchases(convert)).toHaveLength(2);
  });

  it('of an unknown goal is not counted', async () => {
    const { convert, webhook } = open({ goal: 'no-such-goal' });
    expect(await send(webhook, ORDER)).toEqual({ status: 200, body: 'goal-not-found' });
    expect(await purchases(convert)).toEqual([]);
  });

  it('of a visitor without a recorded consent is not counted', async () => {
    const { convert, webhook } = open({}, create({ consent: { cookie: 'consent', granted: 'yes' } }));
    expect(await send(webhook, ORDER)).toEqual({ status: 200, body: 'consent' });
    expect(await purchases(convert)).toEqual([]);
  });
});

describe('a request that is no signed event', () => {
  it.each([
    ['GET', '', 405, 'bad-method'],
    ['POST', 'no json', 400, 'bad-json'],
    ['POST', '', 400, 'bad-json'],
    ['POST', '[]', 400, 'bad-json'],
    ['POST', 'null', 400, 'bad-json'],
    ['POST', '"text"', 400, 'bad-json'],
  ])('%s %j: %d', async (method, body, status, text) => {
    const { webhook, convert } = open();
    const answer = await webhook({ ...requestOf(body), method });
    expect(answer).toMatchObject({ status, body: text });
    if (status === 405) expect(answer.headers.allow).toBe('POST');
    expect(await purchases(convert)).toEqual([]);
  });

  it('is refused with 401 and told once, without anything of it', async () => {
    const { convert, sender, webhook } = openFor('stripe');
    const { body } = await orderRequest(sender, ORDER);
    const bad = await orderRequest(sender, ORDER, { secret: 'whsec_wrong' });
    const stale = await orderRequest(sender, ORDER, { seconds: 1_700_000_000 });
    for (let n = 0; n < 2; n++) {
      expect(await webhook(requestOf(body))).toMatchObject({ status: 401, body: 'bad-signature' });
      expect(await webhook(requestOf(bad.body, bad.headers))).toMatchObject({
        status: 401,
        body: 'bad-signature',
      });
      expect(await webhook(requestOf(stale.body, stale.headers))).toMatchObject({
        status: 401,
        body: 'stale',
      });
    }
    expect(webhook.stats().outcomes).toEqual({ 'bad-signature': 4, stale: 2 });
    expect(logged).toHaveLength(2);
    for (const line of logged) expect(line).not.toMatch(/whsec|visitor-1|49|1001/);
    expect(await purchases(convert)).toEqual([]);
  });
});

describe('verify', () => {
  const { verify: _verify, ...rest } = PLAIN;

  it('returns the event, or true for the body', async () => {
    const seen: unknown[] = [];
    const { webhook } = open({
      verify: async (body, headers, request) => {
        seen.push(Buffer.from(body).toString(), headers, request.method);
        return { ...ORDER, id: 'from-verify' };
      },
    });
    expect((await webhook(requestOf('<xml/>', { 'x-a': 'b' }))).body).toBe('tracked');
    expect(seen).toEqual(['<xml/>', { 'x-a': 'b' }, 'POST']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('secret 42');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret 42'))],
    ['returns false', () => false],
    ['returns nothing', () => undefined],
    ['returns a text', () => 'yes'],
    ['returns a list', () => [ORDER]],
  ])('refuses the request if it %s', async (_how, verify) => {
    const { webhook, convert } = open({ ...rest, verify });
    expect(await send(webhook, ORDER)).toEqual({ status: 401, body: 'bad-signature' });
    for (const line of logged) expect(line).not.toContain('42');
    expect(await purchases(convert)).toEqual([]);
  });
});

describe('the functions of the app', () => {
  it('name goal, visitor, order and data by the event', async () => {
    const { convert, webhook } = open({
      on: (event, type) => type === 'paid' && event.live === true,
      order: async ({ data }) => ({ ...(data as object), amount: 5 }),
      visitorId: ({ data }) => `v-${(data as { user: string }).user}`,
      goal: (_event, { amount }) => (amount === 5 ? 'purchase' : null),
      data: (_event, { id }) => [
        { key: 'productsCount', value: 2 },
        { key: 'transactionId', value: `shop-${id}` },
      ],
    });
    const event = { type: 'paid', live: true, data: { id: 'a', user: 'ann', amount: 7 } };
    expect((await send(webhook, event)).body).toBe('tracked');
    expect((await send(webhook, { ...event, live: false })).body).toBe('ignored');
    expect((await send(webhook, { ...event, type: 'open' })).body).toBe('ignored');
    const [, data] = await purchases(convert);
    expect(data).toEqual([
      { key: 'amount', value: 5 },
      { key: 'productsCount', value: 2 },
      { key: 'transactionId', value: 'shop-a' },
    ]);
    expect(collector.conversions()[0]!.visitorId).toBe('v-ann');
  });

  it('skip an event: null as order, no goal, or another type', async () => {
    const { webhook } = open({
      on: ['paid'],
      order: (event) => (event.test === true ? null : event),
      goal: ({ free }) => (free === true ? undefined : 'purchase'),
    });
    expect((await send(webhook, { ...ORDER, type: 'paid', test: true })).body).toBe('ignored');
    expect((await send(webhook, { ...ORDER, type: 'paid', free: true })).body).toBe('no-goal');
    expect((await send(webhook, { ...ORDER, type: 'opened' })).body).toBe('ignored');
    expect((await send(webhook, ORDER)).body).toBe('ignored');
    expect((await send(webhook, { ...ORDER, type: 'paid' })).body).toBe('tracked');
  });

  it.each(['on', 'order', 'visitorId', 'goal', 'data'] as const)(
    '`%s` that throws skips the order; a promise that is rejected has the platform try again',
    async (name) => {
      const convert = create();
      const errors: string[] = [];
      convert.on('error', ({ code, message }) => void errors.push(`${code} ${message}`));
      const throwing = open(
        {
          [name]: () => {
            throw new TypeError('mail@shop');
          },
        },
        convert,
      );
      const rejecting = open({ [name]: () => Promise.reject(new Error('mail@shop')) }, convert);
      expect(await send(throwing.webhook, ORDER)).toEqual({ status: 200, body: 'bad-order' });
      expect(await send(rejecting.webhook, ORDER)).toEqual({ status: 503, body: 'failed' });
      expect(errors[0]).toContain(`CONVERT_CALLBACK convert: the \`${name}\` function of a webhook threw`);
      for (const line of [...errors, ...logged]) expect(line).not.toContain('mail@shop');
      expect(await purchases(convert)).toEqual([]);
    },
  );
});

describe('amounts', () => {
  const amountsOf = async (options: Options, ...orders: Partial<SentOrder>[]): Promise<unknown[]> => {
    const { convert, webhook } = open(options);
    for (const [n, order] of orders.entries())
      expect((await send(webhook, { ...ORDER, id: `n${n}`, ...order })).status).toBe(200);
    const all = (await purchases(convert)).slice(1) as { key: string; value: unknown }[][];
    return all.map((data) => data.find(({ key }) => key === 'amount')?.value);
  };

  it('are taken as they are in the currency of the project', async () => {
    expect(
      await amountsOf({ currency: 'eur' }, { amount: 5 }, { currency: 'eur' }, { currency: undefined }),
    ).toEqual([5, 49.9, 49.9]);
    expect(logged).toEqual([]);
  });

  it('are converted from others', async () => {
    const toProjectCurrency = (amount: number, currency: string) => (currency === 'USD' ? amount * 2 : null);
    const amounts = await amountsOf(
      { currency: 'EUR', toProjectCurrency },
      { currency: 'USD' },
      { currency: 'XYZ' },
    );
    expect(amounts).toEqual([99.8, undefined]);
    expect(logged).toEqual([expect.stringContaining('an order in XYZ counts without an amount')]);
  });

  it.each([
    ['there is no function', undefined],
    [
      'it throws',
      () => {
        throw new Error('x');
      },
    ],
    ['it rejects', () => Promise.reject(new Error('x'))],
    ['it gives a text', () => '5' as never],
    ['it gives NaN', () => NaN],
  ])('are left out if they can not be converted: %s', async (_why, toProjectCurrency) => {
    const amounts = await amountsOf(
      { currency: 'EUR', toProjectCurrency },
      { currency: 'USD' },
      { currency: 'USD' },
    );
    expect(amounts).toEqual([undefined, undefined]);
    expect(logged.filter((line) => line.includes('counts without an amount'))).toHaveLength(1);
  });

  it('of several currencies are told of once if the project has none', async () => {
    expect(await amountsOf({}, { currency: 'EUR' }, { currency: 'USD' }, { currency: 'GBP' })).toEqual([
      49.9, 49.9, 49.9,
    ]);
    expect(logged).toEqual([expect.stringContaining('orders come in several currencies')]);
  });
});

describe('an order that can not be counted now', () => {
  it('has the platform try again if the outbox takes nothing', async () => {
    const convert = create();
    await convert.ready();
    const { webhook } = openFor('shopify', {}, convert);
    await convert.close();
    const { body, headers } = await orderRequest(senderNamed('shopify'), ORDER);
    const answer = await webhook(requestOf(body, headers));
    expect(answer).toMatchObject({ status: 503, body: 'refused', headers: { 'retry-after': '30' } });
  });

  it('has the platform try again after two seconds if no config comes', async () => {
    const source = lateProject();
    const { webhook, convert } = open({}, create(source.options));
    expect(await send(webhook, ORDER)).toEqual({ status: 503, body: 'timeout' });
    source.arrive();
    // The next attempt, and the first one, which goes on.
    expect((await send(webhook, ORDER)).status).toBe(200);
    await sleep(50);
    expect(await purchases(convert)).toEqual([undefined, transaction('1001', 49.9)]);
  });

  it('waits if the platform sends nothing again, and is counted later', async () => {
    const source = lateProject();
    const { sender, webhook, convert } = openFor('woocommerce', {}, create(source.options));
    const { body, headers } = await orderRequest(sender, ORDER);
    expect(await webhook(requestOf(body, headers))).toMatchObject({ status: 200, body: 'waiting' });
    expect(webhook.stats()).toEqual({ outcomes: { waiting: 1 }, waiting: 1 });
    expect(logged).toEqual([expect.stringContaining('waits for ten minutes at most')]);
    source.arrive();
    await expect.poll(() => webhook.stats().waiting).toBe(0);
    const { tracked = 0, 'already-tracked': already = 0 } = webhook.stats().outcomes;
    expect(tracked + already).toBe(1);
    expect(await purchases(convert)).toEqual([undefined, transaction('1001', 49.9)]);
  });

  it('waits on disk, too, and is counted by another process if this one dies', async () => {
    const spool = temporaryFolder('waiting');
    const folder = join(spool, '1001-2002.orders');
    const source = lateProject();
    const options: ConvertOptions = {
      ...source.options,
      sdkKey: '1001/2002',
      delivery: { spool, linger: 5 },
    };
    const first = openFor('woocommerce', {}, create(options));
    const { body, headers } = await orderRequest(first.sender, ORDER);
    expect((await first.webhook(requestOf(body, headers))).body).toBe('waiting');
    const names = readdirSync(folder).filter((name) => name.endsWith('.order'));
    expect(names).toHaveLength(1);
    // The order of an owner without a lease, as of a process that has died long ago.
    renameSync(join(folder, names[0]!), join(folder, 'aaaaaaaaaaaa-0.order'));
    const other = openFor('woocommerce', {}, create({ ...options, project: testProject() }));
    await expect.poll(() => other.webhook.stats().outcomes, { timeout: 60_000 }).toEqual({ tracked: 1 });
    // The first process sees that it owns the order no more.
    source.arrive();
    await expect.poll(() => first.webhook.stats().waiting, { timeout: 60_000 }).toBe(0);
    expect(first.webhook.stats().outcomes).toEqual({ waiting: 1 });
    await first.convert.close();
    expect(await purchases(other.convert)).toEqual([undefined, transaction('1001', 49.9)]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.order'))).toEqual([]);
  });

  it('is lost if it is not known yet, and the platform sends nothing again', async () => {
    const { sender, webhook } = openFor('woocommerce', {
      visitorId: () => Promise.reject(new Error('no database')),
    });
    const { body, headers } = await orderRequest(sender, ORDER);
    expect(await webhook(requestOf(body, headers))).toMatchObject({ status: 200, body: 'lost' });
  });

  /** A project whose config comes when the test says so. */
  function lateProject(): { options: ConvertOptions; arrive(): void } {
    let sink: ProjectSink | undefined;
    return {
      options: {
        readyTimeout: 0,
        project: {
          description: 'a late config',
          start: (to: ProjectSink) => void (sink = to),
          stop() {},
        },
      },
      arrive: () => void sink?.config(testProject()),
    };
  }
});

describe('refunds', () => {
  it('are handed to the app, and nothing is sent for them', async () => {
    const refunds: unknown[] = [];
    const { sender, webhook, convert } = openFor('shopify', {
      onRefund: (refund) => void refunds.push(refund),
    });
    const body = JSON.stringify({
      id: 55,
      order_id: 1001,
      transactions: [
        { kind: 'refund', amount: '10.00', currency: 'EUR' },
        { kind: 'void', amount: '99.00', currency: 'EUR' },
        { kind: 'refund', amount: '2.50', currency: 'EUR' },
      ],
    });
    const headers = {
      'x-shopify-topic': 'refunds/create',
      ...(await sender.sign(body, sender.secrets[0], 0)),
    };
    expect(await webhook(requestOf(body, headers))).toMatchObject({ status: 200, body: 'refund' });
    expect(refunds).toEqual([{ id: '55', orderId: '1001', amount: 12.5, currency: 'EUR', visitorId: '' }]);
    expect(await purchases(convert)).toEqual([]);
  });

  it('are ignored if the app does not ask for them', async () => {
    const { sender, webhook } = openFor('shopify');
    const body = JSON.stringify({ id: 55, order_id: 1001 });
    const headers = {
      'x-shopify-topic': 'refunds/create',
      ...(await sender.sign(body, sender.secrets[0], 0)),
    };
    expect(await webhook(requestOf(body, headers))).toMatchObject({ status: 200, body: 'ignored' });
  });
});

describe('options', () => {
  const platform = senderNamed('shopify').platform('s');
  const plain = senderNamed('hmac, as GitHub signs').platform('s');
  const verify = (): boolean => true;

  it.each([
    [{ goal: 'g' }, 'option `platform` or `verify` must be given'],
    [{ goal: 'g', platform, verify }, 'option `platform` or `verify` must be given, and not both'],
    [{ platform }, 'option `goal` is missing'],
    [{ platform, goal: 5 }, 'option `goal` must be the key of a goal'],
    [{ platform: 'shopify', goal: 'g' }, 'option `platform` must be what shopify()'],
    [{ platform: plain, goal: 'g' }, 'option `order` is missing: hmac does not tell'],
    [{ verify, goal: 'g' }, 'option `order` is missing: `verify` does not tell'],
    [
      { platform, goal: 'g', on: ['orders/payed'] },
      "option `on` names 'orders/payed', and shopify knows the orders of",
    ],
    [{ platform, goal: 'g', on: [] }, 'option `on` must be a list of types'],
    [{ platform, goal: 'g', currency: '€' }, 'option `currency` must be a currency of three letters'],
    [{ platform, goal: 'g', toProjectCurrency: () => 1 }, 'option `toProjectCurrency` needs `currency`'],
    [
      { platform: plain, goal: 'g', order: () => ({}), onRefund: () => 1 },
      'option `onRefund` is never called',
    ],
    [{ platform, goal: 'g', visitor: () => 1 }, 'unknown option `visitor`'],
  ])('%o', (options, message) => {
    const error = expect.objectContaining({
      code: 'CONVERT_BAD_OPTION',
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => conversionWebhook(create(), options as never)).toThrow(error);
  });

  it('needs a Convert', () => {
    expect(() => conversionWebhook({} as never, { platform, goal: 'g' })).toThrow(
      'option `convert` must be what createConvert() returned',
    );
  });
});
