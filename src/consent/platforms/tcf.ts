/**
 * IAB TCF: `euconsent-v2`, or OneTrust's `eupubconsent-v2`. An experiment keeps an id on the device (purpose 1) and
 * measures what content does (purpose 8).
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { cookieName } from '../../utils/option-checks.js';
import { answerIn } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface TcfIds {
  /** Where the string is. Default `euconsent-v2`, then `eupubconsent-v2`. */
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
 * Whether the string holds for this service only (`isServiceSpecific`) makes no difference here: the site's own
 * cookie is read. Nor do vendors: it is the site that experiments, with a processor that is under its instructions.
 */
function inPurposes(text: string): Consent | undefined {
  const said = tcString(text);
  if (said === undefined) return undefined;
  if (!said.hasConsent(MEASURE_CONTENT) && !said.hasLegitimateInterest(MEASURE_CONTENT)) return 'denied';
  if (said.hasConsent(STORE_ON_DEVICE)) return 'granted';
  return said.purposeOneTreatment ? 'unknown' : 'denied';
}

/**
 * The IAB's Transparency and Consent string, version 2 (which 2.1 to 2.3 of the framework write, too): of its core,
 * what a site needs to know of purposes. The core is base64url, read in place: most requests need five of its
 * thousands of bits.
 *
 * @see https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework "Consent string and
 * vendor list formats v2"
 */

export interface TcString {
  /** Purposes count from 1. */
  hasConsent(purpose: number): boolean;
  hasLegitimateInterest(purpose: number): boolean;
  /** The visitor was not asked about purpose 1, because the site's country takes it otherwise. */
  readonly purposeOneTreatment: boolean;
}

/** In bits. */
const CONSENTS = 152;

const LEGITIMATE_INTERESTS = 176;

const PURPOSE_ONE_TREATMENT = 200;

/** Of version, dates, purposes and country; vendors follow. */
const HEAD_CHARACTERS = 36;

const VERSION_2 = 'C';

const DIGITS = new Map(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((digit, value) => [
    digit,
    value,
  ]),
);

/** undefined where it is none of version 2, or is cut off before the vendors. */
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
