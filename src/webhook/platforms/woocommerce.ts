/** WooCommerce: https://woocommerce.com/document/webhooks/ */
import { entryOf, fieldOf, listOf } from '../fields.js';
import { type PlatformDefinition, platformOf, type SecretOptions, VISITOR_FIELD } from '../platform.js';
import { headerOf, signedBody } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { OrderEvent, WebhookPlatform, WebhookRefundFields } from '../types.js';

/** The statuses of orders that are paid. */
const PAID: ReadonlySet<unknown> = new Set(['processing', 'completed']);

const visitorIdOf = (event: unknown): unknown => entryOf(listOf(event, 'meta_data'), 'key', VISITOR_FIELD);

const order: OrderEvent = {
  isPaid: (event) => PAID.has(fieldOf(event, 'status')),
  read: (event) => ({
    id: fieldOf(event, 'id'),
    amount: fieldOf(event, 'total'),
    currency: fieldOf(event, 'currency'),
    visitorId: visitorIdOf(event),
  }),
};

/** Each event of an order has all of its refunds, with negative totals. */
const refunds = (event: unknown): readonly WebhookRefundFields[] =>
  listOf(event, 'refunds').map((refund) => ({
    id: fieldOf(refund, 'id'),
    orderId: fieldOf(event, 'id'),
    amount: fieldOf(refund, 'total'),
    currency: fieldOf(event, 'currency'),
    visitorId: visitorIdOf(event),
  }));

const PING = /^webhook_id=\d{1,20}$/;

const WOOCOMMERCE: PlatformDefinition = {
  name: 'woocommerce',
  find: signedBody('x-wc-webhook-signature'),
  keyOf: (secret) => hmacKey(secret, { algorithm: 'sha256', encoding: 'base64', prefix: '' }),
  typeOf: (_event, request) => headerOf(request, 'x-wc-webhook-topic'),
  paid: ['order.created', 'order.updated'],
  orders: { 'order.created': order, 'order.updated': order },
  refunds: { 'order.updated': refunds },
  // It sends nothing again, and disables a webhook after five errors.
  retries: false,
  // The ping when a webhook is saved is a form, which is not signed.
  isPing: ({ body }) => body.length <= 40 && PING.test(String.fromCharCode(...body)),
};

/**
 * Webhooks of WooCommerce. An order counts when its status is `processing` or `completed`; the field `cv_vid` of its
 * meta data carries the visitor id. WooCommerce sends nothing again: if an order can not be counted at once, it waits,
 * for ten minutes at most: in memory, and on disk, too, with the option `delivery.spool`.
 *
 * @example
 * ```js
 * conversionWebhook(convert, { platform: woocommerce({ secret: process.env.WC_SECRET }), goal: 'purchase' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function woocommerce(options: SecretOptions): WebhookPlatform {
  return platformOf(WOOCOMMERCE, options);
}
