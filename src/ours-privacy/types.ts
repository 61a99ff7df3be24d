/** The public interface to the assignment endpoint of Ours Privacy, or of a server that speaks like it. */
import type { Bridge } from '../bridge/bridge.js';
import type { Consent, ConsentOption } from '../consent/consent.js';
import type { Mountable } from '../model/mountable.js';
import type { RequestFunction } from '../utils/app-callback.js';
import type { Logger } from '../utils/logger.js';

/** Options of `oursPrivacy()`. */
export interface OursPrivacyOptions<Raw = unknown> {
  /** The token of the experiments (`exp_...`). */
  token: string;
  /** The token of the source that gets the events of `track()`. Default: none, and `track()` sends nothing. */
  trackToken?: string;
  /** The address of the API. Default `https://api.oursprivacy.com/api/v1`. */
  endpoint?: string;
  /** The most milliseconds that a page waits for the answer of one `assign` or `personalizations`. Default 150. */
  timeout?: number;
  /** The cookie that holds the visitor id, which their Web SDK sets. Default `_ours_user`. */
  visitorCookie?: string;
  /** Finds the visitor id in a request, instead of the cookie. Without an id, nobody is assigned. */
  visitorId?: RequestFunction<Raw, string | number | null | undefined>;
  /**
   * Where the visitor's consent is read, as for `createConvert`, but for modes: without consent, the visitor gets the
   * default, and nothing is sent. Default: nobody has to consent.
   */
  consent?: ConsentOption<Raw>;
  /** Default `console`. */
  logger?: Logger | false;
  /** Sends the requests. Default: `fetch` of the runtime, which keeps connections open. */
  fetch?: OursFetch;
}

/** The part of `fetch` that is used. */
export type OursFetch = (url: string, init: OursRequest) => Promise<OursResponse>;

/** A request to the endpoint, as `fetch` takes it. */
export interface OursRequest {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
  redirect: 'manual';
  /** Missing where the runtime's `fetch` does not know it. */
  cache?: 'no-store';
  signal: AbortSignal;
}

/** The part of a `Response` that is read. */
export interface OursResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * What became of a call:
 * - `assigned` the visitor is in the experiment
 * - `not-in-experiment` the endpoint says that they are not: traffic, page or query do not fit, or it is paused
 * - `no-visitor` the request has no visitor id
 * - `consent` the visitor has not consented
 * - `not-found` 404: the key is unknown, or the experiment does not run
 * - `bad-request` 400 or a status without a reason of its own, such as a redirect, and `unauthorized` 401 or 403: a
 *   mistake in the app, which is logged as an error, once, or what it has handed over can't be sent
 * - `rate-limited` 429, or a call that was not made because of an earlier 429
 * - `server-error` 408, or 500 and above
 * - `timeout` no whole answer in time
 * - `unreachable` no connection
 * - `bad-answer` an answer that is not what the endpoint promises
 *
 * A call that was not made because earlier ones failed has the reason of the last of them.
 */
export type OursReason =
  | 'assigned'
  | 'not-in-experiment'
  | 'no-visitor'
  | 'consent'
  | 'not-found'
  | 'bad-request'
  | 'unauthorized'
  | 'rate-limited'
  | 'server-error'
  | 'timeout'
  | 'unreachable'
  | 'bad-answer';

/** The answer for one experiment. If `inExperiment` is false, the page shows the default, and the rest is undefined. */
export interface OursAssignment {
  readonly inExperiment: boolean;
  readonly experimentKey: string;
  readonly experimentId: string | undefined;
  readonly variantId: string | undefined;
  readonly variantName: string | undefined;
  readonly isControl: boolean | undefined;
  /** `ab`, `multivariate` or `personalization`. */
  readonly type: string | undefined;
  /** Where a variant that is another page is to be found: a path of this site, or an `https` address. */
  readonly redirect: string | undefined;
}

/** A personalization that the visitor gets. */
export interface OursPersonalization {
  readonly experimentId: string;
  readonly experimentKey: string | undefined;
  readonly experimentName: string | undefined;
  readonly variantId: string;
  readonly variantName: string | undefined;
  /** As the endpoint sends it. */
  readonly assignedAt: string | undefined;
}

/** Options of `assign()`. */
export interface AssignOptions {
  /** False reads the assignment without counting an impression. Default true. */
  trackImpression?: boolean;
  /** The address of the page. Default: that of the request. */
  url?: string;
  /** The query of the page. Default: that of `url`. */
  search?: string;
}

/** Options of `track()`. */
export interface OursTrackOptions {
  /** Properties of the event. Numbers and booleans are sent as text. */
  properties?: Readonly<Record<string, string | number | boolean>>;
  /** Events of one id count once. Default: a new id. */
  distinctId?: string;
  /** The time of the event, in milliseconds since the epoch, within the past seven days. Default: now. */
  time?: number;
}

/** What became of an event: `tracked`, or why it was not. `no-token` the option `trackToken` is missing. */
export type OursTrackOutcome = 'tracked' | 'no-token' | Exclude<OursReason, 'assigned' | 'not-in-experiment'>;

/** Why the visitor has this assignment. */
export interface OursExplanation {
  readonly experimentKey: string;
  /** `not-asked` if `assign` was not called for this experiment. */
  readonly reason: OursReason | 'not-asked' | 'pending';
  readonly assignment: OursAssignment;
  readonly visitorId: string | undefined;
  readonly consent: Consent;
}

/** The visitor of one request. No method throws, and no promise rejects. */
export interface OursContext {
  /** Undefined without an id, and without consent. */
  readonly visitorId: string | undefined;
  /** `granted` if the option `consent` is not given. */
  readonly consent: Consent;
  /**
   * Asks for the visitor's variant. Within a request, each experiment is asked for once: several calls share the
   * answer. Whatever fails gives the default (`inExperiment: false`).
   *
   * @example
   * ```js
   * const { inExperiment, variantName } = await req.ours.assign('checkout_redesign');
   * res.send(inExperiment && variantName === 'Treatment' ? newCheckout() : checkout());
   * ```
   */
  assign(experimentKey: string, options?: AssignOptions): Promise<OursAssignment>;
  /** Asks for the visitor's personalizations; an empty list if anything fails. No impression is counted. */
  personalizations(): Promise<readonly OursPersonalization[]>;
  /**
   * Sends an event, such as a conversion. It is not sent again if it fails. The promise takes 2 s at most (or the
   * option `timeout`, if that is longer), so a page need not await it: the event goes on behind the response.
   */
  track(event: string, options?: OursTrackOptions): Promise<OursTrackOutcome>;
  /** What the calls so far have answered for an experiment, and why. Asks nothing. */
  explain(experimentKey: string): OursExplanation;
  /** Hands the variants to the page, in the form of `req.convert.bridge`: experiment key -> variant name. */
  readonly bridge: Pick<Bridge, 'script' | 'attribute' | 'meta' | 'json'>;
}

/** A kind of call to the endpoint: the method that makes it. */
export type OursCall = 'assign' | 'personalizations' | 'track';

/** What the calls to the endpoint have come to. */
export interface OursStats {
  /** The number of calls by what became of them; calls that were answered from memory count once. */
  readonly calls: Readonly<Partial<Record<OursReason | 'tracked' | 'read', number>>>;
  /** Milliseconds until the next call of each kind is made, because earlier ones failed; 0 if calls are made. */
  readonly pause: Readonly<Record<OursCall, number>>;
}

/** Mount it as a Convert is mounted: `app.use(convertMiddleware(ours))` gives `req.ours`. */
export interface OursPrivacy extends Mountable<OursContext> {
  readonly as: 'ours';
  stats(): OursStats;
}
