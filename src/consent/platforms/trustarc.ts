/**
 * Reads the answer of the consent platform TrustArc: the cookie `cmapi_cookie_privacy` lists the permitted categories,
 * as in `permit 1,2,3` (also `permit_1|2|3`) or `permit 1 required`. Without this cookie, the cookie
 * `notice_gdpr_prefs` lists them, counted from 0, as in `0,1,2:`. The meaning of the categories is up to the site.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { oneOf } from '../../utils/option-checks.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface TrustArcIds {
  /**
   * The category that experiments belong to. Categories are counted from 1, which is that of required cookies. Default
   * 2.
   */
  category?: number;
}

export const trustarc: ConsentPlatform<TrustArcIds> = {
  ids: { category: oneOf(1, 2, 3, 4, 5, 6, 7, 8, 9) },
  reader({ category = 2 }) {
    const permitted = rawCookieNamed('cmapi_cookie_privacy');
    const preferences = rawCookieNamed('notice_gdpr_prefs');
    const inPermitted = (value: string): Consent | undefined =>
      PERMITTED.test(value) ? among(value.split(SEPARATOR), category) : undefined;
    const inPreferences = (value: string): Consent | undefined =>
      PREFERENCES.test(value) ? among(value.split(':', 1)[0]!.split(SEPARATOR), category - 1) : undefined;
    return (request) => {
      const answer = answerIn(permitted(request), inPermitted);
      return answer === 'unknown' ? answerIn(preferences(request), inPreferences) : answer;
    };
  },
};

const SEPARATOR = /[ +_,|]/;
const PERMITTED = /^permit[ +_]\d{1,2}(?:[,|]\d{1,2})*(?:[ +_]required)?$/;
const PREFERENCES = /^\d{1,2}(?:[,|]\d{1,2})*:/;

function among(categories: readonly string[], category: number): Consent {
  return categories.includes(String(category)) ? 'granted' : 'denied';
}
