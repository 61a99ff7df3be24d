/**
 * A page that the app lets shared caches keep per variation (`share()`): whether this request's page may be stored,
 * what it shows, and under which key the visitor is to ask for it next time.
 */
import type { Decision, ExperienceAttributes } from '../engine/types.js';
import type { KeyCookie } from '../identity/cookies/key-cookie.js';
import type { IncomingRequest } from '../model/http.js';
import { applyChange } from '../model/visitor-state/apply-change.js';
import { RequestCookies } from '../request/cookies.js';
import type { RequestFacts } from '../request/request-reader.js';
import { asConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import type { Decider } from './decider.js';
import { type ContextVisitor, PageVisitor } from './engine-visitor.js';
import { type FixedVisitor, PageDecider } from './page-decider.js';
import { MAX_KEY, othersIn, pageKey } from './page-key.js';
import type { Included, Participation } from './participation.js';
import { keepsCookies } from './resolve-participation.js';
import type { Runtime } from './runtime.js';
import { warnOfShare } from './share-problems.js';
import type { ShareOptions } from './types.js';

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
    return new SharedPage(runtime, given, asObject(attributes), parts);
  } catch (error) {
    runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a page could not be shared'));
    return undefined;
  }
}

function isShareable(options: Partial<ShareOptions>): options is ShareOptions {
  const { key, seconds } = options;
  const isKey = (each: unknown): boolean => typeof each === 'string' && each !== '';
  const isRightKey = Array.isArray(key) && key.length > 0 && key.length <= 16 && key.every(isKey);
  return isRightKey && typeof seconds === 'number' && seconds >= 1 && seconds <= 31_536_000;
}

const NOTHING: ReadonlyMap<string, Decision> = new Map();

export class SharedPage {
  readonly request: IncomingRequest;
  readonly participation: Participation;
  readonly keys: KeyCookie;
  /** How long a shared cache may keep the page. */
  readonly seconds: number;
  /** Decides for the page; undefined if the visitor does not take part, so nothing is decided. */
  readonly decider: Decider | undefined;
  /** True if a shared cache may store the page: it is the one under whose key the cache has asked for it. */
  readonly isShared: boolean = false;
  /** What the page shows, by experience key; empty if that is not for the visitor's key to say. */
  readonly expected: ReadonlyMap<string, Decision> = NOTHING;
  /** The key that the visitor's browser is to send from now on; undefined if it gets none. */
  readonly nextKey: string | undefined;
  /** True if the handler has decided something else than the key says. */
  differs = false;
  readonly #runtime: Runtime;

  constructor(
    runtime: Runtime,
    { key, seconds }: ShareOptions,
    attributes: ExperienceAttributes,
    { request, participation, facts, keys }: SharedPageParts,
  ) {
    this.#runtime = runtime;
    this.request = request;
    this.participation = participation;
    this.keys = keys;
    this.seconds = Math.floor(seconds);
    if (participation.status === 'excluded') return;
    const own = new Set(key);
    const { project, work } = participation;
    let fixed: FixedVisitor | undefined;
    if (hasKey(participation)) {
      const { location, visitor: properties } = facts;
      const sources = { location, visitor: properties, cookies: new RequestCookies(request) };
      const visitor = new PageVisitor(participation, sources, runtime);
      this.expected = new Map(
        [...own].map((each) => [each, expect(each, participation, visitor, attributes)]),
      );
      const shown = new Map(
        [...this.expected].map(([each, { variation }]) => [each, variation?.key ?? null]),
      );
      const keyWith = (brought: string | undefined): string =>
        pageKey(new Map([...othersIn(brought, own, project, work.state), ...shown]));
      const brought = keys.keyOf(request);
      const isPage = request.method === 'GET' || request.method === 'HEAD';
      // A new visitor is first to be enrolled, whatever key they bring.
      const isKnown = participation.visitor.origin !== 'generated';
      this.isShared = isPage && isKnown && brought !== undefined && brought === keyWith(brought);
      this.nextKey = this.#bounded(keyWith(keys.cookieKeyOf(request)), pageKey(shown));
      if (this.isShared) fixed = { visitor, attributes };
    }
    this.decider = new PageDecider(project.engine, own, fixed, (decision) => this.#compare(decision));
  }

  #compare({ experienceKey, variation }: Decision): void {
    const expected = this.expected.get(experienceKey);
    if (expected === undefined || expected.variation?.id === variation?.id) return;
    this.differs = true;
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
