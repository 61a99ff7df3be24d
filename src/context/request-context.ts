/** The context of one HTTP request: works out how its visitor takes part in it, and completes the response head. */
import type { PreviewMarkOptions } from '../bridge/preview-mark.js';
import type { Properties } from '../engine/types.js';
import type { CarriedAssignments } from '../identity/cookies/assignment-cookie.js';
import type { CarriedSession } from '../identity/cookies/session-cookie.js';
import type { Visitor, VisitorReader } from '../identity/visitor-identity.js';
import type { Session } from '../model/attribution.js';
import type { IncomingRequest } from '../model/http.js';
import { withoutLapsedClaims } from '../model/visitor-state/claims.js';
import { RequestCookies } from '../request/cookies.js';
import type { RequestFacts } from '../request/request-reader.js';
import { acceptHints } from './client-hint-headers.js';
import { revokeConsent } from './erase-visitor.js';
import { IdentifyingContext, warnOfLateUser } from './identifying-context.js';
import { EXCLUDED, excluded, foundIn, type Participation } from './participation.js';
import { isNew, keepsCookies, lookUpState, resolveParticipation } from './resolve-participation.js';
import { type FollowedPreview, type RequestedPreview, requestedPreview } from './preview-link.js';
import type { LoadedProject, Runtime } from './runtime.js';
import type { ConvertContext } from './types.js';
import { isUpgrade, type ReadOnlyReason, readOnlyReason } from './read-only.js';
import { RequestHead } from './request-head.js';
import { type Companion, sharedVisitorOf } from './shared-visitor.js';
import type { VisitorHeadersParts } from './visitor-headers.js';
import { bindWhenRead } from '../utils/detached-methods.js';
import { asObject } from '../utils/objects.js';

export class RequestContext extends IdentifyingContext implements ConvertContext, Companion {
  /** Whether the visitor is new, and their session, for the facts. Filled in when the participation is resolved. */
  readonly #requestVisitor: { isNewVisitor: boolean; session: Session | undefined } = {
    isNewVisitor: true,
    session: undefined,
  };
  #facts: RequestFacts | undefined;
  #carried: CarriedAssignments | undefined;
  #session: CarriedSession | undefined;
  #ownHead: RequestHead | undefined;
  /** Undefined if it was not looked for; null if the request asks for none. */
  #preview: RequestedPreview | null | undefined;
  /** Why the request leaves no trace, leaving previews aside. */
  #readOnly: Exclude<ReadOnlyReason, 'preview'> | undefined;

  heedDenial(): void {
    void this.participation;
  }

  ask<T>(work: (runtime: Runtime) => T): T {
    return work(this.runtime);
  }

  acceptHints(critical: boolean): void {
    const identify = (): Visitor | undefined => this.identified;
    acceptHints(this.runtime, this.response, { request: this.request, identify, critical });
  }

  /** The preview that the request asks for; null if it asks for none. */
  get preview(): RequestedPreview | null {
    const { previews } = this.services;
    if (this.#preview === undefined)
      this.#preview = requestedPreview(this.runtime, previews, this.request, this.response);
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
    return new RequestCookies(this.request);
  }

  get #requestFacts(): RequestFacts {
    return (this.#facts ??= this.services.reader.read(this.request, this.#requestVisitor));
  }

  protected resolve(): Participation {
    const request = this.request;
    const visitor = this.identified;
    if (visitor === undefined) return excluded(EXCLUDED, 'disabled');
    const { project } = this;
    // The first config has come meanwhile: what else is done here is done.
    if (this.resolved !== undefined)
      return project
        ? this.#include(visitor, project, this.preview?.follow(visitor, project))
        : this.resolved;
    sharedVisitorOf(request)?.tellOthers(this);
    if (this.wasReadAhead) warnOfLateUser(this.runtime, this.visitors, request, visitor);
    this.#readOnly = readOnlyReason({
      request,
      response: this.response,
      isNew: visitor.origin === 'generated',
      isCrossSiteCookie: this.services.isCrossSiteCookie,
    });
    this.#session = openSession(this.runtime, this.visitors, request, visitor);
    // Bots are left out: health checks count as bots, bypass the proxy, and come first, but only the first requests are
    // looked at.
    const unknownProxy = visitor.excludedBy === 'bot' ? undefined : this.services.proxies.see(request);
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
    return !this.response.closed && !isUpgrade(this.request);
  }

  #include(visitor: Visitor, project: LoadedProject, preview: FollowedPreview | undefined): Participation {
    const { storeKey } = this;
    const lookup = lookUpState(this.runtime, visitor, storeKey, this.prefetched);
    const found = foundIn(lookup);
    let stored = found && withoutLapsedClaims(asObject(found), this.runtime.now());
    const { assignments } = this.visitors;
    if (assignments !== undefined && keepsCookies(visitor)) {
      this.#carried = assignments.open(this.request, storeKey, stored);
      stored = this.#carried.state;
    }
    const participation = resolveParticipation(this.runtime, {
      request: this.request,
      response: this.response,
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
      request: this.request,
      response: this.response,
      visitors: this.visitors,
      heads: this.services.heads,
      etags: this.services.etags,
      names: this.services.names,
      read: () => this.#headersParts(),
    }));
  }

  /** What the headers for the visitor depend on; undefined while nothing has asked for the visitor. */
  #headersParts(): VisitorHeadersParts | undefined {
    const participation = this.resolved;
    return (
      participation && {
        request: this.request,
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
