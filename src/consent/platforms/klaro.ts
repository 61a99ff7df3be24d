/**
 * Reads the answer of the consent platform Klaro: the cookie `klaro` is JSON, `{"matomo":true,...}`, with the names of
 * services in the site's config.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { ownValue } from '../../utils/objects.js';
import { cookieName, text } from '../../utils/option-checks.js';
import { answerIn, jsonObject, yesOrNo } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface KlaroIds {
  /** The name of the service that experiments belong to. */
  service: string;
  /** The name of the cookie, Klaro's setting `storageName`. Default `klaro`. */
  cookie?: string;
}

export const klaro: ConsentPlatform<KlaroIds> = {
  ids: { service: text, cookie: cookieName },
  needs: { service: 'the name, in your Klaro config, of the service that experiments belong to' },
  reader({ service, cookie = 'klaro' }) {
    const consents = rawCookieNamed(cookie);
    const read = (json: string): Consent | undefined => {
      const services = jsonObject(json);
      return services && yesOrNo(ownValue(services, service));
    };
    return (request) => answerIn(consents(request), read);
  },
};
