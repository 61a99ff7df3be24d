/**
 * Reads the answer of the consent platform iubenda: its cookie is JSON, `{"purposes":{"1":true,"4":false},...}`, or
 * `{"consent":true,...}` if consent is not asked by purpose. If the JSON has only an id, the visitor has not answered.
 * The name of the cookie is `_iub_cs-` and the site's `cookiePolicyId` (or `s` and its `siteId`, with
 * `storage.useSiteId`).
 */
import type { IncomingRequest } from '../../model/http.js';
import { cookieHeader, rawCookieNamed, unquoted } from '../../request/cookies.js';
import { isPlainObject, ownValue } from '../../utils/objects.js';
import { matching } from '../../utils/option-checks.js';
import { answerIn, jsonObject, yesOrNo } from './cookie-values.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface IubendaIds {
  /**
   * The part of the cookie's name behind `_iub_cs-`: `12345678`, `s1234567`. Default: any id. If a visitor brings
   * several such cookies, the answer is a denial if one of them denies.
   */
  id?: string;
  /** The purpose that experiments belong to. Default `4` (measurement, which A/B tests are counted among). */
  purpose?: string;
}

export const iubenda: ConsentPlatform<IubendaIds> = {
  ids: {
    id: matching('what the cookie has behind _iub_cs-, digits as a text', /^s?\d{1,16}$/),
    purpose: matching("the number of a purpose as a text, such as '4'", /^\d{1,3}$/),
  },
  reader({ id, purpose = '4' }) {
    const read = (json: string): Consent | undefined => inPurposes(json, purpose);
    if (id !== undefined) {
      const consent = rawCookieNamed(PREFIX + id);
      return (request) => answerIn(consent(request), read);
    }
    return (request) => {
      const answers = new Set(consentsOf(request).map((value) => answerIn(value, read)));
      return answers.has('denied') ? 'denied' : answers.has('granted') ? 'granted' : 'unknown';
    };
  },
};

const PREFIX = '_iub_cs-';
/**
 * Matches the part of the name behind the prefix in a cookie that holds an answer. Other cookies of iubenda have a word
 * behind the id (`-granular`, `-uspr`).
 */
const IS_CONSENT = /^s?\d{1,16}$/;
/** The most cookies with an answer that are read: a browser brings one for each site on the domain. */
const MAX_SITES = 4;

function consentsOf(request: IncomingRequest): string[] {
  const header = cookieHeader(request);
  const values: string[] = [];
  for (let at = header.indexOf(PREFIX); at !== -1; at = header.indexOf(PREFIX, at + 1)) {
    if (!isAtStart(header, at)) continue;
    const end = header.indexOf(';', at);
    const cookie = header.slice(at + PREFIX.length, end === -1 ? header.length : end);
    const equals = cookie.indexOf('=');
    if (!IS_CONSENT.test(cookie.slice(0, Math.max(0, equals)).trimEnd())) continue;
    if (values.push(unquoted(cookie.slice(equals + 1).trim())) === MAX_SITES) break;
  }
  return values;
}

/** True if a cookie begins at `at`: the prefix may also be a part of another cookie's value. */
function isAtStart(header: string, at: number): boolean {
  return (
    at === 0 || header[at - 1] === ';' || (header[at - 1] === ' ' && (at === 1 || header[at - 2] === ';'))
  );
}

function inPurposes(json: string, purpose: string): Consent | undefined {
  const consent = jsonObject(json);
  if (consent === undefined) return undefined;
  const purposes = ownValue(consent, 'purposes');
  return yesOrNo(isPlainObject(purposes) ? ownValue(purposes, purpose) : ownValue(consent, 'consent'));
}
