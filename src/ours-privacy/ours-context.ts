/** The visitor of one request, for whom the endpoint is asked. */
import { textOf } from '../engine/coerce.js';
import { createBridge } from '../bridge/bridge.js';
import { scriptNonceIn } from '../bridge/csp-nonce.js';
import type { PageDecision } from '../bridge/types.js';
import type { Consent } from '../consent/consent.js';
import { isShared, UNSHARED } from '../context/shared-response.js';
import { headerText, type IncomingRequest, type OutgoingResponse } from '../model/http.js';
import { hostnameOf } from '../request/url.js';
import { bindWhenRead } from '../utils/detached-methods.js';
import { asObject } from '../utils/objects.js';
import {
  defaultFor,
  type ReadAssignment,
  readAssignment,
  readPersonalizations,
  readTracked,
} from './answers.js';
import type { EndpointAnswer, EndpointCall } from './endpoint.js';
import type { OursServices } from './services.js';
import type {
  AssignOptions,
  OursAssignment,
  OursContext,
  OursExplanation,
  OursPersonalization,
  OursReason,
  OursTrackOptions,
  OursTrackOutcome,
} from './types.js';

/** The most characters of a text of the visitor that is sent: an address, its query, the user agent. */
const MAX_TEXT = 4_096;
/** The most bytes of such a text in JSON. A body has two of them at most, and endpoints take bodies of 16 KiB. */
const MAX_BYTES = 6 * 1024;
/** As many characters fit always: the longest escape in JSON has six bytes. */
const SURE_TO_FIT = MAX_BYTES / 6;
/** The most characters of an experiment key, an event or the name of a property. */
const MAX_NAME = 256;

/** A question to the endpoint, and its answer once it is there. */
interface Asked {
  readonly isCounted: boolean;
  readonly answer: Promise<ReadAssignment>;
  read: ReadAssignment | undefined;
}

export class RequestOursContext implements OursContext {
  readonly #services: OursServices;
  readonly #request: IncomingRequest;
  readonly #response: OutgoingResponse;
  /** The questions by what they are about: an experiment key alone for the page of the request. */
  readonly #asked = new Map<string, Asked>();
  readonly #latest = new Map<string, Asked>();
  #visitor: { readonly id: string | undefined; readonly consent: Consent } | undefined;
  #personalizations: Promise<readonly OursPersonalization[]> | undefined;
  #bridge: OursContext['bridge'] | undefined;
  #isUsed = false;

  constructor(services: OursServices, request: IncomingRequest, response: OutgoingResponse) {
    this.#services = services;
    this.#request = request;
    this.#response = response;
  }

  get visitorId(): string | undefined {
    this.#use();
    return this.#who.id;
  }

  get consent(): Consent {
    return this.#who.consent;
  }

  async assign(experimentKey: string, options?: AssignOptions): Promise<OursAssignment> {
    try {
      return await this.#assign(String(experimentKey), asObject(options));
    } catch (error) {
      this.#services.tellOfMistake(error);
      return defaultFor(textOf(experimentKey));
    }
  }

  async #assign(key: string, options: AssignOptions): Promise<OursAssignment> {
    const { trackImpression = true, url, search } = options;
    const about = JSON.stringify([key, url, search]);
    const before = this.#asked.get(about);
    // What was read without being counted is asked for again where it is to be counted.
    const isAnswered = before !== undefined && (before.isCounted || !trackImpression);
    const asked = isAnswered ? before : this.#ask(key, { trackImpression, url, search });
    this.#asked.set(about, asked);
    this.#latest.set(key, asked);
    return (await asked.answer).assignment;
  }

  personalizations(): Promise<readonly OursPersonalization[]> {
    return (this.#personalizations ??= this.#askForPersonalizations());
  }

  async track(event: string, options?: OursTrackOptions): Promise<OursTrackOutcome> {
    let outcome: OursTrackOutcome = 'bad-request';
    try {
      outcome = await this.#track(String(event), asObject(options));
    } catch (error) {
      this.#services.tellOfMistake(error);
    }
    this.#services.count(outcome);
    return outcome;
  }

  explain(experimentKey: string): OursExplanation {
    const key = textOf(experimentKey);
    const asked = this.#latest.get(key);
    const { reason, assignment } = asked?.read ?? {
      reason: asked === undefined ? ('not-asked' as const) : ('pending' as const),
      assignment: defaultFor(key),
    };
    const { visitorId, consent } = this;
    return { experimentKey: key, reason, assignment, visitorId, consent };
  }

  get bridge(): OursContext['bridge'] {
    return (this.#bridge ??= createBridge({
      read: () => ({ visitorId: this.visitorId, decisions: this.#decisions() }),
      nonce: () => scriptNonceIn(this.#response.getHeader('Content-Security-Policy')),
      signal: () => undefined,
    }));
  }

  #ask(key: string, options: AssignOptions): Asked {
    const asked: Asked = {
      isCounted: options.trackImpression === true,
      answer: this.#answer(key, options)
        .catch((error: unknown): ReadAssignment => {
          this.#services.tellOfMistake(error);
          return { reason: 'bad-request', assignment: defaultFor(key) };
        })
        .then((read) => {
          this.#services.count(read.reason);
          return (asked.read = read);
        }),
      read: undefined,
    };
    return asked;
  }

  async #answer(key: string, { trackImpression, url, search }: AssignOptions): Promise<ReadAssignment> {
    const reason = this.#refusal();
    if (reason !== undefined) return { reason, assignment: defaultFor(key) };
    if (key === '' || key.length > MAX_NAME) return { reason: 'not-found', assignment: defaultFor(key) };
    const { token, timeout } = this.#services;
    const content = {
      token,
      visitor_id: this.#who.id,
      context: this.#page(url, search),
      track_impression: trackImpression,
    };
    const path = `/experiments/assignments/${encodeURIComponent(key)}`;
    const read = (body: unknown): ReadAssignment | undefined => readAssignment(key, body);
    const answer = await this.#post({ kind: 'assign', path, content, timeout, read });
    return answer.value ?? { reason: answer.failure, assignment: defaultFor(key) };
  }

  async #askForPersonalizations(): Promise<readonly OursPersonalization[]> {
    const refusal = this.#refusal();
    const { token, timeout, count } = this.#services;
    const content = { token, visitor_id: this.#who.id };
    const path = '/experiments/personalization';
    const call = { kind: 'personalizations', path, content, timeout, read: readPersonalizations } as const;
    const answer = refusal === undefined ? await this.#post(call) : { value: undefined, failure: refusal };
    count(answer.failure ?? 'read');
    return answer.value ?? [];
  }

  async #track(event: string, { properties, distinctId, time }: OursTrackOptions): Promise<OursTrackOutcome> {
    const { trackToken, newId, trackTimeout } = this.#services;
    const refusal = this.#refusal() as OursTrackOutcome | undefined;
    if (refusal !== undefined) return refusal;
    if (trackToken === undefined) return 'no-token';
    if (event === '' || event.length > MAX_NAME) return 'bad-request';
    const given: Readonly<Record<string, unknown>> = asObject(properties);
    const userAgent = headerText(this.#request.headers['user-agent']);
    const texts = Object.entries(given).map(([name, value]) => [name, String(value)] as const);
    const answer = await this.#post({
      kind: 'track',
      path: '/track',
      timeout: trackTimeout,
      read: readTracked,
      content: {
        token: trackToken,
        event,
        userId: this.#who.id,
        distinctId: distinctId ?? newId(),
        ...(time !== undefined && { time }),
        eventProperties: Object.fromEntries(texts),
        identityContext: {
          ip: this.#request.ip,
          userAgent: userAgent === undefined ? undefined : fitted(userAgent),
        },
      },
    });
    return answer.failure ?? 'tracked';
  }

  /** Posts once. The host waits for the answer, for the handler may not. */
  #post<Answer>(call: EndpointCall<Answer>): Promise<EndpointAnswer<Answer>> {
    const answer = this.#services.endpoint.post(call);
    this.#request.keep?.(answer.catch(() => undefined));
    return answer;
  }

  /** Why the endpoint is not asked for this visitor; undefined if it is. */
  #refusal(): Extract<OursReason, 'consent' | 'no-visitor'> | undefined {
    this.#use();
    const { id, consent } = this.#who;
    if (consent !== 'granted') return 'consent';
    return id === undefined ? 'no-visitor' : undefined;
  }

  get #who(): { readonly id: string | undefined; readonly consent: Consent } {
    if (this.#visitor !== undefined) return this.#visitor;
    const consent = this.#services.consent(this.#request);
    const id = consent === 'granted' ? this.#services.visitorId(this.#request) : undefined;
    return (this.#visitor = { id, consent });
  }

  /** The page, by which the endpoint checks whether the experiment is about it. */
  #page(url: string | undefined, search: string | undefined): { url: string | undefined; search: string } {
    const { protocol, host, url: target } = this.#request;
    // A request of HTTP/1.0, or one with a malformed `Host`, has no address: the endpoint refuses a half one.
    const hasUrl = url !== undefined || hostnameOf(host) !== undefined;
    const page = String(url ?? `${protocol}://${host}${target}`);
    const query = page.indexOf('?');
    const own = query < 0 ? '' : (page.slice(query).split('#', 1)[0] ?? '');
    return { url: hasUrl ? fitted(page) : undefined, search: fitted(String(search ?? own)) };
  }

  /** Tells shared caches that the page is for nobody else, unless the app says otherwise. */
  #use(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#response.headersSent) return;
    this.#response.onHead((head) => {
      if (head.getHeader('Cache-Control') === undefined) head.setHeader('Cache-Control', UNSHARED);
      if (this.#who.id !== undefined && isShared(head)) this.#services.warnOfSharing();
    });
  }

  #decisions(): readonly PageDecision[] {
    return [...this.#latest.values()].flatMap(({ read, isCounted }) => {
      if (read === undefined || !read.assignment.inExperiment) return [];
      const { experimentKey, experimentId = '', variantId = '', variantName } = read.assignment;
      return {
        experienceKey: experimentKey,
        experienceId: experimentId,
        variationKey: variantName ?? variantId,
        variationId: variantId,
        variationName: variantName ?? variantId,
        isExposed: isCounted,
        isFirstExposure: isCounted,
      };
    });
  }
}

const utf8 = new TextEncoder();

/** Cuts a text of the visitor, who may have made it of characters that JSON escapes. */
function fitted(text: string): string {
  const cut = text.slice(0, MAX_TEXT);
  return utf8.encode(JSON.stringify(cut)).length - 2 > MAX_BYTES ? cut.slice(0, SURE_TO_FIT) : cut;
}

bindWhenRead(RequestOursContext);
