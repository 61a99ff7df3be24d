/** Options of `conversionWebhook` for Square: a payment that is completed. */
import { hmac, majorUnits } from 'convert-middleware/webhook';

/**
 * @param secret the signature key of the subscription
 * @param url the notification URL, exactly as it stands in the subscription: Square signs it, too
 */
export function square({ secret, url }) {
  return {
    platform: hmac({
      secret,
      header: 'x-square-hmacsha256-signature',
      encoding: 'base64',
      signed: ({ body }) => [url, body],
    }),
    on: ['payment.updated'],
    order({ data }) {
      const { id, status, amount_money: money, reference_id: visitorId } = data.object.payment;
      if (status !== 'COMPLETED') return null;
      // `reference_id` takes 40 characters: a visitor id, and no text of carry().
      return {
        id,
        amount: majorUnits(money.amount, money.currency),
        currency: money.currency,
        visitorId,
      };
    },
  };
}
