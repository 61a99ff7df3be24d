/** The context of one HTTP request: who the visitor is, what goes into the response head, and when to commit. */
import { type Bridge, createBridge } from '../bridge/bridge.js';
import type { Decision, Properties } from '../engine/types.js';
import type { CarriedAssignments } from '../identity/cookies/assignment-cookie.js';
import type { CarriedSession } from '../identity/cookies/session-cookie.js';
import type { Visitor, VisitorReader, Withdrawal } from '../identity/visitor-identity.js';
import type { Session } from '../model/attribution.js';
import type { IncomingRequest, OutgoingResponse, ResponseHead } from '../model/http.js';
import { storeKey } from '../model/store-key.js';
import { withDeferredChanges } from '../model/visitor-state/apply-change.js';
import { withoutLapsedClaims } from '../model/visitor-state/claims.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { RequestCookies } from '../request/cookies.js';
import { previewLink } from '../request/preview.js';
import type { ProxyWatch } from '../request/proxy-detection.js';
import type { RequestFacts, RequestReader } from '../request/request-reader.js';
import type { Answer, RemoteStore } from '../store/remote-store.js';
import { callAppFunction, isThenable, type RequestFunction } from '../utils/app-callback.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { askForHints, canStopHints, isHtml, isShared, stopHints } from './client-hint-headers.js';
import { withdrawVisitor } from './erase-visitor.js';
import { EXCLUDED, excluded, type Participation } from './participation.js';
import type { AfterCommit, LoadedProject, Runtime } from './runtime.js';
import type { ConvertContext } from './types.js';
import { UnitOfWork } from './unit-of-work.js';
import { UserAlias } from './user-alias.js';
import { VisitorContextBase } from './visitor-context.js';
import { UNSHARED, VisitorHeaders } from './visitor-headers.js';

/** What all request contexts of one Convert share. */
export interface RequestServices {
  readonly visitors: VisitorReader;
  readonly reader: RequestReader;
  readonly skip: RequestFunction<unknown, boolean> | undefined;
  readonly preview: boolean | RequestFunction<unknown, boolean> | undefined;
  readonly proxies: ProxyWatch;
}

/** The context of one HTTP request. */
export class RequestContext extends VisitorContextBase implements ConvertContext {
  readonly #parts: RequestServices;
  readonly #request: IncomingRequest;
  readonly #response: OutgoingResponse;
  #facts: RequestFacts | undefined;
  #visitor: Visitor | undefined;
  /** With what the cookie of assignments brought. */
  #stored: VisitorState | undefined;
  #carried: CarriedAssignments | undefined;
  #session: CarriedSession | undefined;
  #head: VisitorHeaders | undefined;
  #alias: UserAlias | undefined;
  #bridge: Bridge | undefined;
  /** What a remote store said before the handler ran; undefined where it was not asked. */
  #prefetched: Answer | undefined;
  #stateUnavailable = false;
  #skipped: boolean | undefined;

  constructor(
    runtime: Runtime,
    parts: RequestServices,
    request: IncomingRequest,
    response: OutgoingResponse,
  ) {
    super(runtime);
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
  }

  /** True where the app's `skip` says that this request is none of our business. */
  get skipped(): boolean {
    const { skip } = this.#parts;
    return (this.#skipped ??= skip !== undefined && this.#ask('skip', skip, 'taken as false') === true);
  }

  /** Has pages ask for client hints, unless their visitor is a bot, or has not consented: a denial takes back what was asked for. */
  acceptHints(critical: boolean): void {
    this.#response.onHead((head) => {
      try {
        if (isHtml(head) && this.#mayAsk(head)) askForHints(head, critical);
        else if (canStopHints(head, this.#request) && this.#identified()?.consent === 'denied')
          stopHints(head);
      } catch (error) {
        this.runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'client hints could not be asked for'));
      }
    });
  }

  /** Reads the visitor's state from a remote store. Returns undefined where there is nothing to wait for. */
  prefetch(store: RemoteStore): Promise<void> | undefined {
    const visitor = this.#identified();
    const { project } = this.runtime;
    if (
      visitor === undefined ||
      visitor.excludedBy !== undefined ||
      visitor.origin === 'generated' ||
      !project
    )
      return undefined;
    const key = storeKey(project.config, visitor.id, visitor.origin, this.runtime.hasAppIds);
    const state = store.readCached(key);
    const answer = state === undefined ? store.readWithinBudget(key) : { state };
    if (!isThenable(answer)) {
      this.#prefetched = answer;
      return undefined;
    }
    return answer.then((value) => {
      this.#prefetched = value;
    });
  }

  get isNewVisitor(): boolean {
    const { origin } = this.participation.visitor;
    if (origin === 'cookie') return false;
    // A visitor of whom nothing could be read is nobody of whom nothing is known.
    return origin === 'generated' || (this.#stored === undefined && !this.#stateUnavailable);
  }

  /** The session that the visitor goes on with; undefined where one begins, or none is kept. */
  get session(): Session | undefined {
    return this.participation.status === 'excluded' ? undefined : this.#session?.session;
  }

  async identify(userId: string | number): Promise<void> {
    await (this.#alias ??= new UserAlias(this.runtime)).claim(this.participation, userId, () => {
      // Before the answer is there: a head that is written meanwhile goes without.
      if (!this.#response.headersSent) this.#response.onHead((head) => this.#onHead(head));
    });
  }

  get locationProperties(): Readonly<Record<string, unknown>> {
    return this.#requestFacts.locationObject();
  }

  get visitorProperties(): Readonly<Record<string, unknown>> {
    return this.#requestFacts.visitorObject();
  }

  get bridge(): Bridge {
    return (this.#bridge ??= createBridge(() => {
      const { participation } = this;
      const { id, mode } = participation.visitor;
      // The page is not told an id that the response does not hand out.
      const isNobody = participation.status === 'read-only' && participation.because !== 'head-request';
      return {
        ...(mode === 'enrol' && id !== '' && !isNobody && { visitorId: id }),
        variations: Object.fromEntries(
          [...this.decided].map(([key, { variation }]) => [key, variation?.key ?? '']),
        ),
      };
    }));
  }

  protected get locations(): Properties {
    return this.#requestFacts.location;
  }

  protected get properties(): Properties {
    return this.#requestFacts.visitor;
  }

  protected override get cookies(): Properties {
    return new RequestCookies(this.#request);
  }

  get #requestFacts(): RequestFacts {
    return (this.#facts ??= this.#parts.reader.read(this.#request, this));
  }

  /** The visitor; undefined where the request is skipped. */
  #identified(): Visitor | undefined {
    if (this.#visitor === undefined) {
      if (this.skipped) return undefined;
      this.#visitor = this.#parts.visitors.identify(this.#request);
    }
    return this.#visitor;
  }

  /** What a browser sends because it was asked to is access to the device: consent goes before it. */
  #mayAsk(head: ResponseHead): boolean {
    const visitor = this.#identified();
    if (visitor === undefined || visitor.excludedBy !== undefined || visitor.consent !== 'granted')
      return false;
    return !(this.runtime.consentConfigured && isShared(head));
  }

  #ask(option: string, ask: RequestFunction<unknown, unknown>, otherwise: string): unknown {
    const onError = (error: ConvertError): void => this.runtime.report(error);
    return callAppFunction(ask, this.#request.raw, { option, otherwise, onError });
  }

  protected resolve(): Participation {
    const request = this.#request;
    const response = this.#response;
    const visitor = this.#identified();
    if (visitor === undefined) return excluded(EXCLUDED, 'disabled');
    this.#session = this.#sessionOf(visitor);
    // Health checks go round the proxy, and come first.
    const unknownProxy = visitor.excludedBy === 'bot' ? undefined : this.#parts.proxies.see(request);
    if (unknownProxy !== undefined) this.runtime.warnOnce('proxy', unknownProxy);
    if (!response.headersSent) this.#prepareHead(visitor);
    if (visitor.withdrawn) this.#withdraw(visitor.withdrawn);
    if (visitor.excludedBy !== undefined) return excluded(visitor, visitor.excludedBy);
    const { project } = this.runtime;
    if (!project) return excluded(visitor, 'not-ready');

    const key = storeKey(project.config, visitor.id, visitor.origin, this.runtime.hasAppIds);
    const minted = visitor.origin === 'generated';
    const known = this.#read(visitor, key);
    this.#stored = known && withoutLapsedClaims(known, this.runtime.now());
    if (this.#carries(visitor)) {
      this.#carried = this.#parts.visitors.assignments?.open(request, key, this.#stored);
      this.#stored = this.#carried?.state;
    }
    const preview = this.#previewOf(project);
    const because =
      request.method === 'HEAD'
        ? 'head-request'
        : preview
          ? 'preview'
          : minted && response.headersSent
            ? 'no-identity'
            : undefined;
    const isHeld = because !== undefined && visitor.mode === 'hold' && this.#stored !== undefined;
    const work = new UnitOfWork(this.runtime, {
      visitorId: visitor.id,
      storeKey: key,
      // What is held counts for decisions that leave no trace, too.
      stored: isHeld ? withDeferredChanges(this.#stored!, this.runtime.now()) : this.#stored,
      known: this.#stateUnavailable ? undefined : (known ?? null),
      mode: because === undefined ? visitor.mode : 'silent',
      ephemeral: minted,
      consented: visitor.mode === 'enrol',
      generation: this.runtime.revocations.generation,
      facts: this.#requestFacts,
      response,
      request: request.raw,
    });
    const stateUnavailable = this.#stateUnavailable;
    if (because === undefined) return { status: 'participating', visitor, project, work, stateUnavailable };
    return { status: 'read-only', because, visitor, project, work, stateUnavailable, preview };
  }

  /** What a preview link shows, if this is one that may be followed. */
  #previewOf({ engine }: LoadedProject): Decision | undefined {
    const link = previewLink(this.#request.url);
    if (link === undefined || !this.#mayPreview()) return undefined;
    return engine.preview(link);
  }

  #mayPreview(): boolean {
    const { preview } = this.#parts;
    return typeof preview === 'function'
      ? this.#ask('preview', preview, 'taken as false') === true
      : preview !== false;
  }

  #read(visitor: Visitor, key: string): VisitorState | undefined {
    if (visitor.origin === 'generated') return undefined;
    const prefetched = this.#prefetched;
    this.#stateUnavailable = this.runtime.store.remote && prefetched === undefined;
    if (this.runtime.store.remote) return prefetched?.state;
    try {
      const state = this.runtime.store.read(key);
      if (!isThenable(state)) return state;
      this.#stateUnavailable = true;
      return undefined;
    } catch (error) {
      this.#stateUnavailable = true;
      this.runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to read'));
      return undefined;
    }
  }

  /** Assignments go by cookie both ways. */
  #carries(visitor: Visitor): boolean {
    return this.#parts.visitors.assignments !== undefined && keepsCookies(visitor);
  }

  #sessionOf(visitor: Visitor): CarriedSession | undefined {
    const { sessions } = this.#parts.visitors;
    const { project } = this.runtime;
    if (sessions === undefined || !project || !keepsCookies(visitor)) return undefined;
    return sessions.open(this.#request, {
      now: this.runtime.now(),
      isNewcomer: visitor.origin === 'generated',
      keepsAttribution: project.config.project.settings?.do_not_track_referral !== true,
    });
  }

  #prepareHead(visitor: Visitor): void {
    const response = this.#response;
    const { id, origin, withdrawn, alias } = visitor;
    const isLeaving =
      withdrawn && (withdrawn.cookie || withdrawn.alias || withdrawn.assignments || withdrawn.session);
    const isMoving = alias !== undefined && alias.state !== 'waits';
    const isDue = isMoving || this.#session?.isDue === true;
    const hasCookie = isDue || (origin === 'generated' && id !== '') || isLeaving || this.#carries(visitor);
    if (hasCookie || response.setEarly === undefined) response.onHead((head) => this.#onHead(head));
    else response.setEarly('Cache-Control', UNSHARED);
  }

  /** One for all attempts at a head. */
  #headOf(participation: Participation): VisitorHeaders {
    return (this.#head ??= new VisitorHeaders(this.runtime, this.#parts.visitors, {
      request: this.#request,
      participation,
      carried: this.#carried,
      session: this.#session,
      facts: this.#requestFacts,
    }));
  }

  #onHead(head: ResponseHead): void {
    const participation = this.resolved;
    if (!participation) return;
    try {
      this.#headOf(participation).write(head, this.#alias?.adopts);
    } catch (error) {
      this.runtime.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'the response head could not be completed'),
      );
    }
    if (participation.status === 'excluded' || participation.visitor.origin !== 'generated') return;
    if (!participation.work.enrols) this.#alias?.takeBack();
  }

  /** Consent is denied: what we have of the visitor goes, off the request's own way. */
  #withdraw(withdrawn: Withdrawal): void {
    const { cookieId, fingerprint, appId } = withdrawn;
    if (cookieId === undefined && fingerprint === undefined && appId === undefined) return;
    let done: AfterCommit | undefined;
    this.runtime.waitUntil?.(this.#request.raw, (given) => (done = given));
    this.runtime.whenReady((project) => {
      const forgotten = withdrawVisitor(this.runtime, project, withdrawn).catch((error: unknown) =>
        this.runtime.report(
          asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to forget a visitor'),
        ),
      );
      done?.(forgotten);
    });
  }
}

/** There is consent, and this is one who keeps what we set. */
function keepsCookies({ excludedBy: gate, mode, origin }: Visitor): boolean {
  return gate === undefined && mode === 'enrol' && origin !== 'fingerprint';
}
