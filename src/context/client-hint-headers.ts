/** Writes the response headers that ask a browser for client hints, or tell it to stop sending them. */
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest, ResponseHead } from '../model/http.js';
import { HINTS_TO_ASK_FOR } from '../request/user-agent/client-hints.js';

export interface HintRequest {
  readonly request: IncomingRequest;
  /** The visitor; undefined if the request is skipped. Called only if the head is one of a page. */
  readonly identify: () => Visitor | undefined;
  readonly consentConfigured: boolean;
  /** The browser is to ask again at once. */
  readonly critical: boolean;
}

/** Pages ask for hints, unless their visitor is a bot or has not consented; a denial has the browser stop. */
export function writeHintHeaders(head: ResponseHead, { request, identify, ...given }: HintRequest): void {
  if (isHtml(head) && mayAsk(head, identify(), given.consentConfigured)) askForHints(head, given.critical);
  else if (canStopHints(head, request) && identify()?.consent === 'denied') stopHints(head);
}

/** A browser that sends hints because it was asked to gives access to the device, which takes consent. */
function mayAsk(head: ResponseHead, visitor: Visitor | undefined, consentConfigured: boolean): boolean {
  if (visitor?.excludedBy !== undefined || visitor?.consent !== 'granted') return false;
  return !(consentConfigured && isShared(head));
}

const HTML = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;
const SHARED = /\b(?:public|s-maxage)\b/i;
const KEPT = /\bmax-age="?0*[1-9]/i;
const OWN = /\b(?:private|no-store)\b/i;

function isHtml(head: ResponseHead): boolean {
  return HTML.test(String(head.getHeader('Content-Type')));
}

/** True if a cache may hand the head to others: it has no cookie in it that would prevent that. */
function isShared(head: ResponseHead): boolean {
  const control = String(head.getHeader('Cache-Control'));
  return SHARED.test(control) || (KEPT.test(control) && !OWN.test(control));
}

/**
 * Adds to `Accept-CH`, and to `Critical-CH` if the browser is to ask again at once. No `Vary`: a page that used the
 * visitor is kept by no cache without asking, and any other does not depend on the hints.
 */
function askForHints(head: ResponseHead, critical: boolean): void {
  addTokens(head, 'Accept-CH');
  if (critical) addTokens(head, 'Critical-CH');
}

/** True for a page of a browser that sends hints, unless the page is one for all, or asks for hints of its own. */
function canStopHints(head: ResponseHead, { headers }: IncomingRequest): boolean {
  if (HINTS_TO_ASK_FOR.every((name) => headers[name.toLowerCase()] === undefined)) return false;
  // A page that has not changed (304) has no type, and the browser keeps of the one before what is not said anew.
  const isPage = isHtml(head) || head.getHeader('Content-Type') === undefined;
  return isPage && head.getHeader('Accept-CH') === undefined && !isShared(head);
}

/** A browser remembers what a site has asked for until it is closed, or is told of another list: of an empty one. */
function stopHints(head: ResponseHead): void {
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
