/** The context of one HTTP request: who the visitor is, what goes into the response head, and when to commit. */
import { askApp } from './ask.js';
import { createBridge, type Bridge } from './bridge/bridge.js';
import { BaseContext, NOBODY, type Visit } from './base-context.js';
import type { ConvertContext } from './context.js';
import type { Properties } from './engine/port.js';
import { asConvertError, type ConvertError } from './errors.js';
import type { IncomingRequest, OutgoingResponse, RequestFunction, ResponseHead } from './exchange.js';
import { Journal } from './journal.js';
import type { RequestFacts, RequestReader } from './request/reader.js';
import { storeKey, type LoadedProject, type Runtime } from './runtime.js';
import { countEvents, type VisitorState } from './state.js';
import { isThenable } from './thenable.js';
import type { Visitor, VisitorReader } from './visitor/identity.js';

/** What all request contexts of one Convert share. */
export interface RequestContextParts {
  readonly visitors: VisitorReader;
  readonly reader: RequestReader;
  readonly skip: RequestFunction<unknown, boolean> | undefined;
}

/** The context of one HTTP request. */
export class RequestContext extends BaseContext implements ConvertContext {
  readonly #parts: RequestContextParts;
  readonly #request: IncomingRequest;
  readonly #response: OutgoingResponse;
  #facts: RequestFacts | undefined;
  #visitor: Visitor | undefined;
  #stored: VisitorState | undefined;
  #bridge: Bridge | undefined;
  /** What a remote store said before the handler ran; undefined where it was not asked. */
  #prefetched: { state: VisitorState | undefined } | undefined;
  #headWritten = false;
  #closeWatched = false;
  #commitScheduled = false;
  #skipped: boolean | undefined;

  constructor(
    runtime: Runtime,
    parts: RequestContextParts,
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
    return (this.#skipped ??= this.#askSkip());
  }

  /** Reads the visitor's state from a remote store. Returns undefined where there is nothing to wait for. */
  prefetch(
    read: (key: string) => Promise<VisitorState | undefined> | VisitorState | undefined,
  ): Promise<void> | undefined {
    const visitor = this.#identified();
    const { project } = this.runtime;
    if (visitor === undefined || visitor.gate !== undefined || visitor.origin === 'minted' || !project)
      return undefined;
    const key = storeKey(project.config, visitor.id, visitor.origin, this.runtime.hasAppIds);
    const state = read(key);
    if (!isThenable(state)) {
      this.#prefetched = { state };
      return undefined;
    }
    return state.then((value) => {
      this.#prefetched = { state: value };
    });
  }

  get isNewVisitor(): boolean {
    const { visit } = this;
    const { origin } = visit.visitor;
    if (origin === 'cookie') return false;
    return origin === 'minted' || this.#stored === undefined;
  }

  get locationProperties(): Readonly<Record<string, unknown>> {
    return this.#requestFacts.locationObject();
  }

  get visitorProperties(): Readonly<Record<string, unknown>> {
    return this.#requestFacts.visitorObject();
  }

  get bridge(): Bridge {
    return (this.#bridge ??= createBridge(() => {
      const { visit } = this;
      const isLost = visit.closed === undefined && visit.traceless === 'no-identity';
      const isKnown = visit.visitor.mode === 'enrol' && visit.visitor.id !== '' && !isLost;
      return {
        ...(isKnown && { visitorId: visit.visitor.id }),
        variations: Object.fromEntries(
          [...(this.decided ?? [])].map(([key, { variation }]) => [key, variation?.key ?? '']),
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

  #askSkip(): boolean {
    const { skip } = this.#parts;
    if (skip === undefined) return false;
    const onError = (error: ConvertError): void => this.runtime.report(error);
    const question = { option: 'skip', otherwise: 'taken as false', onError };
    return askApp(skip, this.#request.raw, question) === true;
  }

  protected resolve(): Visit {
    const request = this.#request;
    const response = this.#response;
    const visitor = this.#identified();
    if (visitor === undefined) return { closed: 'disabled', visitor: NOBODY };
    if (!response.headersSent) response.onHead((head) => this.#onHead(head));
    if (visitor.withdrawn) this.#withdraw(visitor.withdrawn);
    if (visitor.gate !== undefined) return { closed: visitor.gate, visitor };
    const { project } = this.runtime;
    if (!project) return { closed: 'not-ready', visitor };

    const key = storeKey(project.config, visitor.id, visitor.origin, this.runtime.hasAppIds);
    this.#stored = this.#read(visitor, key);
    const minted = visitor.origin === 'minted';
    const traceless =
      request.method === 'HEAD' ? 'head-request' : minted && response.headersSent ? 'no-identity' : undefined;
    const journal = new Journal(this.runtime, {
      visitorId: visitor.id,
      storeKey: key,
      stored: this.#stored,
      mode: traceless === undefined ? visitor.mode : 'silent',
      ephemeral: minted,
      consented: this.runtime.consentConfigured && visitor.mode === 'enrol',
      generation: this.runtime.withdrawals.generation,
      segments: () => this.#requestFacts.segments(),
    });
    if (journal.pending) this.recorded(journal);
    return { closed: undefined, visitor, project, journal, traceless };
  }

  #read(visitor: Visitor, key: string): VisitorState | undefined {
    if (visitor.origin === 'minted') return undefined;
    if (this.runtime.store.remote) return this.#prefetched?.state;
    try {
      const state = this.runtime.store.read(key);
      return isThenable(state) ? undefined : state;
    } catch (error) {
      this.runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to read'));
      return undefined;
    }
  }

  protected recorded(journal: Journal): void {
    const response = this.#response;
    if (this.#headWritten || response.headersSent || response.closed) return this.#commitSoon(journal);
    if (this.#closeWatched) return;
    // A response that never gets a head is told about by its end only.
    this.#closeWatched = true;
    response.onClose(() => this.#commitSoon(journal));
  }

  /** Off the response's own tick. */
  #commitSoon(journal: Journal): void {
    if (this.#commitScheduled) return;
    this.#commitScheduled = true;
    setImmediate(() => {
      this.#commitScheduled = false;
      journal.commit();
    });
  }

  #onHead(head: ResponseHead): void {
    this.#headWritten = true;
    const visit = this.resolved;
    if (!visit) return;
    try {
      this.#writeHead(head, visit);
    } catch (error) {
      this.runtime.report(
        asConvertError(error, 'CONVERT_INTERNAL', 'the response head could not be completed'),
      );
    }
    if (visit.journal?.pending) this.#commitSoon(visit.journal);
  }

  #writeHead(head: ResponseHead, visit: Visit): void {
    const request = this.#request;
    const { cookie } = this.#parts.visitors;
    const given = head.getHeader('Cache-Control');
    if (given === undefined) head.setHeader('Cache-Control', 'private, no-cache');
    const isShared = given !== undefined && /\b(public|s-maxage)\b/i.test(String(given));
    if (visit.visitor.withdrawn?.cookie && !isShared) head.appendCookie(cookie.expire(request));
    const issues = visit.visitor.origin === 'minted' && visit.visitor.id !== '' && request.method !== 'HEAD';
    if (!issues) return;
    if (!isShared) return head.appendCookie(cookie.issue(visit.visitor.id, request));
    this.runtime.warnOnce(
      'shared-response',
      "a response that uses the visitor is marked public or s-maxage: a shared cache would hand one visitor's page " +
        'to all. The visitor cookie is left out and new visitors are not enrolled; mark it private',
    );
    // A first attempt at this head may have failed after the cookie was set.
    head.removeCookie(cookie.issue(visit.visitor.id, request));
    visit.journal?.discard('no-identity');
  }

  /** Consent is denied: what we have of the visitor goes, off the request's own way. */
  #withdraw({ cookieId, appId }: NonNullable<Visitor['withdrawn']>): void {
    const { store, hasAppIds } = this.runtime;
    const forget = async (project: LoadedProject): Promise<void> => {
      const keys = [
        cookieId === undefined ? undefined : storeKey(project.config, cookieId, 'cookie', hasAppIds),
        appId === undefined ? undefined : storeKey(project.config, appId, 'app', hasAppIds),
      ];
      // Another request that is under way must not bring back what goes here.
      for (const key of keys) if (key !== undefined) this.runtime.withdrawals.add(key);
      for (const each of this.runtime.uncommitted) {
        if (keys.includes(each.storeKey)) each.discard('consent');
      }
      const [cookieKey, appKey] = keys;
      if (cookieKey !== undefined) await store.delete(cookieKey);
      if (appKey === undefined) return;
      const state = await store.read(appKey);
      if (!state?.consent && !state?.held) return;
      const held = countEvents(state.held ?? []);
      if (held > 0) this.runtime.outbox.drop(held, 'consent');
      await store.commit(appKey, { consent: 'withdrawn', release: true }, { ephemeral: false });
    };
    this.runtime.whenReady((project) => {
      forget(project).catch((error: unknown) =>
        this.runtime.report(
          asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to forget a visitor'),
        ),
      );
    });
  }
}
