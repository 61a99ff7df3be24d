/** The webhook of the payment provider: signed by it, verified by us, and where a purchase is counted. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA256 of the body, byte for byte as it is sent. */
export function signatureOf(body, secret) {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/**
 * True if whoever sent `body` (a Buffer; undefined if there was none) knows the secret. Takes as long for a good guess
 * as for a bad one.
 */
export function isSigned(body, signature, secret) {
  const expected = Buffer.from(signatureOf(body ?? '', secret));
  const given = Buffer.from(String(signature ?? ''));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * Counts a paid order for the visitor who placed it. No browser takes part: it counts when the thank-you page never
 * loads, and with a script blocker. Resolves with true if the provider should send the webhook again.
 */
export async function countPurchase(convert, order) {
  const { visitor: carried } = order.metadata;
  // Nobody is carried who did not consent.
  if (!carried) return false;
  const visitor = await convert.forVisitor(carried, { origin: 'carried' });
  visitor.trackConversion('purchase', {
    conversionData: [
      { key: 'amount', value: order.total / 100 },
      { key: 'productsCount', value: order.count },
      { key: 'transactionId', value: order.id },
    ],
    // The goal counts once per visitor; the revenue of a later order is welcome too.
    conversionSetting: { forceMultipleTransactions: true },
  });
  // The store and the outbox have it; Convert will. A transaction id counts once, however often the webhook comes.
  const { retry } = await visitor.committed();
  return retry;
}
