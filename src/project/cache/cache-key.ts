/** Makes the key under which a project config is kept in the project cache. */
import { FORMATS } from '../../model/formats.js';
import type { Digests } from '../../utils/digests.js';

/** The most characters of the SDK key that stand in a cache key. */
const MAX_NAME = 60;

/**
 * Returns the cache key of a config. Processes that fetch from the same address, with the same environment and secret,
 * have the same key. A config that was fetched with a secret is not found without that secret, and the key does not
 * show the secret. Each format has keys of its own. The SDK key, which has passed `checkSdkKey`, stands in front for
 * operators.
 */
export function cacheKey(digests: Digests, url: URL, sdkKey: string, secret: string | undefined): string {
  const mark = digests.mac(secret ?? '')(`${FORMATS.projectCache} ${url.href}`, 'hex');
  return `${sdkKey.replaceAll('/', '-').slice(0, MAX_NAME)}-${mark.slice(0, 32)}`;
}
