/** What a config is called in a cache. */
import { createHmac } from 'node:crypto';

/** Of what is kept: another number where it changes, so that nobody reads what an older or newer version means otherwise. */
const FORMAT = 1;

/** Of the readable part. */
const MAX_NAME = 60;

/**
 * The same for who fetches the same: address, environment and secret. What was fetched with a secret is not found
 * without it, and does not show it. The SDK key goes before it for operators. It has passed `checkSdkKey`.
 */
export function cacheKey(url: URL, sdkKey: string, secret: string | undefined): string {
  const mark = createHmac('sha256', secret ?? '')
    .update(`${FORMAT} ${url.href}`)
    .digest('hex');
  return `${sdkKey.replaceAll('/', '-').slice(0, MAX_NAME)}-${mark.slice(0, 32)}`;
}
