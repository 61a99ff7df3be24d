/** Writes the headers of a page of `share()`: what caches may do with it, and the key of the visitor's next pages. */
import type { ResponseHead } from '../model/http.js';
import { quoteName } from '../utils/clean-text.js';
import { type Participation, previewsIn } from './participation.js';
import type { Runtime } from './runtime.js';
import { warnOfShare } from './share-problems.js';
import type { SharedPage } from './shared-page.js';
import { isShared, keepFromSharedCaches, UNSHARED, UNSTORED } from './shared-response.js';
import { type SharedVisitor, sharedVisitorOf } from './shared-visitor.js';

/**
 * Completes the headers for caches. Returns true if the page may be stored. `isPlain` is false if the response has to
 * set a cookie of ours.
 */
export function writeForCaches(
  runtime: Runtime,
  page: SharedPage,
  head: ResponseHead,
  isPlain: boolean,
): boolean {
  const { header } = page.keys;
  if (header !== undefined) varyOn(head, header);
  const others = sharedVisitorOf(page.request);
  const seconds = Math.min(page.seconds, others?.page?.seconds ?? Infinity);
  const control = `public, max-age=0, s-maxage=${seconds}`;
  const mayStore = page.isShared && isPlain && mayBeStored(runtime, head, control, others);
  if (mayStore) head.setHeader('Cache-Control', control);
  else keepFromSharedCaches(head);
  if (mayStore && others !== undefined) others.page = { control, seconds };
  return mayStore;
}

/** Answers for a page that may be stored as far as the visitor goes. `control` is the `Cache-Control` of such pages. */
function mayBeStored(
  runtime: Runtime,
  head: ResponseHead,
  control: string,
  others: SharedVisitor | undefined,
): boolean {
  // What is to be said in an error, or to somebody who may not see the page, is no page for others.
  if (head.status >= 400) return false;
  const given = head.getHeader('Cache-Control');
  // Somebody leaves a preview with this page.
  if (given === UNSTORED) return false;
  const cookies = head.getHeader('Set-Cookie');
  if (cookies !== undefined) {
    warnOfShare(runtime, 'cookie', namesIn(cookies));
    return false;
  }
  // Another Convert of the app keeps the page for its visitor.
  if (given === UNSHARED && others !== undefined) return false;
  // The head is written twice if the first attempt was invalid, and once by each Convert that shares the page.
  if (given === undefined || given === control || given === others?.page?.control) return true;
  warnOfShare(runtime, 'control');
  return isShared(head);
}

/** Returns the `Set-Cookie` lines for the visitor's key, on a page that is not stored. */
export function keyCookieLines(page: SharedPage, head: ResponseHead): readonly string[] {
  const { request, participation, keys } = page;
  // Without a key, the next pages of somebody who has a preview cookie come from the app, too, and show the preview.
  const isWithout = isWithoutConsent(participation) || previewsIn(participation) !== undefined;
  if (isWithout) return keys.present(request) ? keys.expire(request) : [];
  const isEnrolling = participation.status === 'participating' && head.status < 400;
  const key = isEnrolling ? page.nextKey() : undefined;
  return key === undefined ? [] : keys.issue(key, request);
}

const isWithoutConsent = (participation: Participation): boolean =>
  participation.status === 'excluded'
    ? participation.excludedBy === 'consent'
    : participation.visitor.mode !== 'enrol';

/** The names of the cookies that `Set-Cookie` lines set. */
const namesIn = (lines: NonNullable<ReturnType<ResponseHead['getHeader']>>): string =>
  [lines]
    .flat()
    .map((line) => quoteName(String(line).split('=', 1)[0]))
    .join(', ');

/** Adds a request header to `Vary`. */
function varyOn(head: ResponseHead, name: string): void {
  const before = String(head.getHeader('Vary') ?? '');
  const names = before.split(',').map((each) => each.trim().toLowerCase());
  if (names.includes('*') || names.includes(name)) return;
  head.setHeader('Vary', before === '' ? name : `${before}, ${name}`);
}
