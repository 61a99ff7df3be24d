/** The head of one response: has the headers for its visitor written, at once or right before the head is sent. */
import type { CarriedSession } from '../identity/cookies/session-cookie.js';
import type { Visitor, VisitorReader } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse, ResponseHead } from '../model/http.js';
import type { ProjectNames } from '../model/project-names.js';
import { asConvertError } from '../utils/errors.js';
import type { EtagWatch } from './etag-watch.js';
import type { Participation } from './participation.js';
import { warnOfLostIdentity } from './read-only.js';
import { keepsCookies } from './resolve-participation.js';
import type { Runtime } from './runtime.js';
import { openSharedPage, type ShareCall, type SharedPage } from './shared-page.js';
import { UNSHARED } from './shared-response.js';
import { UserAlias } from './user-alias.js';
import {
  changesCookies,
  type HeadSample,
  VisitorHeaders,
  type VisitorHeadersParts,
} from './visitor-headers.js';

export interface RequestHeadParts {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly visitors: VisitorReader;
  readonly heads: HeadSample;
  readonly etags: EtagWatch;
  /** The names of an app with several projects; undefined for those of an app with one. */
  readonly names: ProjectNames | undefined;
  /** Returns what the headers depend on; undefined while nothing has asked for the visitor. */
  readonly read: () => VisitorHeadersParts | undefined;
}

export class RequestHead {
  readonly #runtime: Runtime;
  readonly parts: RequestHeadParts;
  /** The page, if the app shares it per variation. */
  page: SharedPage | undefined;
  /** The headers for the visitor, one object for all attempts to write a head. */
  #headers: VisitorHeaders | undefined;
  #alias: UserAlias | undefined;
  #isListening = false;
  #isSetEarly = false;
  #isSeen = false;

  constructor(runtime: Runtime, parts: RequestHeadParts) {
    this.#runtime = runtime;
    this.parts = parts;
  }

  /** Has the headers for the visitor written, unless the head is sent already. */
  prepare(visitor: Visitor, session: CarriedSession | undefined): void {
    const { response, visitors, heads } = this.parts;
    if (response.headersSent) return;
    const keepsAssignments = visitors.assignments !== undefined && keepsCookies(visitor);
    const needsHead = changesCookies(visitor, session, keepsAssignments);
    const looksAtHead = response.setEarly === undefined || heads.next();
    if (needsHead || looksAtHead) this.#listen();
    else this.#isSetEarly = response.setEarly?.('Cache-Control', UNSHARED) === true;
  }

  /** Has the headers written for a page that the app shares per variation, if it can be shared. */
  share({ isLate, ...given }: ShareCall): void {
    const { request, response, visitors } = this.parts;
    const read = this.parts.read();
    if (read === undefined) return;
    const { keys } = visitors;
    if (!visitors.usesCookies) return this.#warnOfCookies('share()');
    if (keys === undefined) return;
    const page = openSharedPage(
      this.#runtime,
      { ...given, isLate: isLate || this.page !== undefined || response.headersSent },
      { request, participation: read.participation, facts: read.facts, keys },
    );
    if (page === undefined) return;
    this.page = page;
    // What is set from now on is the app's.
    if (this.#isSetEarly) response.unsetEarly?.('Cache-Control', UNSHARED);
    this.#listen();
  }

  /** Links the visitor to a user of the app, and has the alias cookie written. Never rejects. */
  async identify(participation: Participation, userId: string | number): Promise<void> {
    const { request, response, visitors } = this.parts;
    if (!visitors.usesCookies) return this.#warnOfCookies('identify()');
    this.#alias ??= new UserAlias(this.#runtime, request.raw);
    await this.#alias.claim(participation, userId, () => {
      // The listener is added before the store answers. If the head is written meanwhile, the alias cookie is left out.
      if (!response.headersSent) this.#listen();
    });
  }

  /**
   * True if the head was sent in a way that this package did not see, as a framework can do that wraps Node's response:
   * then the cookie of a new visitor is not in it.
   */
  isLost(): boolean {
    const isLost = this.parts.response.headersSent && !this.#isSeen;
    if (isLost) warnOfLostIdentity(this.#runtime, 'head-sent');
    return isLost;
  }

  #warnOfCookies(call: string): void {
    this.#runtime.warnOnce(
      'CONVERT_NO_COOKIES',
      `${call} needs a cookie, and option \`visitor.cookie\` is false, so that it does nothing`,
      call,
    );
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.parts.response.onHead((head) => this.#complete(head));
  }

  #complete(head: ResponseHead): void {
    this.#isSeen = true;
    const read = this.parts.read();
    if (read === undefined) return;
    try {
      this.#headers ??= new VisitorHeaders(this.#runtime, this.parts.visitors, read);
      this.#headers.write(head, this.#alias?.takesOver, this.page);
      this.parts.etags.see(this.#runtime, read.request.url, head, read.decisions);
    } catch (error) {
      this.#runtime.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'the response head could not be completed'),
      );
    }
    const { participation } = read;
    if (participation.status === 'excluded' || participation.visitor.origin !== 'generated') return;
    if (!participation.work.enrols) this.#alias?.takeBack();
  }
}
