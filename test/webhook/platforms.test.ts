/** Where each platform's events have the order: which of them is paid, what it costs, and who has placed it. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  conversionWebhook,
  type ConversionWebhookOptions,
  type WebhookOrder,
  type WebhookPlatform,
  type WebhookRefund,
} from '../../src/webhook.js';
import { testConvert } from '../../src/testing.js';
import { requestOf, senderNamed } from './senders.js';

/** What became of an event, and the order or the refunds that were found in it. */
interface Found {
  readonly body: unknown;
  readonly order: WebhookOrder | undefined;
  readonly refunds: readonly WebhookRefund[];
}

/** A webhook of a platform for events that need no signature here. */
function webhookOf(name: string, options: Partial<ConversionWebhookOptions> = {}) {
  const sender = senderNamed(name);
  const platform: WebhookPlatform = { ...sender.platform(sender.secrets[0]), verify: () => 'verified' };
  return async (event: object, headers: Record<string, string> = {}): Promise<Found> => {
    const found: { order?: WebhookOrder; refunds: WebhookRefund[] } = { refunds: [] };
    const webhook = conversionWebhook(testConvert({}, { logger: false }), {
      platform,
      goal: (_event, order) => {
        found.order = order;
        return 'purchase';
      },
      onRefund:
        Object.keys(platform.refunds).length > 0 ? (refund) => void found.refunds.push(refund) : undefined,
      ...options,
    });
    const { body } = await webhook(requestOf(JSON.stringify(event), headers));
    return { body, order: found.order, refunds: found.refunds };
  };
}

describe('Shopify', () => {
  const paid = { 'x-shopify-topic': 'orders/paid' };
  const order = {
    id: 5001,
    total_price: '20.00',
    currency: 'EUR',
    note_attributes: [{ name: 'cv_vid', value: 'v1' }],
  };

  it('has the current total, or else the total', async () => {
    const read = webhookOf('shopify');
    expect((await read(order, paid)).order).toEqual({
      id: '5001',
      amount: 20,
      currency: 'EUR',
      visitorId: 'v1',
    });
    expect((await read({ ...order, current_total_price: '15.00' }, paid)).order?.amount).toBe(15);
  });

  it('tells its topic in a header of either name; other topics do not count', async () => {
    const read = webhookOf('shopify');
    expect((await read(order, { 'shopify-topic': 'orders/paid' })).body).toBe('tracked');
    for (const headers of [{}, { 'x-shopify-topic': 'orders/create' }, { 'x-shopify-topic': 'constructor' }])
      expect((await read(order, headers as never)).body).toBe('ignored');
    const created = webhookOf('shopify', { on: ['orders/create'] });
    expect((await created(order, { 'x-shopify-topic': 'orders/create' })).body).toBe('tracked');
  });

  it.each([[undefined], ['none'], [[]], [[null, 5, { name: 'cv_vid' }]], [[{ name: 'other', value: 'v1' }]]])(
    'carries no visitor id in %j',
    async (note_attributes) => {
      expect((await webhookOf('shopify')({ ...order, note_attributes }, paid)).body).toBe('no-visitor-id');
    },
  );
});

describe('Stripe', () => {
  const session = (change: object = {}, type = 'checkout.session.completed') => ({
    id: 'evt_1',
    type,
    data: {
      object: {
        id: 'cs_1',
        payment_intent: 'pi_1',
        payment_status: 'paid',
        amount_total: 4990,
        currency: 'eur',
        metadata: { cv_vid: 'v1' },
        ...change,
      },
    },
  });

  it('counts a session once it is paid', async () => {
    const read = webhookOf('stripe');
    const order = { id: 'pi_1', amount: 49.9, currency: 'EUR', visitorId: 'v1' };
    expect((await read(session())).order).toEqual(order);
    expect((await read(session({ payment_status: 'unpaid' }))).body).toBe('ignored');
    expect((await read(session({ payment_status: 'no_payment_required' }))).body).toBe('ignored');
    expect((await read(session({}, 'checkout.session.async_payment_succeeded'))).order).toEqual(order);
    expect((await read(session({}, 'checkout.session.async_payment_failed'))).body).toBe('ignored');
  });

  it('has the id of the payment, or else of the session', async () => {
    const read = webhookOf('stripe');
    expect((await read(session({ payment_intent: { id: 'pi_2' } }))).order?.id).toBe('pi_2');
    expect((await read(session({ payment_intent: null }))).order?.id).toBe('cs_1');
  });

  it.each([
    ['jpy', 4990, 4990],
    ['kwd', 49_900, 49.9],
    ['isk', 500, 5],
    ['ugx', 500, 5],
    ['mga', 500, 500],
    ['usd', 1, 0.01],
  ])('has amounts in %s', async (currency, amount_total, amount) => {
    expect((await webhookOf('stripe')(session({ currency, amount_total }))).order?.amount).toBe(amount);
  });

  it('carries the visitor id in its metadata, or else in client_reference_id', async () => {
    const read = webhookOf('stripe');
    const reference = { client_reference_id: 'v2' };
    expect((await read(session(reference))).order?.visitorId).toBe('v1');
    expect((await read(session({ ...reference, metadata: {} }))).order?.visitorId).toBe('v2');
    // Whoever has not consented has no id.
    expect((await read(session({ ...reference, metadata: { cv_vid: '' } }))).body).toBe('no-visitor-id');
    expect((await read(session({ metadata: null }))).body).toBe('no-visitor-id');
  });

  it('skips an order whose amount is no number', async () => {
    expect((await webhookOf('stripe')(session({ amount_total: 'much' }))).body).toBe('bad-order');
  });

  it('counts payments without Checkout if it is asked to', async () => {
    const event = {
      type: 'payment_intent.succeeded',
      data: { object: { id: 'pi_3', amount_received: 100, currency: 'usd', metadata: { cv_vid: 'v3' } } },
    };
    expect((await webhookOf('stripe')(event)).body).toBe('ignored');
    const { order } = await webhookOf('stripe', { on: ['payment_intent.succeeded'] })(event);
    expect(order).toEqual({ id: 'pi_3', amount: 1, currency: 'USD', visitorId: 'v3' });
  });

  it('has refunds as a sum, of which this one is the difference', async () => {
    const { body, refunds } = await webhookOf('stripe')({
      id: 'evt_9',
      type: 'charge.refunded',
      data: {
        object: { id: 'ch_1', payment_intent: 'pi_1', amount_refunded: 3000, currency: 'eur', metadata: {} },
        previous_attributes: { amount_refunded: 1000 },
      },
    });
    expect(body).toBe('refund');
    expect(refunds).toEqual([{ id: 'evt_9', orderId: 'pi_1', amount: 20, currency: 'EUR', visitorId: '' }]);
  });
});

describe('WooCommerce', () => {
  const updated = { 'x-wc-webhook-topic': 'order.updated' };
  const order = {
    id: 700,
    status: 'processing',
    total: '31.50',
    currency: 'EUR',
    meta_data: [{ id: 1, key: 'cv_vid', value: 'v1' }],
    refunds: [] as object[],
  };

  it.each([
    ['pending', 'ignored'],
    ['on-hold', 'ignored'],
    ['failed', 'ignored'],
    ['refunded', 'ignored'],
    ['processing', 'tracked'],
    ['completed', 'tracked'],
  ])('an order that is %s is %s', async (status, body) => {
    const read = webhookOf('woocommerce');
    expect((await read({ ...order, status }, updated)).body).toBe(body);
    expect((await read({ ...order, status }, { 'x-wc-webhook-topic': 'order.created' })).body).toBe(body);
  });

  it('has statuses of a shop, if the app says which are paid', async () => {
    const read = webhookOf('woocommerce', { on: (event) => event.status === 'shipped' });
    expect((await read({ ...order, status: 'shipped' }, updated)).order).toEqual({
      id: '700',
      amount: 31.5,
      currency: 'EUR',
      visitorId: 'v1',
    });
    expect((await read(order, updated)).body).toBe('ignored');
  });

  it('tells of all refunds of an order each time', async () => {
    const refunds = [
      { id: 71, total: '-10.00' },
      { id: 72, total: '-1.50' },
    ];
    const found = await webhookOf('woocommerce')({ ...order, refunds }, updated);
    expect(found.body).toBe('tracked');
    const money = { orderId: '700', currency: 'EUR', visitorId: 'v1' };
    expect(found.refunds).toEqual([
      { id: '71', amount: 10, ...money },
      { id: '72', amount: 1.5, ...money },
    ]);
    expect((await webhookOf('woocommerce')({ ...order, status: 'refunded', refunds }, updated)).body).toBe(
      'refund',
    );
  });

  it('is answered when it pings, without a signature', async () => {
    const sender = senderNamed('woocommerce');
    const webhook = conversionWebhook(testConvert({}, { logger: false }), {
      platform: sender.platform('s'),
      goal: 'purchase',
    });
    expect(await webhook(requestOf('webhook_id=12'))).toMatchObject({ status: 200, body: 'ping' });
    for (const body of [
      'webhook_id=12&a=b',
      'webhook_id=',
      'webhook_id=x',
      ' webhook_id=1',
      `webhook_id=${'1'.repeat(50)}`,
    ])
      expect(await webhook(requestOf(body))).toMatchObject({ status: 401 });
    const shopify = conversionWebhook(testConvert({}, { logger: false }), {
      platform: senderNamed('shopify').platform('s'),
      goal: 'g',
    });
    expect(await shopify(requestOf('webhook_id=12'))).toMatchObject({ status: 401 });
  });
});

describe('Paddle', () => {
  const completed = {
    event_type: 'transaction.completed',
    data: {
      id: 'txn_1',
      currency_code: 'JPY',
      custom_data: { cv_vid: 'v1' },
      details: { totals: { grand_total: '4990' } },
    },
  };

  it('has amounts as text in the smallest unit', async () => {
    const read = webhookOf('paddle');
    const order = { id: 'txn_1', amount: 4990, currency: 'JPY', visitorId: 'v1' };
    expect((await read(completed)).order).toEqual(order);
    const { data } = completed;
    expect((await read({ ...completed, data: { ...data, currency_code: 'EUR' } })).order?.amount).toBe(49.9);
    expect((await read({ ...completed, data: { ...data, custom_data: null } })).body).toBe('no-visitor-id');
    expect((await read({ ...completed, event_type: 'transaction.billed' })).body).toBe('ignored');
  });

  it.each([
    ['refund', 'approved', 'refund'],
    ['refund', 'pending_approval', 'ignored'],
    ['refund', 'rejected', 'ignored'],
    ['chargeback', 'approved', 'ignored'],
  ])('a %s that is %s is %s', async (action, status, body) => {
    const totals = { total: '1000' };
    const data = { id: 'adj_1', transaction_id: 'txn_1', currency_code: 'EUR', action, status, totals };
    const found = await webhookOf('paddle')({ event_type: 'adjustment.updated', data });
    expect(found.body).toBe(body);
    const refund = { id: 'adj_1', orderId: 'txn_1', amount: 10, currency: 'EUR', visitorId: '' };
    expect(found.refunds).toEqual(body === 'refund' ? [refund] : []);
  });
});

describe('Lemon Squeezy', () => {
  const event = (event_name: string, attributes: object) => ({
    meta: { event_name, custom_data: { cv_vid: 'v1' } },
    data: { id: '12', attributes: { status: 'paid', total: 999, currency: 'USD', ...attributes } },
  });

  it('counts paid orders', async () => {
    const read = webhookOf('lemonSqueezy');
    const order = { id: '12', amount: 9.99, currency: 'USD', visitorId: 'v1' };
    expect((await read(event('order_created', {}))).order).toEqual(order);
    expect((await read(event('order_created', { status: 'pending' }))).body).toBe('ignored');
    expect((await read(event('subscription_payment_success', {}))).body).toBe('ignored');
  });

  it('counts renewals if it is asked to, but not the first payment, which has an order', async () => {
    const read = webhookOf('lemonSqueezy', { on: ['order_created', 'subscription_payment_success'] });
    const renewal = event('subscription_payment_success', { billing_reason: 'renewal' });
    expect((await read(renewal)).order?.id).toBe('subscription-invoice-12');
    expect((await read(event('subscription_payment_success', { billing_reason: 'initial' }))).body).toBe(
      'ignored',
    );
  });

  it('has refunds as a sum', async () => {
    const { refunds } = await webhookOf('lemonSqueezy')(
      event('order_refunded', { status: 'refunded', refunded_amount: 500 }),
    );
    expect(refunds).toEqual([{ id: '12-500', orderId: '12', amount: 5, currency: 'USD', visitorId: 'v1' }]);
  });
});

describe('hostile events', () => {
  const read = new Map<string, (event: object, headers?: Record<string, string>) => Promise<Found>>();
  beforeEach(() => {
    for (const name of ['shopify', 'stripe', 'woocommerce', 'paddle', 'lemonSqueezy'])
      read.set(name, webhookOf(name));
  });

  it.each([
    '{"__proto__":{"type":"checkout.session.completed"}}',
    '{"type":"__proto__","event_type":"constructor","meta":{"event_name":"toString"}}',
    '{"type":"checkout.session.completed","data":null}',
    '{"type":"checkout.session.completed","data":{"object":[]}}',
    '{"event_type":"transaction.completed","data":{"details":"x"}}',
    '{"meta":{"event_name":"order_created"},"data":{"attributes":{"status":"paid","total":{}}}}',
    '{"id":1e400,"note_attributes":{"length":5},"meta_data":"cv_vid","status":"processing"}',
  ])('count nothing and break nothing: %s', async (json) => {
    for (const [name, readEvent] of read) {
      const headers = { 'x-shopify-topic': 'orders/paid', 'x-wc-webhook-topic': 'order.updated' };
      const { body } = await readEvent(JSON.parse(json) as object, headers);
      expect(['ignored', 'bad-order', 'no-visitor-id'], name).toContain(body);
    }
  });
});
