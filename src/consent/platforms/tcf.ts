/**
 * Reads the answer of any consent platform that follows the IAB's Transparency and Consent Framework (TCF): a string in
 * the cookie `euconsent-v2`, or OneTrust's `eupubconsent-v2`. An experiment keeps an id on the device (purpose 1) and
 * measures how content performs (purpose 8).
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { cookieName } from '../../utils/option-checks.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface TcfIds {
  /** The name of the cookie. Default `euconsent-v2`, then `eupubconsent-v2`. */
  cookie?: string;
}

const STORE_ON_DEVICE = 1;
const MEASURE_CONTENT = 8;

export const tcf: ConsentPlatform<TcfIds> = {
  ids: { cookie: cookieName },
  reader({ cookie }) {
    const names = cookie === undefined ? ['euconsent-v2', 'eupubconsent-v2'] : [cookie];
    const cookies = names.map(rawCookieNamed);
    return (request) => {
      for (const valueIn of cookies) {
        const answer = answerIn(valueIn(request), inPurposes);
        if (answer !== 'unknown') return answer;
      }
      return 'unknown';
    };
  },
};

/**
 * Reads the answer from the purposes of a consent string. `isServiceSpecific` is ignored, since the cookie is the
 * site's own. The consents for vendors are ignored, since the site itself experiments, with a processor under its
 * instructions.
 */
function inPurposes(text: string): Consent | undefined {
  const said = tcString(text);
  if (said === undefined) return undefined;
  if (!said.hasConsent(MEASURE_CONTENT) && !said.hasLegitimateInterest(MEASURE_CONTENT)) return 'denied';
  if (said.hasConsent(STORE_ON_DEVICE)) return 'granted';
  return said.purposeOneTreatment ? 'unknown' : 'denied';
}

/**
 * The purposes in a Transparency and Consent string, version 2 (which the framework's versions 2.1 to 2.3 write, too).
 * The string is base64url, and single bits are read from it in place: most requests need five of its thousands of bits.
 *
 * @see https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework "Consent string and
 * vendor list formats v2"
 */

export interface TcString {
  /** True if the visitor has consented to a purpose. Purposes count from 1. */
  hasConsent(purpose: number): boolean;
  hasLegitimateInterest(purpose: number): boolean;
  /** True if the visitor was not asked about purpose 1, because the law of the site's country treats it differently. */
  readonly purposeOneTreatment: boolean;
}

/** The bit offset of the consents to purposes in a consent string; the next two constants are bit offsets as well. */
const CONSENTS = 152;

const LEGITIMATE_INTERESTS = 176;

const PURPOSE_ONE_TREATMENT = 200;

/** The characters of a consent string that are read: version, dates, purposes and country; vendors follow. */
const HEAD_CHARACTERS = 36;

const VERSION_2 = 'C';

const DIGITS = new Map(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((digit, value) => [
    digit,
    value,
  ]),
);

/** Reads a consent string; undefined if the text is no string of version 2, or ends before the vendors. */
export function tcString(text: string): TcString | undefined {
  if (!text.startsWith(VERSION_2)) return undefined;
  for (let at = 0; at < HEAD_CHARACTERS; at++) if (!DIGITS.has(text[at] ?? '')) return undefined;
  const bit = (at: number): boolean => ((DIGITS.get(text[Math.floor(at / 6)]!)! >> (5 - (at % 6))) & 1) === 1;
  return {
    hasConsent: (purpose) => bit(CONSENTS + purpose - 1),
    hasLegitimateInterest: (purpose) => bit(LEGITIMATE_INTERESTS + purpose - 1),
    purposeOneTreatment: bit(PURPOSE_ONE_TREATMENT),
  };
}
