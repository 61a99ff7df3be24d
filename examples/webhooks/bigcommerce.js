/** Options of `conversionWebhook` for BigCommerce: its events name an order, and its API has the order itself. */
import { standardWebhooks } from 'convert-middleware/webhook';

/** The statuses of orders that are paid: awaiting fulfillment, awaiting shipment, completed, shipped. */
const PAID = new Set([11, 9, 10, 2]);

/**
 * @param clientSecret the client secret of the app
 * @param get resolves with the JSON at a path of the store's API: `/v2/orders/7`
 */
export function bigcommerce({ clientSecret, get }) {
  return {
    platform: standardWebhooks({ secret: Buffer.from(clientSecret).toString('base64') }),
    async order({ scope, data }) {
      if (scope !== 'store/order/statusUpdated' || !PAID.has(data.status.new_status_id)) return null;
      // If the API does not answer, the promise is rejected, and BigCommerce sends the event again.
      const [order, { data: metafields }] = await Promise.all([
        get(`/v2/orders/${data.id}`),
        get(`/v3/orders/${data.id}/metafields`),
      ]);
      const { total_inc_tax: amount, currency_code: currency } = order;
      const carried = metafields.find(({ key }) => key === 'cv_vid');
      return { id: data.id, amount, currency, visitorId: carried?.value };
    },
  };
}
