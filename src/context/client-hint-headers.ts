/** What a response head says of client hints: which ones the browser is to send from now on. */
import type { IncomingRequest, ResponseHead } from '../model/http.js';
import { HINTS_TO_ASK_FOR } from '../request/user-agent/client-hints.js';

const HTML = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;
const SHARED = /\b(?:public|s-maxage)\b/i;
const KEPT = /\bmax-age="?0*[1-9]/i;
const OWN = /\b(?:private|no-store)\b/i;

export function isHtml(head: ResponseHead): boolean {
  return HTML.test(String(head.getHeader('Content-Type')));
}

/** True where a cache may hand the head to others: there is no cookie in it that would keep it from that. */
export function isShared(head: ResponseHead): boolean {
  const control = String(head.getHeader('Cache-Control'));
  return SHARED.test(control) || (KEPT.test(control) && !OWN.test(control));
}

/**
 * Adds to `Accept-CH`, and to `Critical-CH` where the browser is to ask again at once. No `Vary`: a page that used the
 * visitor is kept by no cache without asking, and any other does not depend on the hints.
 */
export function askForHints(head: ResponseHead, critical: boolean): void {
  addTokens(head, 'Accept-CH');
  if (critical) addTokens(head, 'Critical-CH');
}

/** True for a page of a browser that sends what was asked for, unless it is one for all, or asks for hints of its own. */
export function canStopHints(head: ResponseHead, { headers }: IncomingRequest): boolean {
  if (HINTS_TO_ASK_FOR.every((name) => headers[name.toLowerCase()] === undefined)) return false;
  // A page that has not changed (304) has no type, and the browser keeps of the one before what is not said anew.
  const isPage = isHtml(head) || head.getHeader('Content-Type') === undefined;
  return isPage && head.getHeader('Accept-CH') === undefined && !isShared(head);
}

/** A browser remembers what a site has asked for until it is closed, or is told of another list: of an empty one. */
export function stopHints(head: ResponseHead): void {
  head.setHeader('Accept-CH', '');
}

/** The app may ask for hints of its own. A head may be written again: nothing is added twice. */
function addTokens(head: ResponseHead, name: string): void {
  const before = [head.getHeader(name) ?? []].flat().join(', ');
  const known = new Set(before.split(',').map((token) => token.trim().toLowerCase()));
  const missing = HINTS_TO_ASK_FOR.filter((token) => !known.has(token.toLowerCase()));
  if (missing.length === 0) return;
  head.setHeader(name, [...(before.trim() === '' ? [] : [before]), ...missing].join(', '));
}
