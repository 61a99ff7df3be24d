/**
 * Reads the answer of the consent platform Cookiebot: the cookie `CookieConsent` is an object literal such as
 * `{necessary:true,statistics:false}`, or `-1` (granted) or `0` (denied) alone.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export const cookiebot: ConsentPlatform = {
  ids: {},
  reader() {
    const consent = rawCookieNamed('CookieConsent');
    return (request) => answerIn(consent(request), statistics);
  },
};

function statistics(literal: string): Consent | undefined {
  if (literal === '-1') return 'granted';
  if (literal === '0') return 'denied';
  if (!literal.startsWith('{') || !literal.endsWith('}')) return undefined;
  const fields = literal.slice(1, -1).split(',');
  if (fields.includes('statistics:false')) return 'denied';
  return fields.includes('statistics:true') ? 'granted' : undefined;
}
