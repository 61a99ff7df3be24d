/** `convert-middleware/webhook`: counts the orders that payment providers and shops tell of. */
export { conversionWebhook } from './webhook/conversion-webhook.js';
export { majorUnits, type CurrencyDecimals } from './webhook/currencies.js';
export { hmac, type HmacOptions } from './webhook/platforms/hmac.js';
export { lemonSqueezy } from './webhook/platforms/lemon-squeezy.js';
export { paddle } from './webhook/platforms/paddle.js';
export { shopify } from './webhook/platforms/shopify.js';
export { standardWebhooks } from './webhook/platforms/standard-webhooks.js';
export { stripe } from './webhook/platforms/stripe.js';
export { woocommerce } from './webhook/platforms/woocommerce.js';
export type { SecretOptions, TimedSecretOptions } from './webhook/platform.js';
export type {
  ConversionWebhook,
  ConversionWebhookOptions,
  OrderEvent,
  WebhookData,
  WebhookEvent,
  WebhookOrder,
  WebhookOrderFields,
  WebhookOutcome,
  WebhookPlatform,
  WebhookRefund,
  WebhookRefundFields,
  WebhookStats,
} from './webhook/types.js';
export type * from './convert/public-types.js';
