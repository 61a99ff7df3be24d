/** Shopify: https://shopify.dev/docs/apps/build/webhooks */
import { amountOf } from '../currencies.js';
import { entryOf, fieldOf, listOf } from '../fields.js';
import { type PlatformDefinition, platformOf, type SecretOptions, VISITOR_FIELD } from '../platform.js';
import { headerOf, signedBody } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { OrderEvent, WebhookPlatform, WebhookRefundFields } from '../types.js';

const order: OrderEvent = {
  read: (event) => ({
    id: fieldOf(event, 'id'),
    // The current total is the one after edits of the order.
    amount: fieldOf(event, 'current_total_price') ?? fieldOf(event, 'total_price'),
    currency: fieldOf(event, 'currency'),
    visitorId: entryOf(listOf(event, 'note_attributes'), 'name', VISITOR_FIELD),
  }),
};

const refund = (event: unknown): WebhookRefundFields => {
  const refunded = listOf(event, 'transactions').filter((each) => fieldOf(each, 'kind') === 'refund');
  const amounts = refunded.map((each) => amountOf(fieldOf(each, 'amount')) ?? NaN);
  return {
    id: fieldOf(event, 'id'),
    orderId: fieldOf(event, 'order_id'),
    amount: amounts.reduce((sum, amount) => sum + amount, 0),
    currency: fieldOf(refunded[0], 'currency'),
  };
};

const SHOPIFY: PlatformDefinition = {
  name: 'shopify',
  find: signedBody('x-shopify-hmac-sha256', 'shopify-hmac-sha256'),
  keyOf: (secret) => hmacKey(secret, { algorithm: 'sha256', encoding: 'base64', prefix: '' }),
  typeOf: (_event, request) => headerOf(request, 'x-shopify-topic') ?? headerOf(request, 'shopify-topic'),
  paid: ['orders/paid'],
  orders: { 'orders/paid': order, 'orders/create': order },
  refunds: { 'refunds/create': (event) => [refund(event)] },
};

/**
 * Webhooks of Shopify. `secret` is the client secret of the app, or the secret that the admin shows for webhooks that
 * are made there. `orders/paid` counts; the cart attribute `cv_vid` carries the visitor id.
 *
 * @example
 * ```js
 * conversionWebhook(convert, { platform: shopify({ secret: process.env.SHOPIFY_SECRET }), goal: 'purchase' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function shopify(options: SecretOptions): WebhookPlatform {
  return platformOf(SHOPIFY, options);
}
