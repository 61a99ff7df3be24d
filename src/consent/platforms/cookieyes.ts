/**
 * Reads the answer of the consent platform CookieYes: the cookie `cookieyes-consent` is a list such as
 * `action:yes,analytics:no`; without `action:yes`, the visitor has not answered.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export const cookieyes: ConsentPlatform = {
  ids: {},
  reader() {
    const consent = rawCookieNamed('cookieyes-consent');
    return (request) => answerIn(consent(request), analytics);
  },
};

function analytics(list: string): Consent | undefined {
  // A value without a colon is the whole list, still encoded.
  if (!list.includes(':')) return undefined;
  const fields = list.split(',');
  if (!fields.includes('action:yes')) return 'unknown';
  if (fields.includes('analytics:no')) return 'denied';
  return fields.includes('analytics:yes') ? 'granted' : 'unknown';
}
