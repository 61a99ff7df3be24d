/**
 * Reads the answer of the consent platform OneTrust: the cookie `OptanonConsent` is a query string with
 * `groups=C0001:1,C0002:0`. The cookie `OptanonAlertBoxClosed` is there once the visitor has answered, and
 * `AwaitingReconsent=true` in the first cookie means that the visitor is asked again.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { text } from '../../utils/option-checks.js';
import { answerIn, decodedWhole } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface OneTrustIds {
  /** The id of the group that experiments belong to. Default `C0002` (performance cookies). */
  group?: string;
}

export const onetrust: ConsentPlatform<OneTrustIds> = {
  ids: { group: text },
  reader({ group = 'C0002' }) {
    const consent = rawCookieNamed('OptanonConsent');
    const answered = rawCookieNamed('OptanonAlertBoxClosed');
    const read = (query: string): Consent | undefined => inGroups(query, group);
    return (request) => (answered(request) ? answerIn(consent(request), read) : 'unknown');
  },
};

const GROUPS = 'groups=';

function inGroups(query: string, group: string): Consent | undefined {
  // A value without `=` is the whole query string, still encoded.
  if (!query.includes('=')) return undefined;
  const fields = query.split('&');
  const [groups, ...others] = fields.filter((field) => field.startsWith(GROUPS));
  if (groups === undefined || others.length > 0 || fields.includes('AwaitingReconsent=true'))
    return 'unknown';
  const states = decodedWhole(groups.slice(GROUPS.length))?.split(',');
  if (states?.includes(`${group}:0`)) return 'denied';
  return states?.includes(`${group}:1`) ? 'granted' : 'unknown';
}
