/** Tells the operator, once for each kind, why a page on which the app calls `share()` is not shared. */
import { MAX_KEY } from './page-key.js';
import type { Runtime } from './runtime.js';

const WARNINGS = {
  late:
    'was called twice, or after something was decided or written into the bridge: only one call counts, which comes' +
    ' before that',
  options:
    "needs { key: ['experience-key'], seconds: 300 }, with 1 to 16 experience keys and 1 to 31536000 seconds; the" +
    ' page is not shared',
  length:
    `has a key of over ${MAX_KEY} characters for some visitors, whose pages are not shared: name fewer` +
    ' experiences',
  undecided:
    'names an experience that the handler has not decided when the head was written, or has not counted, so that the' +
    ' visitor gets no key, and no later page of theirs is shared: decide with `runExperience` before the page is' +
    ' sent, leave the experience out of the key, or give share() `enableTracking: false` as the decision has it',
  attributes:
    'has decided otherwise than the handler, so that the page is not shared: give share() the attributes of the' +
    ' decision as a second argument, and change nothing of the visitor in between',
  cookie:
    'was called on a page that sets a cookie of the app, so the page is not shared: leave the cookie out of that' +
    ' page, or keep the middleware away from it that sets it',
  control:
    'was called on a page with headers of the app that say something else to caches: `Cache-Control` is replaced' +
    ' if it lets caches store the page, and heeded if it does not. Leave it to share()',
} as const;

/** @param detail what the warning is about, in a few words */
export function warnOfShare(
  { warnOnce }: Pick<Runtime, 'warnOnce'>,
  problem: keyof typeof WARNINGS,
  detail?: string,
): void {
  const message = `share() ${WARNINGS[problem]}${detail === undefined ? '' : ` (${detail})`}`;
  warnOnce('CONVERT_SHARE', message, problem);
}
