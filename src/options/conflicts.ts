/** Refuses options that are each right by themselves, but wrong together. */
import { consentMode } from '../consent/consent.js';
import { aliasCookieName } from '../identity/cookies/alias-cookie.js';
import { ASSIGNMENT_COOKIE_NAME } from '../identity/cookies/assignment-cookie.js';
import { PREVIEW_COOKIE_NAME } from '../identity/cookies/preview-cookie.js';
import { KEY_COOKIE_NAME } from '../identity/cookies/key-cookie.js';
import { SESSION_COOKIE_NAME, type SessionCookieOptions } from '../identity/cookies/session-cookie.js';
import { SIGNATURE_COOKIE_NAME, VISITOR_COOKIE_DEFAULTS } from '../identity/cookies/visitor-cookie.js';
import { ConvertError } from '../utils/errors.js';
import type { ConvertOptions } from './types.js';
import { ownProperties } from '../utils/objects.js';

/** @throws ConvertError `CONVERT_BAD_OPTION` */
export function assertNoConflicts(options: ConvertOptions): void {
  assertConsentHasIds(options);
  assertCookiesAreUsed(options);
  assertOwnEngine(options);
  assertOneOutbox(options);
  assertSecrets(options);
  assertCookieNames(options);
  assertKeyCookieStandsOut(options);
  assertCookiePrefixes(options);
  assertPartitioned(options);
  assertCacheIsUsed(options);
  assertIsFetched(options);
  assertPreviews(options);
}

/**
 * The modes `silent` and `hold` set no cookie before the visitor consents. Without an id of the app, every page would
 * see a new visitor.
 */
function assertConsentHasIds({ consent, visitor }: ConvertOptions): void {
  const mode = consentMode(consent) ?? 'block';
  if (mode === 'block' || visitor?.id !== undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`consent.mode\` '${mode}' needs an id that exists without our cookie: give \`visitor.id\`,` +
      ` or use mode 'block'`,
  );
}

/** Without cookies, visitors need another id, and what cookies keep is kept nowhere. */
function assertCookiesAreUsed(options: ConvertOptions): void {
  const { visitor } = options;
  if (visitor?.cookie !== false) return;
  if (visitor.id === undefined && visitor.fingerprint === undefined) {
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      'option `visitor.cookie` is false, so that nobody has an id: give `visitor.id`, which reads it from the request',
    );
  }
  const kept = ['session', 'assignmentCookie', 'previewCookie', 'responseCache'] as const;
  const other = kept.find((name) => options[name]);
  if (other === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `options \`${other}\` and \`visitor.cookie: false\` are both given; without cookies, it does` +
      ' nothing: leave one out',
  );
}

/**
 * `uiRules`, `strictSdk` and `bucketing` are settings of the compiled engine. Any other engine gets its settings where
 * it is made.
 */
function assertOwnEngine({ engine, ...set }: ConvertOptions): void {
  const given = (['uiRules', 'strictSdk', 'bucketing'] as const).filter((name) => set[name]);
  if (engine === undefined || given.length === 0) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`${given.join('` and `')}\` is for the compiled engine, and an \`engine\` is given;` +
      ` give it to that engine instead, as in sdkEngine(ConvertSDK, { strictSdk: true })`,
  );
}

function assertOneOutbox({ delivery }: ConvertOptions): void {
  if (!delivery || delivery.spool === undefined || delivery.outbox === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    'options `delivery.spool` and `delivery.outbox` are both given; events wait in one place: leave one of them out',
  );
}

function assertSecrets({ assignmentCookie, visitor, preview, previewCookie, secrets }: ConvertOptions): void {
  const wants = [
    ['assignmentCookie', assignmentCookie, 'nobody gives themselves a variation'],
    [
      'visitor.cookie.signed',
      visitor?.cookie && visitor.cookie.signed,
      'nobody gives themselves the id of another visitor',
    ],
    ['preview', preview === 'signed', 'nobody makes links for themselves'],
    ['previewCookie', previewCookie, 'no other site of your domain puts your visitors into a preview'],
  ] as const;
  for (const [path, given, reason] of wants) {
    if (!given || secrets !== undefined) continue;
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `option \`${path}\` needs option \`secrets\`, which signs it, so that ${reason}:` +
        ' at least 16 characters, the same in all processes',
    );
  }
}

/**
 * Returns the cookies of this package that are in use, each with the path of its options and the options that it has.
 */
function cookiesOf({
  visitor,
  session,
  assignmentCookie,
  previewCookie,
  responseCache,
}: ConvertOptions): [string, SessionCookieOptions][] {
  if (visitor?.cookie === false) return [];
  const of = (path: string, given: unknown, name: string): [string, SessionCookieOptions] => [
    path,
    ownProperties({ ...visitor?.cookie, name, ...(typeof given === 'object' ? given : {}) }),
  ];
  const cookies = [of('visitor.cookie', visitor?.cookie, VISITOR_COOKIE_DEFAULTS.name)];
  const signed = visitor?.cookie?.signed;
  if (signed) cookies.push(of('visitor.cookie.signed', signed, SIGNATURE_COOKIE_NAME));
  if (session !== false) cookies.push(of('session', session, SESSION_COOKIE_NAME));
  if (assignmentCookie) cookies.push(of('assignmentCookie', assignmentCookie, ASSIGNMENT_COOKIE_NAME));
  if (previewCookie) cookies.push(of('previewCookie', previewCookie, PREVIEW_COOKIE_NAME));
  cookies.push(of('responseCache.cookie', undefined, responseCache?.cookie ?? KEY_COOKIE_NAME));
  return cookies;
}

/** The path of the option that has the name of a cookie. */
const nameOption = (path: string): string => (path === 'responseCache.cookie' ? path : `${path}.name`);

function assertCookieNames(options: ConvertOptions): void {
  const [visitor, ...others] = cookiesOf(options);
  if (visitor === undefined) return;
  const { name = '' } = visitor[1];
  const taken = new Map([
    [name, '`visitor.cookie.name`'],
    [aliasCookieName(name), 'the cookie of `identify`'],
  ]);
  for (const [path, { name: own = '' }] of others) {
    const other = taken.get(own);
    if (other !== undefined) {
      throw new ConvertError(
        'CONVERT_BAD_OPTION',
        `options \`${nameOption(path)}\` and ${other} are both '${own}'; each cookie needs a name of its own`,
      );
    }
    taken.set(own, `\`${nameOption(path)}\``);
  }
}

/**
 * A key counts only if its cookie's name stands once among the cookies of a request, in any case: else a cache could
 * find another key than we do.
 */
function assertKeyCookieStandsOut(options: ConvertOptions): void {
  const wanted = options.responseCache?.cookie?.toLowerCase();
  if (wanted === undefined) return;
  const names = cookiesOf(options).map(([, { name = '' }]) => name);
  const others = [...names.slice(0, -1), aliasCookieName(names[0]!)];
  const other = others.find((name) => name.toLowerCase().includes(wanted));
  if (other === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`responseCache.cookie\` is '${wanted}', which the cookie '${other}' has in its name, too; caches must` +
      ' not mistake one for the other: choose a longer name',
  );
}

/**
 * Browsers keep a cookie whose name begins with `__Host-` or `__Secure-` only if its attributes fit (RFC 6265bis,
 * 4.1.3).
 */
function assertCookiePrefixes(options: ConvertOptions): void {
  for (const [path, { name = '', domain, secure }] of cookiesOf(options)) {
    const prefix = /^__(?:Host|Secure)-/i.exec(name)?.[0].toLowerCase();
    if (prefix === undefined) continue;
    const wrong =
      prefix === '__host-' && domain !== undefined ? '`domain`' : secure === false ? '`secure: false`' : '';
    if (wrong === '') continue;
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `option \`${path}\` has the name '${name}', and ${wrong}: browsers keep no such cookie; leave one of the two out`,
    );
  }
}

function assertPartitioned(options: ConvertOptions): void {
  for (const [path, { partitioned, sameSite = VISITOR_COOKIE_DEFAULTS.sameSite }] of cookiesOf(options)) {
    if (partitioned !== true || sameSite === 'none') continue;
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      `option \`${path}.partitioned\` is true, and \`sameSite\` is '${sameSite}': in a frame on another site,` +
        " browsers neither keep nor send such a cookie; give `sameSite: 'none'`, too",
    );
  }
}

function assertPreviews({ preview, previewCookie }: ConvertOptions): void {
  if (preview !== false || !previewCookie) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    'option `previewCookie` keeps previews, and `preview` is false, so that there are none: leave one of them out',
  );
}

function assertIsFetched({ project, debugToken, network }: ConvertOptions): void {
  const given = debugToken !== undefined ? 'debugToken' : network?.cacheLevel && 'network.cacheLevel';
  if (project === undefined || given === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `options \`project\` and \`${given}\` are both given; \`${given}\` belongs to the request for the config, and` +
      ' with `project` nothing is fetched: leave one of them out',
  );
}

function assertCacheIsUsed({ project, projectCache }: ConvertOptions): void {
  if (project === undefined || projectCache === undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    'options `project` and `projectCache` are both given; the cache keeps what is fetched with `sdkKey`, ' +
      'and with `project`' +
      ' nothing is fetched: leave one of them out',
  );
}
