/** Writes the response headers that depend on the visitor: our cookies, and a `Cache-Control` against shared caches. */
import type { CarriedAssignments } from '../identity/cookies/assignment-cookie.js';
import type { CarriedSession } from '../identity/cookies/session-cookie.js';
import type { CookieProblem } from '../identity/cookies/set-cookie.js';
import type { Visitor, VisitorReader } from '../identity/visitor-identity.js';
import type { IncomingRequest, ResponseHead } from '../model/http.js';
import type { RequestFacts } from '../request/request-reader.js';
import type { ContextDecision } from './decider.js';
import type { Participation } from './participation.js';
import type { Runtime } from './runtime.js';
import type { SharedPage } from './shared-page.js';
import { sharedVisitorOf } from './shared-visitor.js';
import { keyCookieLines, writeForCaches } from './shared-page-head.js';
import { isShared, keepFromSharedCaches, UNSHARED, warnOfSharing } from './shared-response.js';

const COOKIE_WARNINGS: Readonly<Record<CookieProblem, string>> = {
  'plain-http':
    'a visitor came over plain http, or through a proxy that the framework does not trust: our cookies are not ' +
    "Secure there, and with `secure: true`, `sameSite: 'none'` or a name such as `__Host-x` browsers do not " +
    'keep them, so that each page is a new visitor. Serve https, or tell the framework of the proxy ' +
    '(docs/guides/proxies.md)',
  'foreign-domain':
    'option `visitor.cookie.domain` does not fit the host of a request, so that browsers would not keep the cookie: ' +
    'there, our cookies have no Domain. If the host is not the one that visitors see, tell the framework of the ' +
    'proxy in front (docs/guides/proxies.md)',
};

/**
 * True if the response head may need one of our cookies. If not, only `Cache-Control` is written, which can be set
 * early.
 */
export function changesCookies(
  { id, origin, withdrawn, alias, signature }: Visitor,
  session: CarriedSession | undefined,
  keepsAssignments: boolean,
): boolean {
  if (keepsAssignments || session?.isDue === true || (origin === 'generated' && id !== '')) return true;
  if ((alias !== undefined && alias.state !== 'waits') || signature === 'previous') return true;
  if (withdrawn === undefined) return false;
  return (
    withdrawn.cookie ||
    withdrawn.alias ||
    withdrawn.assignments ||
    withdrawn.session ||
    withdrawn.variations ||
    withdrawn.key
  );
}

/**
 * Chooses the responses that are looked at when their head is written, of those whose `Cache-Control` can be set early
 * and which need nothing else: only then does one see whether the app shares the page. The first is one of them.
 */
export class HeadSample {
  #count = 0;

  next(): boolean {
    return this.#count++ % 16 === 0;
  }
}

export interface VisitorHeadersParts {
  readonly request: IncomingRequest;
  readonly participation: Participation;
  /** True if the request leaves no trace of its visitor, whether or not a project config is there. */
  readonly isReadOnly: boolean;
  /** The assignments of the visitor's cookie; undefined if this visitor has no assignment cookie. */
  readonly carried: CarriedAssignments | undefined;
  /** The session of the visitor's cookie; undefined if this visitor has no session cookie. */
  readonly session: CarriedSession | undefined;
  /** The facts of the request, from which a new session takes its attribution. */
  readonly facts: RequestFacts;
  /** The decisions of the request that have a variation, as they are when they are read. */
  readonly decisions: { readonly decided: ReadonlyMap<string, ContextDecision> };
}

/**
 * Writes the headers of one response. If the first attempt to write a head was invalid, the head is written again: then
 * the cookie lines of the first attempt are removed.
 */
export class VisitorHeaders {
  readonly #lines: string[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly visitors: VisitorReader,
    private readonly parts: VisitorHeadersParts,
  ) {}

  /**
   * `takesOver` is the visitor id that the device takes over after `identify()`; null: none, even if the alias cookie
   * names one; undefined: `identify()` was not called, or the store has not answered. `page` is the page, if the app
   * shares it per variation.
   */
  write(head: ResponseHead, takesOver: string | null | undefined, page: SharedPage | undefined): void {
    for (const line of this.#lines.splice(0)) head.removeCookie(line);
    const { participation } = this.parts;
    const isPlain = takesOver === undefined;
    const others = sharedVisitorOf(this.parts.request);
    // Another Convert shares the page, which depends on the visitor of this one, too.
    if (page === undefined && others?.page !== undefined) keepFromSharedCaches(head);
    const shared = page === undefined ? isShared(head) : writeForCaches(this.runtime, page, head, isPlain);
    if (head.getHeader('Cache-Control') === undefined) head.setHeader('Cache-Control', UNSHARED);
    if (page === undefined && shared && participation.visitor.id !== '') warnOfSharing(this.runtime);
    const add = (line: string): void => {
      if (shared || others?.mayWrite(this, line) === false) return;
      this.#lines.push(line);
      head.appendCookie(line);
    };
    this.#withdraw(add);
    this.#identify(add, shared);
    this.#takeOver(add, takesOver);
    this.#assign(add, shared);
    this.#goOn(add);
    if (page !== undefined && !shared) keyCookieLines(page, head).forEach(add);
  }

  #withdraw(add: (line: string) => void): void {
    const { request, participation } = this.parts;
    const { withdrawn } = participation.visitor;
    const { cookie, alias, assignments, sessions, variations, keys } = this.visitors;
    if (withdrawn?.key) keys?.expire(request).forEach(add);
    if (withdrawn?.cookie) cookie.expire(request).forEach(add);
    if (withdrawn?.alias) alias.expire(request).forEach(add);
    if (withdrawn?.assignments) assignments?.expire(request).forEach(add);
    if (withdrawn?.session) sessions?.expire(request).forEach(add);
    if (withdrawn?.variations) variations?.expire(request).forEach(add);
  }

  #identify(add: (line: string) => void, shared: boolean): void {
    const { request, participation } = this.parts;
    const { id, origin, signature } = participation.visitor;
    const { cookie } = this.visitors;
    if (id === '' || this.#isReadOnly) return;
    if (signature === 'previous') cookie.signAgain(id, request).forEach(add);
    if (origin !== 'generated') return;
    // The browser may bring a cookie that does not count: then no older one must come before the new one.
    const lines = cookie.present(request) ? cookie.replace(id, request) : cookie.issue(id, request);
    lines.forEach(add);
    const problem = cookie.problem(request);
    if (problem !== undefined)
      this.runtime.warnOnce('CONVERT_COOKIE_NOT_KEPT', COOKIE_WARNINGS[problem], problem);
    if (shared && participation.status !== 'excluded') participation.work.discard('no-identity');
  }

  #takeOver(add: (line: string) => void, takesOver: string | null | undefined): void {
    const { request, participation } = this.parts;
    const { cookie, alias } = this.visitors;
    const { id, alias: brought } = participation.visitor;
    if (participation.status === 'excluded' || this.#isReadOnly) return;
    if (brought?.state === 'due') cookie.replace(id, request).forEach(add);
    const next = takesOver === undefined && brought?.state !== 'due' ? brought : undefined;
    if (typeof takesOver === 'string') add(alias.issue(takesOver, request));
    else if (next?.state === 'renew') add(alias.issue(next.id, request));
    else if (brought !== undefined && next === undefined) alias.expire(request).forEach(add);
  }

  #assign(add: (line: string) => void, shared: boolean): void {
    const { participation, carried } = this.parts;
    if (carried === undefined || participation.status === 'excluded') return;
    const { work, project } = participation;
    // The commit is made before the head is written, not after it as usual: the cookie must hold no variation whose
    // exposure the outbox has refused.
    if (!shared) void work.commit();
    if (!work.enrols) return;
    const { line, dropped } = carried.update(work.state, project.config, (id) => work.isKept(id));
    if (line === undefined || shared) return;
    if (dropped > 0) {
      this.runtime.warnOnce(
        'CONVERT_COOKIE_FULL',
        'the assignments of a visitor have no room in `assignmentCookie`; those of experiences that no longer run are' +
          ' left out first, then the oldest ones. A store that processes share has no such bound',
      );
    }
    add(line);
  }

  /** Writes the session cookie if it is due. */
  #goOn(add: (line: string) => void): void {
    const { participation, session, facts } = this.parts;
    if (session?.isDue !== true || participation.status === 'excluded' || !participation.work.enrols) return;
    add(
      session.update(() => ({ isFirst: facts.requestVisitor.isNewVisitor, attribution: facts.attribution })),
    );
  }

  /** True if the response sets no cookie with a visitor id. */
  get #isReadOnly(): boolean {
    const { participation, isReadOnly } = this.parts;
    return isReadOnly || participation.status === 'read-only';
  }
}
