/**
 * A page that the app lets shared caches keep per variation (`share()`): whether this request's page may be stored, and
 * under which key the visitor is to ask for it next time.
 */
import type { Decision, ExperienceAttributes } from '../engine/types.js';
import type { KeyCookie } from '../identity/cookies/key-cookie.js';
import type { IncomingRequest, ResponseHead } from '../model/http.js';
import { RequestCookies } from '../request/cookies.js';
import type { RequestFacts } from '../request/request-reader.js';
import { applyChange } from '../model/visitor-state/apply-change.js';
import { type Decider, type FixedVisitor, PageDecider } from './decider.js';
import { type ContextVisitor, PageVisitor } from './engine-visitor.js';
import { MAX_KEY, othersIn, pageKey } from './page-key.js';
import { type Included, type Participation, previewsIn } from './participation.js';
import { keepsCookies } from './resolve-participation.js';
import type { Runtime } from './runtime.js';
import type { ShareOptions } from './types.js';
import { isShared, keepFromSharedCaches, UNSTORED } from './shared-response.js';
import { asConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';

const WARNINGS = {
  late:
    'was called twice, or after something was decided or written into the bridge: only one call counts, which comes' +
    ' before that',
  options:
    "needs { key: ['experience-key'], seconds: 300 }, with 1 to 16 experience keys and 1 to 31536000 seconds; the" +
    ' page is not shared',
  length: `has a key of over ${MAX_KEY} characters for some visitors, whose pages are not shared: name fewer experiences`,
  undecided:
    'names an experience that the handler has not decided when the head was written, so that the visitor gets no key,' +
    ' and no later page of theirs is shared: decide before the page is sent, or leave the experience out of the key',
  attributes:
    'has decided otherwise than the handler, so that the page is not shared: give share() the attributes of the' +
    ' decision as a second argument, and change nothing of the visitor in between',
  cookie:
    'was called on a page that sets a cookie of the app, so the page is not shared: leave the cookie out of that page',
  control:
    'was called on a page with headers of the app that say something else to caches: `Cache-Control` is replaced' +
    ' if it lets caches store the page, and heeded if it does not. Leave it to share()',
} as const;

function warnOfShare({ warnOnce }: Pick<Runtime, 'warnOnce'>, problem: keyof typeof WARNINGS): void {
  warnOnce(`share:${problem}`, `share() ${WARNINGS[problem]}`);
}

/** A call of `share()`. */
export interface ShareCall {
  readonly options: ShareOptions;
  readonly attributes: ExperienceAttributes | undefined;
  /** True if the page depends on its visitor already. */
  readonly isLate: boolean;
}

/** What a page depends on that is to be shared. */
export interface SharedPageParts {
  readonly request: IncomingRequest;
  readonly participation: Participation;
  readonly facts: RequestFacts;
  readonly keys: KeyCookie;
}

/** Makes the page of a call of `share()`. Undefined if the page can not be shared, which is logged once. */
export function openSharedPage(
  runtime: Runtime,
  { options, attributes, isLate }: ShareCall,
  parts: SharedPageParts,
): SharedPage | undefined {
  const given = asObject(options);
  if (!isShareable(given) || isLate) {
    warnOfShare(runtime, isLate ? 'late' : 'options');
    return undefined;
  }
  try {
    return new SharedPage(
      runtime,
      { key: [...given.key], seconds: given.seconds },
      asObject(attributes),
      parts,
    );
  } catch (error) {
    runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a page could not be shared'));
    return undefined;
  }
}

function isShareable({ key, seconds }: Partial<ShareOptions>): boolean {
  const isKey = (each: unknown): boolean => typeof each === 'string' && each !== '';
  const isRightKey = Array.isArray(key) && key.length > 0 && key.length <= 16 && key.every(isKey);
  return isRightKey && typeof seconds === 'number' && seconds >= 1 && seconds <= 31_536_000;
}

export class SharedPage {
  /** Decides for the page; undefined if the visitor does not take part, so nothing is decided. */
  readonly decider: Decider | undefined;
  /** True if a shared cache may store the page: it is the one under whose key the cache has asked for it. */
  readonly isShared: boolean = false;
  readonly #runtime: Runtime;
  readonly #options: ShareOptions;
  readonly #parts: SharedPageParts;
  /** What the page shows, by experience key; undefined if that is not for the visitor's key to say. */
  readonly #expected: ReadonlyMap<string, Decision> | undefined;
  /** The key that the visitor's browser is to send from now on; undefined if it gets none. */
  readonly #cookieKey: string | undefined;
  #isOtherwise = false;

  constructor(
    runtime: Runtime,
    options: ShareOptions,
    attributes: ExperienceAttributes,
    parts: SharedPageParts,
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#parts = parts;
    const { request, participation, facts, keys } = parts;
    if (participation.status === 'excluded') return;
    const own = new Set(options.key);
    const { project, work } = participation;
    const { engine } = project;
    let fixed: FixedVisitor | undefined;
    if (hasKey(participation)) {
      const { location, visitor: properties } = facts;
      const sources = { location, visitor: properties, cookies: new RequestCookies(request) };
      const visitor = new PageVisitor(participation, sources, runtime);
      this.#expected = new Map([...own].map((key) => [key, expect(key, participation, visitor, attributes)]));
      const shown = new Map([...this.#expected].map(([key, each]) => [key, each.variation?.key ?? null]));
      const keyWith = (brought: string | undefined): string =>
        pageKey(new Map([...othersIn(brought, own, project, work.state), ...shown]));
      const brought = keys.keyOf(request);
      const isPage = request.method === 'GET' || request.method === 'HEAD';
      // A new visitor is first to be enrolled, whatever key they bring.
      const isKnown = participation.visitor.origin !== 'generated';
      this.isShared = isPage && isKnown && brought !== undefined && brought === keyWith(brought);
      this.#cookieKey = this.#bounded(keyWith(keys.cookieKeyOf(request)), pageKey(shown));
      if (this.isShared) fixed = { visitor, attributes };
    }
    this.decider = new PageDecider(engine, own, fixed, (decision) => this.#compare(decision));
  }

  /**
   * Completes the headers for caches. Returns true if the page may be stored. `isPlain` is false if the response has to
   * set a cookie of ours.
   */
  write(head: ResponseHead, isPlain: boolean): boolean {
    const { header } = this.#parts.keys;
    if (header !== undefined) varyOn(head, header);
    const mayStore = this.isShared && isPlain && this.#mayBeStored(head);
    if (mayStore) head.setHeader('Cache-Control', this.#control);
    else keepFromSharedCaches(head);
    return mayStore;
  }

  /**
   * The `Set-Cookie` lines for the visitor's key, on a page that is not stored. `decided` are the decisions of the
   * handler that have a variation.
   */
  keyLines(head: ResponseHead, decided: ReadonlyMap<string, unknown>): readonly string[] {
    const { request, participation, keys } = this.#parts;
    // Without a key, the next pages of somebody who has a preview cookie come from the app, too, and show the preview.
    const isWithout = isWithoutConsent(participation) || previewsIn(participation) !== undefined;
    if (isWithout) return keys.present(request) ? keys.expire(request) : [];
    const isEnrolling = participation.status === 'participating' && head.status < 400;
    if (this.#cookieKey === undefined || !isEnrolling || this.#isOtherwise) return [];
    // With the key, the visitor's next page may come from a cache: whoever is not enrolled by then never is.
    const isCounted = ([key, { events }]: [string, Decision]): boolean =>
      events.length === 0 || decided.has(key);
    if (![...(this.#expected ?? [])].every(isCounted)) {
      warnOfShare(this.#runtime, 'undecided');
      return [];
    }
    return keys.issue(this.#cookieKey, request);
  }

  get #control(): string {
    return `public, max-age=0, s-maxage=${Math.floor(this.#options.seconds)}`;
  }

  #mayBeStored(head: ResponseHead): boolean {
    // What is to be said in an error, or to somebody who may not see the page, is no page for others.
    if (head.status >= 400) return false;
    const control = head.getHeader('Cache-Control');
    // Somebody leaves a preview with this page.
    if (control === UNSTORED) return false;
    if (head.getHeader('Set-Cookie') !== undefined) {
      warnOfShare(this.#runtime, 'cookie');
      return false;
    }
    // The head is written twice if the first attempt was invalid.
    if (control === undefined || control === this.#control) return true;
    warnOfShare(this.#runtime, 'control');
    return isShared(head);
  }

  #compare({ experienceKey, variation }: Decision): void {
    const expected = this.#expected?.get(experienceKey);
    if (expected === undefined || expected.variation?.id === variation?.id) return;
    this.#isOtherwise = true;
    warnOfShare(this.#runtime, 'attributes');
  }

  /** The first key that is short enough. */
  #bounded(...keys: readonly string[]): string | undefined {
    const found = keys.find(({ length }) => length <= MAX_KEY);
    if (found === undefined) warnOfShare(this.#runtime, 'length');
    return found;
  }
}

/** Decides for the key as the handler is going to: each experience sees the decisions on those before it. */
function expect(
  experienceKey: string,
  { project }: Included,
  visitor: ContextVisitor,
  attributes: ExperienceAttributes,
): Decision {
  const decision = project.engine.experience(experienceKey, visitor, attributes);
  if (decision.change) visitor.state = applyChange(visitor.state, decision.change, Infinity).state;
  return decision;
}

/** True if a key can say what the visitor gets: they keep our cookies, and get the same on the next page. */
function hasKey(participation: Included): boolean {
  if (participation.stateUnavailable || !keepsCookies(participation.visitor)) return false;
  if (participation.status === 'participating') return true;
  return participation.because === 'no-page' && participation.previews === undefined;
}

const isWithoutConsent = (participation: Participation): boolean =>
  participation.status === 'excluded'
    ? participation.excludedBy === 'consent'
    : participation.visitor.mode !== 'enrol';

/** Adds a request header to `Vary`. */
function varyOn(head: ResponseHead, name: string): void {
  const before = String(head.getHeader('Vary') ?? '');
  const names = before.split(',').map((each) => each.trim().toLowerCase());
  if (names.includes('*') || names.includes(name)) return;
  head.setHeader('Vary', before === '' ? name : `${before}, ${name}`);
}
