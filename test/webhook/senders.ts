/**
 * The platforms as senders of webhooks: they sign with implementations that are not ours, and tell of an order. What is
 * here plays the platform; what is in src is the receiver.
 */
import { execFileSync } from 'node:child_process';
import { sign as octokitSign } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import type { RouteRequest } from '../../src/model/http.js';
import {
  hmac,
  lemonSqueezy,
  paddle,
  shopify,
  standardWebhooks,
  stripe,
  type WebhookOrderFields,
  type WebhookPlatform,
  woocommerce,
} from '../../src/webhook.js';

type Headers = Record<string, string>;

/** An order as a test means it, which each platform writes in its own way. */
export interface SentOrder {
  readonly id: string;
  /** In major units. */
  readonly amount: number;
  readonly currency: string;
  readonly visitorId: string;
}

export interface Sender {
  readonly name: string;
  platform(secret: string | string[], tolerance?: number): WebhookPlatform;
  /** Two secrets, in the form of the platform. */
  readonly secrets: readonly [string, string];
  /** The headers of a body, signed at a time in seconds since the epoch. */
  sign(body: string, secret: string, seconds: number): Headers | Promise<Headers>;
  readonly isTimed: boolean;
  /** The event of a paid order, and the headers that tell its type. */
  order(order: SentOrder): { event: object; headers: Headers };
  /** The id under which the order is counted. Default: its own. */
  idOf?(order: SentOrder): string;
  /** The option `order`, for platforms that know none. */
  readonly read?: (event: never) => WebhookOrderFields;
}

/** What openssl has signed already: many cases begin with the same signature, and each process takes its time. */
const signed = new Map<string, Buffer>();

/** HMAC-SHA256 by openssl on the command line. */
export function opensslHmac(data: string, secret: string, encoding: 'hex' | 'base64'): string {
  const key = JSON.stringify([data, secret]);
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `key:${secret}`, '-binary'];
  const bytes = signed.get(key) ?? execFileSync('openssl', args, { input: data });
  signed.set(key, bytes);
  return bytes.toString(encoding);
}

const minor = (amount: number): number => Math.round(amount * 100);

/** Events of no platform in particular. */
const plainOrder = ({ id, amount, currency, visitorId }: SentOrder) => ({
  event: { type: 'order.paid', data: { id, total: amount, currency, cv_vid: visitorId } },
  headers: {},
});
const readPlain = ({ data }: { data: { id: string; total: number; currency: string; cv_vid: string } }) => ({
  id: data.id,
  amount: data.total,
  currency: data.currency,
  visitorId: data.cv_vid,
});

export const SENDERS: readonly Sender[] = [
  {
    name: 'shopify',
    platform: (secret) => shopify({ secret }),
    secrets: ['shpss_2f9a1c', 'shpss_77e0b4'],
    sign: (body, secret) => ({ 'x-shopify-hmac-sha256': opensslHmac(body, secret, 'base64') }),
    isTimed: false,
    order: ({ id, amount, currency, visitorId }) => ({
      event: {
        id: Number(id),
        current_total_price: amount.toFixed(2),
        total_price: '999.00',
        currency,
        financial_status: 'paid',
        note_attributes: [
          { name: 'gift', value: 'yes' },
          { name: 'cv_vid', value: visitorId },
        ],
      },
      headers: { 'x-shopify-topic': 'orders/paid' },
    }),
  },
  {
    name: 'stripe',
    platform: (secret, tolerance) => stripe({ secret, tolerance }),
    secrets: ['whsec_one_4f2a', 'whsec_two_9b1c'],
    sign: (body, secret, timestamp) => ({
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
    }),
    isTimed: true,
    order: ({ id, amount, currency, visitorId }) => ({
      event: {
        id: `evt_${id}`,
        type: 'checkout.session.completed',
        data: {
          object: {
            id: `cs_${id}`,
            payment_intent: `pi_${id}`,
            payment_status: 'paid',
            amount_total: minor(amount),
            currency: currency.toLowerCase(),
            metadata: { cv_vid: visitorId },
            client_reference_id: 'somebody-else',
          },
        },
      },
      headers: {},
    }),
    idOf: ({ id }) => `pi_${id}`,
  },
  {
    name: 'woocommerce',
    platform: (secret) => woocommerce({ secret }),
    secrets: ['short', 'wc secret & more'],
    sign: (body, secret) => ({ 'x-wc-webhook-signature': opensslHmac(body, secret, 'base64') }),
    isTimed: false,
    order: ({ id, amount, currency, visitorId }) => ({
      event: {
        id: Number(id),
        status: 'processing',
        total: amount.toFixed(2),
        currency,
        meta_data: [
          { id: 1, key: '_other', value: { nested: true } },
          { id: 2, key: 'cv_vid', value: visitorId },
        ],
        refunds: [],
      },
      headers: { 'x-wc-webhook-topic': 'order.updated' },
    }),
  },
  {
    name: 'paddle',
    platform: (secret, tolerance) => paddle({ secret, tolerance }),
    secrets: ['pdl_ntfset_one', 'pdl_ntfset_two'],
    sign: (body, secret, ts) => ({
      'paddle-signature': `ts=${ts};h1=${opensslHmac(`${ts}:${body}`, secret, 'hex')}`,
    }),
    isTimed: true,
    order: ({ id, amount, currency, visitorId }) => ({
      event: {
        event_id: `evt_${id}`,
        event_type: 'transaction.completed',
        data: {
          id: `txn_${id}`,
          currency_code: currency,
          custom_data: { cv_vid: visitorId },
          details: { totals: { grand_total: String(minor(amount)), total: '1' } },
        },
      },
      headers: {},
    }),
    idOf: ({ id }) => `txn_${id}`,
  },
  {
    name: 'lemonSqueezy',
    platform: (secret) => lemonSqueezy({ secret }),
    secrets: ['lemon-1', 'lemon-2'],
    sign: (body, secret) => ({ 'x-signature': opensslHmac(body, secret, 'hex') }),
    isTimed: false,
    order: ({ id, amount, currency, visitorId }) => ({
      event: {
        meta: { event_name: 'order_created', custom_data: { cv_vid: visitorId } },
        data: { type: 'orders', id, attributes: { status: 'paid', total: minor(amount), currency } },
      },
      headers: {},
    }),
  },
  {
    name: 'standardWebhooks',
    platform: (secret, tolerance) => standardWebhooks({ secret, tolerance }),
    secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
    sign: (body, secret, seconds) => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(seconds),
      'webhook-signature': new Webhook(secret).sign('msg_1', new Date(seconds * 1000), body),
    }),
    isTimed: true,
    order: plainOrder,
    read: readPlain,
  },
  {
    name: 'hmac, as GitHub signs',
    platform: (secret) => hmac({ secret, header: 'X-Hub-Signature-256', prefix: 'sha256=' }),
    secrets: ['a secret of GitHub', 'another one'],
    sign: async (body, secret) => ({ 'x-hub-signature-256': await octokitSign(secret, body) }),
    isTimed: false,
    order: plainOrder,
    read: readPlain,
  },
  {
    name: 'hmac, as Square signs',
    platform: (secret) =>
      hmac({
        secret,
        header: 'x-square-hmacsha256-signature',
        encoding: 'base64',
        signed: ({ body }) => ['https://shop.example/webhooks/square', body],
      }),
    secrets: ['square-key-one', 'square-key-two'],
    sign: (body, secret) => ({
      'x-square-hmacsha256-signature': opensslHmac(
        `https://shop.example/webhooks/square${body}`,
        secret,
        'base64',
      ),
    }),
    isTimed: false,
    order: plainOrder,
    read: readPlain,
  },
  {
    name: 'hmac, as HubSpot signs',
    platform: (secret, tolerance) =>
      hmac({
        secret,
        tolerance,
        header: 'x-hubspot-signature-v3',
        encoding: 'base64',
        signed: ({ method, body, headers }) => [
          `${method}https://shop.example/webhooks/hubspot`,
          body,
          String(headers['x-hubspot-request-timestamp']),
        ],
        time: ({ headers }) => Number(headers['x-hubspot-request-timestamp']),
      }),
    secrets: ['hubspot-one', 'hubspot-two'],
    sign: (body, secret, seconds) => {
      const time = String(seconds * 1000);
      return {
        'x-hubspot-request-timestamp': time,
        'x-hubspot-signature-v3': opensslHmac(
          `POSThttps://shop.example/webhooks/hubspot${body}${time}`,
          secret,
          'base64',
        ),
      };
    },
    isTimed: true,
    order: plainOrder,
    read: readPlain,
  },
];

export const senderNamed = (name: string): Sender => SENDERS.find((sender) => sender.name === name)!;

export const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

export function requestOf(body: string | Uint8Array, headers: Headers = {}): RouteRequest {
  return { method: 'POST', url: '/webhooks', headers, body: Buffer.from(body), ip: '', raw: undefined };
}

/** The signed request of an order. */
export async function orderRequest(
  sender: Sender,
  order: SentOrder,
  { secret = sender.secrets[0], seconds = nowInSeconds() } = {},
): Promise<{ body: string; headers: Headers }> {
  const { event, headers } = sender.order(order);
  const body = JSON.stringify(event);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      ...headers,
      ...(await sender.sign(body, secret, seconds)),
    },
  };
}
