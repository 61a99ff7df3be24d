/** The webhook of the payment provider: signed by it, and where a purchase is counted. */
import { conversionWebhook, hmac } from 'convert-middleware/webhook';
import { createHmac } from 'node:crypto';

/** HMAC-SHA256 of the body, byte for byte as it is sent. */
export function signatureOf(body, secret) {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/**
 * Counts a paid order for the visitor who placed it, once, however often the provider tells of it. No browser takes
 * part: it counts when the thank-you page never loads, and with a script blocker.
 */
export function orderWebhook(convert, { secret, orders }) {
  return conversionWebhook(convert, {
    platform: hmac({ secret, header: 'X-Signature' }),
    on: ['order.paid'],
    goal: 'purchase',
    currency: 'EUR',
    // An order that this shop does not know is skipped.
    order({ order: { id, total, metadata } }) {
      return orders.find(id)
        ? { id, amount: total / 100, currency: 'EUR', visitorId: metadata.visitor }
        : null;
    },
    data: ({ order }) => [{ key: 'productsCount', value: order.count }],
  });
}
