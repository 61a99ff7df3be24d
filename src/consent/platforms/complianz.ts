/**
 * Reads the answer of the consent platform Complianz: the cookie `cmplz_statistics` is `allow` or `deny`. In regions
 * with opt-out instead of consent, the cookie is `allow` from the start.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { cookieName } from '../../utils/option-checks.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface ComplianzIds {
  /** The start of the names of the cookies of Complianz. Default `cmplz_`. */
  prefix?: string;
}

export const complianz: ConsentPlatform<ComplianzIds> = {
  ids: { prefix: cookieName },
  reader({ prefix = 'cmplz_' }) {
    const statistics = rawCookieNamed(`${prefix}statistics`);
    return (request) => answerIn(statistics(request), (value) => ANSWERS.get(value));
  },
};

const ANSWERS: ReadonlyMap<string, Consent> = new Map([
  ['allow', 'granted'],
  ['deny', 'denied'],
]);
