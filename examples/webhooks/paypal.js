/** Options of `conversionWebhook` for PayPal: a captured payment. PayPal signs with the key of a certificate. */
import { createVerify, X509Certificate } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * @param webhookId the id of the webhook, as PayPal shows it
 * @param fetchText resolves with the text at a URL
 */
export function paypal({ webhookId, fetchText = async (url) => (await fetch(url)).text() }) {
  /** The certificates so far, by URL: PayPal changes them once a year or so. */
  const certificates = new Map();

  async function certificateAt(url) {
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'https:' || !hostname.endsWith('.paypal.com')) throw new Error('not a URL of PayPal');
    if (!certificates.has(url)) certificates.set(url, new X509Certificate(await fetchText(url)));
    return certificates.get(url);
  }

  return {
    async verify(body, headers) {
      const { publicKey } = await certificateAt(headers['paypal-cert-url']);
      const signed = [headers['paypal-transmission-id'], headers['paypal-transmission-time'], webhookId];
      return createVerify('sha256')
        .update([...signed, crc32(body)].join('|'))
        .verify(publicKey, headers['paypal-transmission-sig'], 'base64');
    },
    order({ event_type: type, resource }) {
      if (type !== 'PAYMENT.CAPTURE.COMPLETED') return null;
      // `custom_id` of the purchase unit takes 127 characters: a text of carry(), unless ids of the app are long.
      const { id, amount, custom_id: visitorId } = resource;
      return { id, amount: amount.value, currency: amount.currency_code, visitorId };
    },
  };
}
