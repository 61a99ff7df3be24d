/** Lemon Squeezy: https://docs.lemonsqueezy.com/help/webhooks */
import { majorUnits } from '../currencies.js';
import { fieldOf, textOf } from '../fields.js';
import { type PlatformDefinition, platformOf, type SecretOptions, VISITOR_FIELD } from '../platform.js';
import { signedBody } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { OrderEvent, WebhookOrderFields, WebhookPlatform, WebhookRefundFields } from '../types.js';

const ATTRIBUTES = 'data.attributes';
const CURRENCY = `${ATTRIBUTES}.currency`;

const amountIn = (event: unknown, field: string): number | undefined =>
  majorUnits(fieldOf(event, `${ATTRIBUTES}.${field}`), fieldOf(event, CURRENCY));

const isPaid = (event: unknown): boolean => fieldOf(event, `${ATTRIBUTES}.status`) === 'paid';

const read = (event: unknown): WebhookOrderFields => ({
  id: fieldOf(event, 'data.id'),
  amount: amountIn(event, 'total'),
  currency: fieldOf(event, CURRENCY),
  visitorId: fieldOf(event, `meta.custom_data.${VISITOR_FIELD}`),
});

/** The first payment of a subscription has an order, too. Invoices have numbers of their own. */
const invoice: OrderEvent = {
  isPaid: (event) => isPaid(event) && fieldOf(event, `${ATTRIBUTES}.billing_reason`) !== 'initial',
  read(event) {
    const fields = read(event);
    return { ...fields, id: `subscription-invoice-${String(fields.id)}` };
  },
};

/** An order may be refunded in parts: the event has their sum. */
const refund = (event: unknown): WebhookRefundFields => {
  const id = fieldOf(event, 'data.id');
  return {
    id: `${String(id)}-${String(fieldOf(event, `${ATTRIBUTES}.refunded_amount`))}`,
    orderId: id,
    amount: amountIn(event, 'refunded_amount'),
    currency: fieldOf(event, CURRENCY),
    visitorId: fieldOf(event, `meta.custom_data.${VISITOR_FIELD}`),
  };
};

const LEMON_SQUEEZY: PlatformDefinition = {
  name: 'lemonSqueezy',
  find: signedBody('x-signature'),
  keyOf: (secret) => hmacKey(secret, { algorithm: 'sha256', encoding: 'hex', prefix: '' }),
  typeOf: (event) => textOf(event, 'meta.event_name'),
  paid: ['order_created'],
  orders: { order_created: { isPaid, read }, subscription_payment_success: invoice },
  refunds: { order_refunded: (event) => [refund(event)] },
};

/**
 * Webhooks of Lemon Squeezy. `order_created` of a paid order counts; the custom data `cv_vid` of the checkout carries
 * the visitor id. `on: ['order_created', 'subscription_payment_success']` counts renewals, too.
 *
 * @example
 * ```js
 * conversionWebhook(convert, { platform: lemonSqueezy({ secret: process.env.LS_SECRET }), goal: 'purchase' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function lemonSqueezy(options: SecretOptions): WebhookPlatform {
  return platformOf(LEMON_SQUEEZY, options);
}
