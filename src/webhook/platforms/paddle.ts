/** Paddle Billing: https://developer.paddle.com/webhooks/overview */
import { majorUnits } from '../currencies.js';
import { fieldOf, textOf } from '../fields.js';
import {
  type PlatformDefinition,
  timedPlatformOf,
  type TimedSecretOptions,
  VISITOR_FIELD,
} from '../platform.js';
import { timedBody } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { OrderEvent, WebhookPlatform, WebhookRefundFields } from '../types.js';

const CURRENCY = 'data.currency_code';

const order: OrderEvent = {
  read: (event) => ({
    id: fieldOf(event, 'data.id'),
    amount: majorUnits(fieldOf(event, 'data.details.totals.grand_total'), fieldOf(event, CURRENCY)),
    currency: fieldOf(event, CURRENCY),
    visitorId: fieldOf(event, `data.custom_data.${VISITOR_FIELD}`),
  }),
};

/** An adjustment may be a credit or a chargeback, too, and a refund may wait for approval. */
const refunds = (event: unknown): readonly WebhookRefundFields[] => {
  const isRefund = fieldOf(event, 'data.action') === 'refund' && fieldOf(event, 'data.status') === 'approved';
  if (!isRefund) return [];
  const currency = fieldOf(event, CURRENCY);
  return [
    {
      id: fieldOf(event, 'data.id'),
      orderId: fieldOf(event, 'data.transaction_id'),
      amount: majorUnits(fieldOf(event, 'data.totals.total'), currency),
      currency,
    },
  ];
};

const PADDLE: PlatformDefinition = {
  name: 'paddle',
  find: timedBody({ header: 'paddle-signature', between: ';', time: 'ts', signature: 'h1', separator: ':' }),
  keyOf: (secret) => hmacKey(secret, { algorithm: 'sha256', encoding: 'hex', prefix: '' }),
  typeOf: (event) => textOf(event, 'event_type'),
  paid: ['transaction.completed'],
  orders: { 'transaction.completed': order, 'transaction.paid': order },
  refunds: { 'adjustment.created': refunds, 'adjustment.updated': refunds },
};

/**
 * Webhooks of Paddle Billing. `secret` is that of the notification destination (`pdl_ntfset_...`).
 * `transaction.completed` counts, renewals too; the custom data `cv_vid` carries the visitor id.
 *
 * @example
 * ```js
 * conversionWebhook(convert, { platform: paddle({ secret: process.env.PADDLE_SECRET }), goal: 'purchase' });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function paddle(options: TimedSecretOptions): WebhookPlatform {
  return timedPlatformOf(PADDLE, options);
}
