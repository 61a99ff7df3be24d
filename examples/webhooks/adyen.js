/** Options of `conversionWebhook` for Adyen: a payment that is authorised. The signature stands in the body. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { majorUnits } from 'convert-middleware/webhook';

/** @param keys the HMAC key of the webhook, as hexadecimal digits; while it is rotated, also the older one */
export function adyen({ keys }) {
  return {
    verify(body) {
      const { notificationItems } = JSON.parse(Buffer.from(body).toString());
      // Webhooks in JSON have one item.
      const { NotificationRequestItem: item } = notificationItems[0];
      return keys.some((key) => isSigned(item, key)) ? item : false;
    },
    order({ eventCode, success, pspReference, amount, additionalData }) {
      // `success` is a text.
      if (eventCode !== 'AUTHORISATION' || success !== 'true') return null;
      return {
        id: pspReference,
        amount: majorUnits(amount.value, amount.currency),
        currency: amount.currency,
        visitorId: additionalData['metadata.cv_vid'],
      };
    },
  };
}

function isSigned(item, key) {
  const { pspReference, originalReference = '', merchantAccountCode, merchantReference } = item;
  const { amount, eventCode, success, additionalData } = item;
  const signed = [pspReference, originalReference, merchantAccountCode, merchantReference];
  signed.push(amount.value, amount.currency, eventCode, success);
  const expected = createHmac('sha256', Buffer.from(key, 'hex')).update(signed.join(':')).digest();
  const given = Buffer.from(additionalData.hmacSignature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
