/** Writes the response headers that ask a browser for client hints, or tell it to stop sending them. */
import type { Visitor } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse, ResponseHead } from '../model/http.js';
import { HINTS_TO_ASK_FOR } from '../request/user-agent/client-hints.js';
import { asConvertError } from '../utils/errors.js';
import type { Runtime } from './runtime.js';
import { isShared } from './shared-response.js';

export interface HintRequest {
  readonly request: IncomingRequest;
  /**
   * Returns the visitor; undefined if the app's option `skip` skips the request. It is called only if the response may
   * be a page.
   */
  readonly identify: () => Visitor | undefined;
  /** True if the browser is to repeat the request at once, with the hints (`Critical-CH`). */
  readonly critical: boolean;
}

/** Has the headers written when the head of the response is. */
export function acceptHints(runtime: Runtime, response: OutgoingResponse, given: HintRequest): void {
  response.onHead((head) => {
    try {
      writeHintHeaders(head, runtime.consentConfigured, given);
    } catch (error) {
      runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'client hints could not be asked for'));
    }
  });
}

/**
 * Asks the browser for client hints if the response is a page and the visitor is no bot and has consented. Tells the
 * browser to stop sending hints if the visitor has denied consent.
 */
function writeHintHeaders(
  head: ResponseHead,
  consentConfigured: boolean,
  { request, identify, critical }: HintRequest,
): void {
  if (isHtml(head) && mayAsk(head, identify(), consentConfigured)) askForHints(head, critical);
  else if (canStopHints(head, request) && identify()?.consent === 'denied') stopHints(head);
}

/**
 * True if a page may ask for hints. To ask for hints is to read data from the visitor's device, which takes consent. So
 * a page that a cache may hand to other visitors does not ask if consent is configured.
 */
function mayAsk(head: ResponseHead, visitor: Visitor | undefined, consentConfigured: boolean): boolean {
  if (visitor?.excludedBy !== undefined || visitor?.consent !== 'granted') return false;
  return !(consentConfigured && isShared(head));
}

const HTML = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;

function isHtml(head: ResponseHead): boolean {
  return HTML.test(String(head.getHeader('Content-Type')));
}

/**
 * Adds our hints to `Accept-CH`, and to `Critical-CH` if the browser is to repeat the request at once. No `Vary` is
 * added: no cache reuses a page that depends on the visitor without asking the server, and other pages do not depend on
 * the hints.
 */
function askForHints(head: ResponseHead, critical: boolean): void {
  addTokens(head, 'Accept-CH');
  if (critical) addTokens(head, 'Critical-CH');
}

/**
 * True if the browser sends hints and the response is a page, unless caches may share the page or the app itself asks
 * for hints.
 */
function canStopHints(head: ResponseHead, { headers }: IncomingRequest): boolean {
  if (HINTS_TO_ASK_FOR.every((name) => headers[name.toLowerCase()] === undefined)) return false;
  // A 304 response has no `Content-Type`. The browser keeps the headers of its cached page unless the 304 response
  // repeats them, so a 304 response has to tell the browser, too.
  const isPage = isHtml(head) || head.getHeader('Content-Type') === undefined;
  return isPage && head.getHeader('Accept-CH') === undefined && !isShared(head);
}

/**
 * Tells the browser to stop sending hints. A browser remembers the hints that a site has asked for until the browser is
 * closed or the site sends another list: here an empty one.
 */
function stopHints(head: ResponseHead): void {
  head.setHeader('Accept-CH', '');
}

/**
 * Adds our hints to the header `name`. Hints that are in the header already are not added again: the app may ask for
 * hints of its own, and a head may be written twice.
 */
function addTokens(head: ResponseHead, name: string): void {
  const before = [head.getHeader(name) ?? []].flat().join(', ');
  const known = new Set(before.split(',').map((token) => token.trim().toLowerCase()));
  const missing = HINTS_TO_ASK_FOR.filter((token) => !known.has(token.toLowerCase()));
  if (missing.length === 0) return;
  head.setHeader(name, [...(before.trim() === '' ? [] : [before]), ...missing].join(', '));
}
