/** Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks */
import { ConvertError } from '../../utils/errors.js';
import { BYTES } from '../../utils/node/bytes.js';
import { textOf } from '../fields.js';
import { type PlatformDefinition, timedPlatformOf, type TimedSecretOptions } from '../platform.js';
import { standardForm } from '../signature-forms.js';
import { ed25519Key, hmacKey, type Key } from '../signatures.js';
import type { WebhookPlatform } from '../types.js';

const NONE = new Uint8Array();
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Makes a key of `whsec_...` or of base64, which are secrets for HMAC, or of `whpk_...`, a public key of Ed25519. */
function keyOf(secret: string): Key {
  const [, kind, encoded = ''] = /^(whsec_|whpk_)?(.*)$/s.exec(secret) ?? [];
  const bytes = BASE64.test(encoded) ? BYTES.decode(encoded.replace(/=+$/, '')) : NONE;
  const isPublic = kind === 'whpk_';
  if (bytes.length === 0 || (isPublic && bytes.length !== 32))
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      'option `secret` must be base64, after `whsec_` or nothing, or a public key after `whpk_`',
    );
  return isPublic
    ? ed25519Key(bytes, 'v1a,')
    : hmacKey(bytes, { algorithm: 'sha256', encoding: 'base64', prefix: 'v1,' });
}

const STANDARD: PlatformDefinition = {
  name: 'standardWebhooks',
  find: standardForm,
  keyOf,
  typeOf: (event) => textOf(event, 'type'),
  paid: [],
  orders: {},
  refunds: {},
};

/**
 * Webhooks that are signed by the Standard Webhooks specification (Svix and those who send with it, BigCommerce and
 * others): `webhook-id`, `webhook-timestamp` and `webhook-signature`, or the same with `svix-`. `secret` is
 * `whsec_...`, or a public key `whpk_...`. The specification knows no orders: the option `order` reads them.
 *
 * @example
 * ```js
 * conversionWebhook(convert, {
 *   platform: standardWebhooks({ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }),
 *   goal: 'purchase',
 *   on: ['order.paid'],
 *   order: ({ data }) => ({ id: data.id, amount: data.total, currency: data.currency, visitorId: data.cv_vid }),
 * });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function standardWebhooks(options: TimedSecretOptions): WebhookPlatform {
  return timedPlatformOf(STANDARD, options);
}
