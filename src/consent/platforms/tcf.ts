/**
 * IAB TCF: `euconsent-v2`, or OneTrust's `eupubconsent-v2`. An experiment keeps an id on the device (purpose 1) and measures
 * what content does (purpose 8).
 */
import { cookieName } from '../../utils/option-checks.js';
import type { Consent, ConsentPlatform } from './types.js';
import { tcString } from './tc-string.js';
import { answerIn } from './cookie-values.js';
import { rawCookieNamed } from '../../request/cookies.js';

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
 * Whether the string holds for this service only (`isServiceSpecific`) makes no difference here: the site's own cookie is read.
 * Nor do vendors: it is the site that experiments, with a processor that is under its instructions.
 */
function inPurposes(text: string): Consent | undefined {
  const said = tcString(text);
  if (said === undefined) return undefined;
  if (!said.hasConsent(MEASURE_CONTENT) && !said.hasLegitimateInterest(MEASURE_CONTENT)) return 'denied';
  if (said.hasConsent(STORE_ON_DEVICE)) return 'granted';
  return said.purposeOneTreatment ? 'unknown' : 'denied';
}
