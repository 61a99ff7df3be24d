/**
 * The context of one HTTP request: it finds the visitor at first use, and completes the response head. The file has
 * over 300 lines since it is one class, which puts the parts together that one request needs.
 */
import type { PreviewMarkOptions } from '../bridge/preview-mark.js';
import type { Properties } from '../engine/types.js';
import type { CarriedAssignments } from '../identity/cookies/assignment-cookie.js';
import type { CarriedSession } from '../identity/cookies/session-cookie.js';
import type { ConsentAnswer } from '../consent/answer.js';
import type { Visitor, VisitorReader } from '../identity/visitor-identity.js';
import type { Session } from '../model/attribution.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import type { ProjectNames } from '../model/project-names.js';
import { withoutLapsedClaims } from '../model/visitor-state/claims.js';
import { RequestCookies } from '../request/cookies.js';
import type { ProxyWatch } from '../request/proxy-detection.js';
import type { RequestFacts, RequestReader } from '../request/request-reader.js';
import type { Answer, RemoteStore } from '../store/remote-store.js';
import type { RequestFunction } from '../utils/app-callback.js';
import { saysYes } from './app-answers.js';
import { acceptHints } from './client-hint-headers.js';
import type { EtagWatch } from './etag-watch.js';
import { revokeConsent } from './erase-visitor.js';
import { PageContext } from './page-context.js';
import { EXCLUDED, excluded, foundIn, type Participation } from './participation.js';
import { isNew, keepsCookies, lookUpState, resolveParticipation } from './resolve-participation.js';
import {
  type FollowedPreview,
  type PreviewServices,
  type RequestedPreview,
  requestedPreview,
} from './preview-link.js';
import type { LoadedProject, Runtime } from './runtime.js';
import type { ConvertContext } from './types.js';
import { isUpgrade, type ReadOnlyReason, readOnlyReason } from './read-only.js';
import { RequestHead } from './request-head.js';
import { type Companion, sharedVisitorOf } from './shared-visitor.js';
import type { HeadSample, VisitorHeadersParts } from './visitor-headers.js';
import { bindWhenRead } from '../utils/detached-methods.js';
import { asObject, isThenable } from '../utils/objects.js';

/** Parts that all request contexts of one Convert share. */
export interface RequestServices {
  readonly visitors: VisitorReader;
  readonly reader: RequestReader;
  readonly skip: RequestFunction<unknown, boolean> | undefined;
  readonly previews: PreviewServices;
  readonly proxies: ProxyWatch;
  readonly heads: HeadSample;
  readonly etags: EtagWatch;
  /** The names of an app with several projects; undefined for those of an app with one. */
  readonly names: ProjectNames | undefined;
  /** True if browsers keep our cookies in pages of other sites, too. */
  readonly isCrossSiteCookie: boolean;
}

export class RequestContext extends PageContext implements ConvertContext, Companion {
  readonly #services: RequestServices;
  readonly #request: IncomingRequest;
  readonly #response: OutgoingResponse;
  /** Whether the visitor is new, and their session, for the facts. Filled in when the participation is resolved. */
  readonly #requestVisitor: { isNewVisitor: boolean; session: Session | undefined } = {
    isNewVisitor: true,
    session: undefined,
  };
  #facts: RequestFacts | undefined;
  #visitor: Visitor | undefined;
  /** The store key; no field of `Visitor`, because it names the project, whose config may arrive later. */
  #storeKey: string | undefined;
  #carried: CarriedAssignments | undefined;
  #session: CarriedSession | undefined;
  #ownHead: RequestHead | undefined;
  /** What a remote store answered before the handler ran; undefined if it was not asked, or was too late. */
  #prefetched: Answer | undefined;
  #skipped: boolean | undefined;
  /** Undefined if it was not looked for; null if the request asks for none. */
  #preview: RequestedPreview | null | undefined;
  /** Why the request leaves no trace, leaving previews aside. */
  #readOnly: Exclude<ReadOnlyReason, 'preview'> | undefined;
  #wasReadAhead = false;

  constructor(
    runtime: Runtime,
    services: RequestServices,
    request: IncomingRequest,
    response: OutgoingResponse,
  ) {
    super(runtime);
    this.#services = services;
    this.#request = request;
    this.#response = response;
  }

  /** True if the context was made with these services, which means: by the same Convert. */
  isOf(services: RequestServices): boolean {
    return this.#services === services;
  }

  /** True if the app's option `skip` says that this package must leave the request alone. */
  get skipped(): boolean {
    const { skip } = this.#services;
    return (this.#skipped ??= skip !== undefined && saysYes(this.runtime, this.#request, 'skip', skip));
  }

  get visitors(): VisitorReader {
    return this.#services.visitors;
  }

  consentAnswer(): ConsentAnswer | undefined {
    return this.skipped ? undefined : this.visitors.consentOf(this.#request);
  }

  heedDenial(): void {
    void this.participation;
  }

  ask<T>(work: (runtime: Runtime) => T): T {
    return work(this.runtime);
  }

  acceptHints(critical: boolean): void {
    const identify = (): Visitor | undefined => this.#identified();
    acceptHints(this.runtime, this.#response, { request: this.#request, identify, critical });
  }

  /**
   * Reads the visitor's state from a remote store, before the handler runs. Returns a promise that resolves when the
   * answer is there; undefined if there is nothing to wait for.
   */
  prefetch(store: RemoteStore): Promise<void> | undefined {
    this.#wasReadAhead = true;
    const visitor = this.#identified();
    const { project } = this.runtime;
    if (visitor === undefined || visitor.excludedBy !== undefined) return undefined;
    if (visitor.origin === 'generated' || !project) return undefined;
    const key = this.#keyOf(visitor, project);
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

  /** The preview that the request asks for; null if it asks for none. */
  get preview(): RequestedPreview | null {
    const { previews } = this.#services;
    if (this.#preview === undefined)
      this.#preview = requestedPreview(this.runtime, previews, this.#request, this.#response);
    return this.#preview;
  }

  /** Has the preview cookie set or removed, also if the handler never asks for the visitor. */
  keepPreview(): void {
    if (!this.skipped) this.preview?.keep();
  }

  previewMark(options?: PreviewMarkOptions): string {
    void this.participation;
    return this.#preview?.mark(options) ?? '';
  }

  get isNewVisitor(): boolean {
    void this.participation;
    return this.#requestVisitor.isNewVisitor;
  }

  identify(userId: string | number): Promise<void> {
    return this.head.identify(this.participation, userId);
  }

  get locationProperties(): Readonly<Record<string, unknown>> {
    return this.#requestFacts.locationObject();
  }

  get visitorProperties(): Readonly<Record<string, unknown>> {
    // The visitor properties include whether the visitor is new, and their session, so the participation is resolved
    // first.
    void this.participation;
    return this.#requestFacts.visitorObject();
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
    return (this.#facts ??= this.#services.reader.read(this.#request, this.#requestVisitor));
  }

  /** Identifies the visitor at the first call; undefined if the option `skip` skips the request. */
  #identified(): Visitor | undefined {
    if (this.#wasReadAhead && this.resolved === undefined && isDeniedSince(this.#request, this.#visitor))
      this.#visitor = this.#storeKey = this.#prefetched = undefined;
    if (this.#visitor === undefined) {
      if (this.skipped) return undefined;
      this.#visitor = this.visitors.identify(this.#request, sharedVisitorOf(this.#request));
    }
    return this.#visitor;
  }

  protected resolve(): Participation {
    const request = this.#request;
    const visitor = this.#identified();
    if (visitor === undefined) return excluded(EXCLUDED, 'disabled');
    const { project } = this.runtime;
    // The first config has come meanwhile: what else is done here is done.
    if (this.resolved !== undefined && project)
      return this.#include(visitor, project, this.preview?.follow(visitor, project));
    sharedVisitorOf(request)?.tellOthers(this);
    if (this.#wasReadAhead) warnOfLateUser(this.runtime, this.#services.visitors, request, visitor);
    this.#readOnly = readOnlyReason({
      request,
      response: this.#response,
      isNew: visitor.origin === 'generated',
      isCrossSiteCookie: this.#services.isCrossSiteCookie,
    });
    this.#session = openSession(this.runtime, this.#services.visitors, request, visitor);
    // Bots are left out: health checks count as bots, bypass the proxy, and come first, but only the first requests are
    // looked at.
    const unknownProxy = visitor.excludedBy === 'bot' ? undefined : this.#services.proxies.see(request);
    if (unknownProxy !== undefined) this.runtime.warnOnce('CONVERT_PROXY', unknownProxy);
    const preview = project && this.preview?.follow(visitor, project);
    this.head.prepare(visitor, this.#session);
    if (visitor.withdrawn) revokeConsent(this.runtime, visitor.withdrawn, request.raw);
    if (visitor.excludedBy !== undefined) return excluded(visitor, visitor.excludedBy, preview?.decisions);
    if (project) return this.#include(visitor, project, preview);
    this.#requestVisitor.isNewVisitor = isNew(visitor, 'absent', undefined);
    return excluded(visitor, 'not-ready');
  }

  override get isPage(): boolean {
    return !this.#response.closed && !isUpgrade(this.#request);
  }

  #keyOf({ id, origin }: Visitor, { config }: LoadedProject): string {
    return (this.#storeKey ??= this.runtime.storeKeys.of(config, id, origin));
  }

  #include(visitor: Visitor, project: LoadedProject, preview: FollowedPreview | undefined): Participation {
    const storeKey = this.#keyOf(visitor, project);
    const lookup = lookUpState(this.runtime, visitor, storeKey, this.#prefetched);
    const found = foundIn(lookup);
    let stored = found && withoutLapsedClaims(asObject(found), this.runtime.now());
    const { assignments } = this.#services.visitors;
    if (assignments !== undefined && keepsCookies(visitor)) {
      this.#carried = assignments.open(this.#request, storeKey, stored);
      stored = this.#carried.state;
    }
    const participation = resolveParticipation(this.runtime, {
      request: this.#request,
      response: this.#response,
      visitor,
      readOnly: this.#readOnly,
      isLost: visitor.origin === 'generated' ? () => this.head.isLost() : undefined,
      project,
      storeKey,
      lookup,
      stored,
      preview,
      facts: this.#requestFacts,
    });
    this.#requestVisitor.isNewVisitor = isNew(visitor, lookup, stored);
    this.#requestVisitor.session = this.#session?.session;
    return participation;
  }

  protected get head(): RequestHead {
    return (this.#ownHead ??= new RequestHead(this.runtime, {
      request: this.#request,
      response: this.#response,
      visitors: this.#services.visitors,
      heads: this.#services.heads,
      etags: this.#services.etags,
      names: this.#services.names,
      read: () => this.#headersParts(),
    }));
  }

  /** What the headers for the visitor depend on; undefined while nothing has asked for the visitor. */
  #headersParts(): VisitorHeadersParts | undefined {
    const participation = this.resolved;
    return (
      participation && {
        request: this.#request,
        participation,
        isReadOnly: this.#readOnly !== undefined,
        carried: this.#carried,
        session: this.#session,
        facts: this.#requestFacts,
        decisions: this,
      }
    );
  }
}

bindWhenRead(RequestContext);

/** True if another Convert, which was not there yet when the visitor was read ahead, has read a denial. */
function isDeniedSince(request: IncomingRequest, visitor: Visitor | undefined): boolean {
  if (visitor === undefined || visitor.withdrawn !== undefined) return false;
  return sharedVisitorOf(request)?.isDenied === true;
}

/** Tells the operator, once, that a user was taken for a visitor of the cookie, since authentication had not run. */
function warnOfLateUser(
  runtime: Runtime,
  visitors: VisitorReader,
  request: IncomingRequest,
  { origin, excludedBy }: Visitor,
): void {
  // Whether a visitor without consent is a user of the app is not kept.
  if (origin === 'app' || excludedBy === 'consent' || visitors.appId(request) === undefined) return;
  runtime.warnOnce(
    'CONVERT_MOUNTED_EARLY',
    '`visitor.id` gives an id in the handler that it did not give when the remote store was read, so users count as' +
      ' anonymous visitors; mount this package after authentication (Fastify: hook `preHandler`, registered after' +
      ' it)',
    'user',
  );
}

/**
 * Reads the session of the visitor's cookie, or begins one; undefined if this visitor has no session cookie, or before
 * the first project config, whose settings the session follows.
 */
function openSession(
  runtime: Runtime,
  { sessions }: VisitorReader,
  request: IncomingRequest,
  visitor: Visitor,
): CarriedSession | undefined {
  const { project } = runtime;
  if (sessions === undefined || !project || !keepsCookies(visitor)) return undefined;
  return sessions.open(request, {
    now: runtime.now(),
    isNewcomer: visitor.origin === 'generated',
    keepsAttribution: project.config.project.settings?.do_not_track_referral !== true,
  });
}
