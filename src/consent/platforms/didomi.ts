/**
 * Reads the answer of the consent platform Didomi: the cookie `didomi_token` is base64 of JSON,
 * `{"purposes":{"enabled":[...],"disabled":[...]},...}`, with the site's own purposes. The purposes of the IAB are in
 * the TCF string only.
 */
import { rawCookieNamed } from '../../request/cookies.js';
import { isPlainObject, ownValue } from '../../utils/objects.js';
import { cookieName, text } from '../../utils/option-checks.js';
import { answerIn, jsonObject } from './cookie-values.js';
import { tcf } from './tcf.js';
import type { Consent, ConsentPlatform } from './types.js';

export interface DidomiIds {
  /** The id of the purpose that experiments belong to. Default: none, and the TCF string of Didomi is read. */
  purpose?: string;
  /** The name of the cookie. Default `didomi_token`; without a purpose, `euconsent-v2`, then `eupubconsent-v2`. */
  cookie?: string;
}

export const didomi: ConsentPlatform<DidomiIds> = {
  ids: { purpose: text, cookie: cookieName },
  reader({ purpose, cookie }) {
    if (purpose === undefined) return tcf.reader({ cookie });
    const token = rawCookieNamed(cookie ?? 'didomi_token');
    const read = (base64: string): Consent | undefined => inToken(base64, purpose);
    return (request) => answerIn(token(request), read);
  },
};

function inToken(base64: string, purpose: string): Consent | undefined {
  const token = jsonObject(fromBase64(base64));
  if (token === undefined) return undefined;
  const purposes = ownValue(token, 'purposes');
  if (isListed(purposes, 'disabled', purpose)) return 'denied';
  return isListed(purposes, 'enabled', purpose) ? 'granted' : 'unknown';
}

function isListed(purposes: unknown, list: string, purpose: string): boolean {
  const ids = isPlainObject(purposes) ? ownValue(purposes, list) : undefined;
  return Array.isArray(ids) && ids.includes(purpose);
}

/** Decodes base64; '' if the text is no base64. */
function fromBase64(text: string): string {
  // A text with `%` is still encoded. This check saves the exception that `atob` would throw.
  if (text.includes('%')) return '';
  try {
    return atob(text);
  } catch {
    return '';
  }
}
