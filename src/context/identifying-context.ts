/** The part of a request's context that finds out who its visitor is, and what a remote store knows of them. */
import type { ConsentAnswer } from '../consent/answer.js';
import type { Visitor, VisitorReader } from '../identity/visitor-identity.js';
import type { IncomingRequest, OutgoingResponse } from '../model/http.js';
import type { Answer, RemoteStore } from '../store/remote-store.js';
import { isThenable } from '../utils/objects.js';
import { saysYes } from './app-answers.js';
import { PageContext } from './page-context.js';
import type { RequestServices } from './request-services.js';
import type { LoadedProject, Runtime } from './runtime.js';
import { sharedVisitorOf } from './shared-visitor.js';

export abstract class IdentifyingContext extends PageContext {
  readonly #services: RequestServices;
  readonly #request: IncomingRequest;
  readonly #response: OutgoingResponse;
  #visitor: Visitor | undefined;
  /** The store key; no field of `Visitor`, because it names the project, whose config may arrive later. */
  #storeKey: string | undefined;
  /** The answer of a remote store before the handler ran; undefined if it was not asked, or was too late. */
  #prefetched: Answer | undefined;
  #wasReadAhead = false;
  #skipped: boolean | undefined;

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

  /** Getters, not fields: templates serialise and print contexts. */
  protected get services(): RequestServices {
    return this.#services;
  }

  protected get request(): IncomingRequest {
    return this.#request;
  }

  protected get response(): OutgoingResponse {
    return this.#response;
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

  /** The visitor, who is identified when this is read first; undefined if the option `skip` skips the request. */
  protected get identified(): Visitor | undefined {
    if (this.#wasReadAhead && this.resolved === undefined && isDeniedSince(this.#request, this.#visitor))
      this.#visitor = this.#storeKey = this.#prefetched = undefined;
    if (this.#visitor === undefined) {
      if (this.skipped) return undefined;
      this.#visitor = this.visitors.identify(this.#request, sharedVisitorOf(this.#request));
    }
    return this.#visitor;
  }

  /** The key of the visitor's state. There must be a visitor who was identified, and a project config. */
  protected get storeKey(): string {
    if (this.#storeKey === undefined) {
      const { id, origin } = this.#visitor!;
      this.#storeKey = this.runtime.storeKeys.of(this.runtime.project!.config, id, origin);
    }
    return this.#storeKey;
  }

  /**
   * The project in force. While the names of its cookies are not known to this context there is none, also if the
   * config has come meanwhile: a visitor whose cookies can't be read would be decided anew.
   */
  protected get project(): LoadedProject | undefined {
    const { names } = this.#services;
    return names !== undefined && names.project === undefined ? undefined : this.runtime.project;
  }

  protected get prefetched(): Answer | undefined {
    return this.#prefetched;
  }

  protected get wasReadAhead(): boolean {
    return this.#wasReadAhead;
  }

  /**
   * Reads the visitor's state from a remote store, before the handler runs. Returns a promise that resolves when the
   * answer is there; undefined if there is nothing to wait for.
   */
  prefetch(store: RemoteStore): Promise<void> | undefined {
    this.#wasReadAhead = true;
    const visitor = this.identified;
    if (visitor === undefined || visitor.excludedBy !== undefined) return undefined;
    if (visitor.origin === 'generated' || !this.project) return undefined;
    const key = this.storeKey;
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
}

/** True if another Convert, which was not there yet when the visitor was read ahead, has read a denial. */
function isDeniedSince(request: IncomingRequest, visitor: Visitor | undefined): boolean {
  if (visitor === undefined || visitor.withdrawn !== undefined) return false;
  return sharedVisitorOf(request)?.isDenied === true;
}

/** Tells the operator, once, that a user was taken for a visitor of the cookie, since authentication had not run. */
export function warnOfLateUser(
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
