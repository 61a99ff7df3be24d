/**
 * A page that the app lets shared caches keep per variation (`share()`): whether this request's page may be stored,
 * what it shows, and under which key the visitor is to ask for it next time.
 */
import type { Decision, ExperienceAttributes } from '../engine/types.js';
import type { KeyCookie } from '../identity/cookies/key-cookie.js';
import type { IncomingRequest } from '../model/http.js';
import { RequestCookies } from '../request/cookies.js';
import type { RequestFacts } from '../request/request-reader.js';
import { asConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import type { Decider } from './decider.js';
import { PageVisitor } from './engine-visitor.js';
import { areFinal, exposedIn, foresee, NO_IDS, type PageDecisions, problemOf, shownIn } from './next-page.js';
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
    return new SharedPage(runtime, given, runtime.unknownFields.read('share', attributes), parts);
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

export class SharedPage {
  readonly participation: Participation;
  readonly keys: KeyCookie;
  readonly request: IncomingRequest;
  /** How long a shared cache may keep the page. */
  readonly seconds: number;
  /** Decides for the page; undefined if the visitor does not take part, so nothing is decided. */
  readonly decider: Decider | undefined;
  /** True if a shared cache may store the page: it is the one under whose key the cache has asked for it. */
  readonly isShared: boolean = false;
  /**
   * The ids of the experiences whose exposure the server counts for all who get the page. Empty if the page is not
   * shared.
   */
  readonly exposed: ReadonlySet<string> = NO_IDS;
  readonly #runtime: Runtime;
  readonly #facts: RequestFacts;
  readonly #attributes: ExperienceAttributes;
  /** The experiences of the key. */
  readonly #own: ReadonlySet<string>;
  /** What the handler has decided on a page that is not shared. */
  readonly #decided: Decision[] = [];

  constructor(
    runtime: Runtime,
    { key, seconds }: ShareOptions,
    attributes: ExperienceAttributes,
    { request, participation, facts, keys }: SharedPageParts,
  ) {
    this.#runtime = runtime;
    this.#facts = facts;
    this.#attributes = attributes;
    this.#own = new Set(key);
    this.request = request;
    this.participation = participation;
    this.keys = keys;
    this.seconds = Math.floor(seconds);
    if (participation.status === 'excluded') return;
    const { project, work } = participation;
    let fixed: FixedVisitor | undefined;
    const brought = hasKey(participation) ? keys.keyOf(request) : undefined;
    const isPage = request.method === 'GET' || request.method === 'HEAD';
    // A new visitor is first to be enrolled, whatever key they bring.
    if (brought !== undefined && isPage && participation.visitor.origin !== 'generated') {
      const visitor = this.#visitorOf(participation);
      const decisions = foresee(this.#own, project.engine, visitor, attributes);
      const isRight = brought === this.#keyOf(decisions, brought, participation);
      this.isShared = isRight && areFinal(decisions, participation, visitor, attributes);
      if (this.isShared) {
        fixed = { visitor, attributes };
        this.exposed = exposedIn(decisions, work.state, attributes);
      }
    }
    const record = (decision: Decision): void => void this.#decided.push(decision);
    this.decider = new PageDecider(project.engine, this.#own, fixed, record);
  }

  /**
   * The key that the visitor's browser is to send from now on, since their next page shows what it says; undefined if
   * it gets none, which is logged once. It is asked for when the page is decided.
   */
  nextKey(): string | undefined {
    const { participation, request, keys } = this;
    if (participation.status === 'excluded' || !hasKey(participation)) return undefined;
    const visitor = this.#visitorOf(participation);
    const next = foresee(this.#own, participation.project.engine, visitor, this.#attributes);
    // With the key, the visitor's next page may come from a cache: whoever is not enrolled by then never is.
    const problem = this.isShared ? undefined : problemOf(next, this.#decided);
    if (problem === undefined) return this.#keyOf(next, keys.cookieKeyOf(request), participation);
    if (problem !== 'changes') warnOfShare(this.#runtime, problem);
    return undefined;
  }

  /** The visitor, with the state of this moment. */
  #visitorOf(participation: Included): PageVisitor {
    const { location, visitor } = this.#facts;
    const sources = { location, visitor, cookies: new RequestCookies(this.request) };
    return new PageVisitor(participation, sources, this.#runtime);
  }

  /**
   * The key of these decisions, together with what is true of other pages in the key that is `known`; undefined if it
   * is too long.
   */
  #keyOf(decisions: PageDecisions, known: string | undefined, included: Included): string | undefined {
    const shown = shownIn(decisions);
    const others = othersIn(known, this.#own, included.project, included.work.state);
    const keys = [pageKey(new Map([...others, ...shown])), pageKey(shown)];
    const found = keys.find(({ length }) => length <= MAX_KEY);
    if (found === undefined) warnOfShare(this.#runtime, 'length');
    return found;
  }
}

/** True if a key can say what the visitor gets: they keep our cookies, and get the same on the next page. */
function hasKey(participation: Included): boolean {
  if (participation.stateUnavailable || !keepsCookies(participation.visitor)) return false;
  if (participation.status === 'participating') return true;
  return participation.because === 'no-page' && participation.previews === undefined;
}
