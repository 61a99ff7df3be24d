/** Stripe: https://docs.stripe.com/webhooks */
import { amountOf, type CurrencyDecimals, majorUnits } from '../currencies.js';
import { fieldOf, textOf } from '../fields.js';
import {
  type PlatformDefinition,
  timedPlatformOf,
  type TimedSecretOptions,
  VISITOR_FIELD,
} from '../platform.js';
import { timedBody } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { OrderEvent, WebhookOrderFields, WebhookPlatform, WebhookRefundFields } from '../types.js';

/** Where Stripe does not follow ISO 4217 (https://docs.stripe.com/currencies#special-cases). */
const DECIMALS: CurrencyDecimals = { ISK: 2, UGX: 2, MGA: 0 };

const METADATA = `data.object.metadata.${VISITOR_FIELD}`;
const OBJECT = 'data.object';

/** The id of a payment: Stripe may have put the whole payment in its place. */
const paymentOf = (event: unknown): unknown =>
  textOf(event, `${OBJECT}.payment_intent`) ?? fieldOf(event, `${OBJECT}.payment_intent.id`);

const money = (event: unknown, field: string): Pick<WebhookOrderFields, 'amount' | 'currency'> => {
  const currency = fieldOf(event, `${OBJECT}.currency`);
  return { amount: majorUnits(fieldOf(event, `${OBJECT}.${field}`), currency, DECIMALS), currency };
};

/** A session of Checkout. A payment that takes days (a debit) comes with a second event, once it is paid. */
const session: OrderEvent = {
  isPaid: (event) => fieldOf(event, `${OBJECT}.payment_status`) === 'paid',
  read: (event) => ({
    id: paymentOf(event) ?? fieldOf(event, `${OBJECT}.id`),
    ...money(event, 'amount_total'),
    // Metadata that has the field says all: '' is a visitor without consent.
    visitorId: fieldOf(event, METADATA) ?? fieldOf(event, `${OBJECT}.client_reference_id`),
  }),
};

const payment: OrderEvent = {
  read: (event) => ({
    id: fieldOf(event, `${OBJECT}.id`),
    ...money(event, 'amount_received'),
    visitorId: fieldOf(event, METADATA),
  }),
};

/** Stripe tells the sum of all refunds of a charge, and what it was before this one. */
const refund = (event: unknown): WebhookRefundFields => {
  const before = amountOf(fieldOf(event, 'data.previous_attributes.amount_refunded')) ?? 0;
  const sum = amountOf(fieldOf(event, `${OBJECT}.amount_refunded`)) ?? NaN;
  const currency = fieldOf(event, `${OBJECT}.currency`);
  return {
    id: fieldOf(event, 'id'),
    orderId: paymentOf(event) ?? fieldOf(event, `${OBJECT}.id`),
    amount: majorUnits(sum - before, currency, DECIMALS),
    currency,
    visitorId: fieldOf(event, METADATA),
  };
};

const STRIPE: PlatformDefinition = {
  name: 'stripe',
  find: timedBody({ header: 'stripe-signature', between: ',', time: 't', signature: 'v1', separator: '.' }),
  keyOf: (secret) => hmacKey(secret, { algorithm: 'sha256', encoding: 'hex', prefix: '' }),
  typeOf: (event) => textOf(event, 'type'),
  paid: ['checkout.session.completed', 'checkout.session.async_payment_succeeded'],
  orders: {
    'checkout.session.completed': session,
    'checkout.session.async_payment_succeeded': session,
    'payment_intent.succeeded': payment,
  },
  refunds: { 'charge.refunded': (event) => [refund(event)] },
};

/**
 * Webhooks of Stripe. `secret` is that of the endpoint (`whsec_...`). Paid sessions of Checkout count, by default; the
 * metadata `cv_vid` carries the visitor id, or `client_reference_id` if the metadata has no such field.
 *
 * @example
 * ```js
 * conversionWebhook(convert, { platform: stripe({ secret: process.env.STRIPE_SECRET }), goal: 'purchase' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function stripe(options: TimedSecretOptions): WebhookPlatform {
  return timedPlatformOf(STRIPE, options);
}
