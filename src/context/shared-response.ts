/** Says whether a shared cache (a CDN, nginx, Varnish) may store a response, and so hand it to other visitors. */
import type { ResponseHead, ResponseHeaders } from '../model/http.js';
import type { Runtime } from './runtime.js';

/** The `Cache-Control` of a page that depends on its visitor. */
export const UNSHARED = 'private, no-cache';
/** The `Cache-Control` of a page that is for one look only, such as a preview. */
export const UNSTORED = 'private, no-store';

/** The header of nginx. */
const ACCEL = 'x-accel-expires';
/** Headers for certain caches, beside `CDN-Cache-Control` (RFC 9213), to which vendors put their name. */
const TARGETED: ReadonlySet<string> = new Set(['surrogate-control', 'edge-control', ACCEL]);

/**
 * True if a shared cache may store the response. The first rule that applies decides:
 * 1. A header that addresses certain caches gives them a lifetime: shared, because these caches ignore `Cache-Control`.
 * 2. Nothing is said in `Cache-Control`: not shared. A response that depends on its visitor then gets our own value.
 * 3. `private` or `no-store`: not shared.
 * 4. `s-maxage`: shared, unless it is 0.
 * 5. `public`: shared.
 * 6. `no-cache` or `max-age=0`: not shared.
 * 7. Anything else, such as `max-age=60` or `immutable`: shared (RFC 9111, section 3).
 */
export function isShared(headers: ResponseHeaders): boolean {
  if (headers.getHeaderNames().some((name) => isStoredByTarget(headers, name))) return true;
  const control = headers.getHeader('Cache-Control');
  return control !== undefined && isSharedBy(String(control));
}

/** True for a header that some caches heed instead of `Cache-Control`. */
const isTargeted = (name: string): boolean => TARGETED.has(name) || name.endsWith('cdn-cache-control');

/** True if the header addresses certain caches, and lets them store the response. */
function isStoredByTarget(headers: ResponseHeaders, given: string): boolean {
  const name = given.toLowerCase();
  return isTargeted(name) && isStoredBy(name, String(headers.getHeader(given)));
}

function isStoredBy(name: string, value: string): boolean {
  // nginx takes seconds, or `@` and a time; everything else it ignores.
  if (name === ACCEL) return /^@?0*[1-9]\d*$/.test(value.trim());
  const directives = directivesIn(value);
  if (isKeptBack(directives)) return false;
  // `cache-maxage` is Akamai's.
  const lifetimes = ['s-maxage', 'cache-maxage', 'max-age'].flatMap((each) => directives.get(each) ?? []);
  const [lifetime] = lifetimes;
  return lifetime === undefined ? directives.has('public') : !isZero(lifetime);
}

function isSharedBy(control: string): boolean {
  const directives = directivesIn(control);
  if (isKeptBack(directives)) return false;
  const shared = directives.get('s-maxage');
  if (shared !== undefined) return !isZero(shared);
  if (directives.has('public')) return true;
  return !(directives.get('no-cache') === '' || isZero(directives.get('max-age')));
}

/** `private="set-cookie"` keeps back that one header only, so it does not count. */
const isKeptBack = (directives: ReadonlyMap<string, string>): boolean =>
  directives.get('private') === '' || directives.has('no-store') || directives.has('bypass-cache');

/** True for `0`, and for Akamai's `0s`. */
const isZero = (lifetime: string | undefined): boolean =>
  lifetime !== undefined && /^0+[smhd]?$/i.test(lifetime);

const DIRECTIVE = /([^\s,;="]+)(?:\s*=\s*(?:"([^"]*)"?|([^\s,;"]*)))?/g;

/**
 * The directives by name in lower case, without quotes; '' for one without a value. Of two with one name, the first.
 */
function directivesIn(text: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? plain ?? '');
  }
  return directives;
}

/** Has no shared cache store a response: what the app has set is changed as far as one might. */
export function keepFromSharedCaches(head: ResponseHead): void {
  if (!isShared(head)) return;
  closeTargeted(head);
  if (isShared(head)) head.setHeader('Cache-Control', UNSHARED);
}

/** Has no cache store a response, whatever the app has set. */
export function keepFromCaches(head: ResponseHead): void {
  closeTargeted(head);
  head.setHeader('Cache-Control', UNSTORED);
}

function closeTargeted(head: ResponseHead): void {
  for (const given of head.getHeaderNames()) {
    const name = given.toLowerCase();
    if (isTargeted(name)) head.setHeader(given, name === ACCEL ? '0' : 'no-store');
  }
}

/** Tells the operator, once, that the app has shared caches store what depends on the visitor. */
export function warnOfSharing(runtime: Pick<Runtime, 'warnOnce'>): void {
  runtime.warnOnce(
    'CONVERT_SHARED_RESPONSE',
    "the headers of a response that uses the visitor let a shared cache store it, which hands one visitor's page to" +
      ' all. Our cookies are left out, and new visitors are not enrolled there. Write `Cache-Control: private,' +
      ' max-age=60` (or no header), and no header for a CDN',
  );
}
