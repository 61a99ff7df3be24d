/** The public interface of a visitor in one request or job. */
import type { Bridge } from '../bridge/bridge.js';
import type { PreviewMarkOptions } from '../bridge/preview-mark.js';
import type { Consent, ConsentAnswer } from '../consent/consent.js';
import type { DeliveryLedger, DropReason } from '../delivery/types.js';
import type {
  AnyFeature,
  AnyVariation,
  ConversionAttributes,
  EngineReason,
  ExperienceAttributes,
  Failure,
  Feature,
  FeatureAttributes,
  SegmentsAttributes,
  Variation,
} from '../engine/types.js';
import type { ExperienceKey, FeatureKey, FeatureVariables, GoalKey } from '../model/project-keys.js';
import type { ReportSegments } from '../model/tracking-event.js';
import type { ConvertError } from '../utils/errors.js';
import type { ConfigEntity, EntityType } from './config-entities.js';
import type { CommitReport, TrackOutcome, ConversionResult } from './conversion-outcomes.js';

/**
 * Why a visitor gets a variation or none. The reasons of the engine, and:
 * - `disabled` the option `skip` skips the request, or an error occurred in this package
 * - `not-ready` no project config has arrived
 * - `bot` the request comes from a bot
 * - `consent` the visitor has not consented, or has opted out (`explain` tells by what)
 * - `shared-page` the page is shared, and the experience not in its key (see `share`)
 * - `no-identity` a variation was decided, but the visitor is not enrolled: the browser would not keep the id of a new
 *   visitor (the head is sent, a WebSocket upgrade, a request that another site makes), or a job has no visitor id
 */
export type Reason =
  EngineReason | 'disabled' | 'not-ready' | 'bot' | 'consent' | 'shared-page' | 'no-identity';

/** What `explain` says of one experience. */
export interface Explanation<Experience extends string = ExperienceKey> {
  readonly experienceKey: string;
  readonly reason: Reason;
  /** The variation, as `peek` returns it. */
  readonly variation: Variation<Experience> | null;
  /**
   * The locations, audiences or segments that kept the visitor out of the experience, and the rules that did not match.
   */
  readonly failed: readonly Failure[];
  /** The properties that rules of the experience ask for, but that neither the request nor the app supplied. */
  readonly missing: readonly string[];
  /** The visitor's consent, and the source of the answer. */
  readonly consent: ConsentAnswer;
}

/** The events of a Convert, by name. They hold visitor ids, but no properties. */
export interface ConvertEvents {
  /** The first project config is in force. */
  ready: { version: string | undefined };
  /** Another project config has replaced the one that was in force. */
  config: { version: string | undefined };
  decision: {
    visitorId: string;
    experienceKey: string;
    variationKey: string | null;
    reason: Reason;
    /** True if the decision will be stored and its exposure sent. */
    enrolled: boolean;
  };
  /**
   * An assignment of a visitor was stored, and the outbox has accepted its exposure: once per assignment. `decision`
   * comes with each call, and before it is known whether another request was first.
   */
  exposure: {
    visitorId: string;
    experienceId: string;
    /** The key as in the config in force; undefined if that has no such experience any more. */
    experienceKey: string | undefined;
    variationId: string;
    variationKey: string | undefined;
    /** The time of the commit, in milliseconds since the epoch. */
    at: number;
  };
  /** What became of a conversion: once for each call of `trackConversion`, after the commit. */
  conversion: {
    visitorId: string;
    goalKey: string;
    outcome: Exclude<TrackOutcome, 'accepted' | 'timeout'>;
  };
  /** The tracking endpoint accepted a batch of `count` events. */
  delivered: { count: number };
  /** `count` events were given up: they will not be sent. */
  dropped: { count: number; reason: DropReason };
  error: ConvertError;
}

/** What is stored of a visitor, as the official SDK's `getVisitorData` returns it. */
export interface VisitorData {
  /** Experience id -> variation id. */
  bucketing?: Record<string, string>;
  /** The goals that the visitor has reached, by key. */
  goals?: Record<string, boolean>;
  segments?: Record<string, unknown>;
  /** The keys of the locations where the visitor was last. */
  locations?: string[];
}

/**
 * One visitor: the methods make decisions for the visitor and count conversions. `Keys` narrows the experience keys;
 * by default, they are those of `ConvertProject`.
 */
export interface VisitorContext<Keys extends string = ExperienceKey> {
  /** The visitor's id, which is hashed for decisions and sent with events; '' if the visitor must not be identified. */
  readonly visitorId: string;
  /**
   * The visitor's consent. `granted` if consent is not configured, unless the request carries an opt-out (see
   * `privacySignals`).
   */
  readonly consent: Consent;
  /**
   * Returns the variation of one experience, or null: the experience is not found, does not target the visitor or
   * leaves them out of its traffic; the visitor has not consented or is a bot; or there is no project config yet
   * (`explain` tells which). The first decision is stored and its exposure sent.
   */
  runExperience<Key extends Keys>(key: Key, attributes?: ExperienceAttributes): Variation<Key> | null;
  /** Returns the variations of all experiences that the visitor takes part in. */
  runExperiences(attributes?: ExperienceAttributes): AnyVariation[];
  /**
   * Returns the feature that the first experience, in the order of the config, gives to the visitor. `status:
   * 'disabled'` if none does. With `all: true`, it returns an array: the feature of each of these experiences, or the
   * disabled one. With the option `strictSdk`, it returns what the official SDK does: an array if there are several.
   *
   * @example
   * ```js
   * const button = req.convert.runFeature('checkout-button');
   * const price = button.status === 'enabled' ? button.variables.price : 49;
   * ```
   */
  runFeature<Key extends FeatureKey>(
    key: Key,
    attributes: FeatureAttributes & { all: true },
  ): Feature<FeatureVariables<Key>, Key>[];
  runFeature<Key extends FeatureKey>(
    key: Key,
    attributes?: FeatureAttributes & { all?: false },
  ): Feature<FeatureVariables<Key>, Key>;
  runFeature<Key extends FeatureKey>(
    key: Key,
    attributes?: FeatureAttributes,
  ): Feature<FeatureVariables<Key>, Key> | Feature<FeatureVariables<Key>, Key>[];
  /** Returns all features of the project: several of one key if several experiences give it to the visitor. */
  runFeatures(attributes?: FeatureAttributes): AnyFeature[];
  /**
   * Counts a goal once per visitor; `conversionData` makes it a transaction. Returns what is known at once; `committed`
   * tells what the store and the outbox say.
   *
   * @example
   * ```js
   * visitor.trackConversion('purchase'); // { outcome: 'accepted', retry: false }
   * ```
   */
  trackConversion(goalKey: GoalKey, attributes?: ConversionAttributes): ConversionResult;
  /**
   * Commits what this context has recorded, waits until the store and the outbox (its disk or its Redis, if that is
   * configured) have taken it, at most `timeout` milliseconds (default 2000), and tells what became of each conversion.
   * It does not wait for Convert. Never rejects.
   *
   * @example
   * ```js
   * const { retry } = await visitor.committed();
   * res.sendStatus(retry ? 503 : 200);
   * ```
   */
  committed(options?: { timeout?: number }): Promise<CommitReport>;
  /** Stores report segments with the visitor. They are sent with later events. */
  setDefaultSegments(segments: ReportSegments): void;
  /** Puts the visitor into those of the given segments whose rules match. */
  runCustomSegments(keys: readonly string[] | string, attributes?: SegmentsAttributes): void;
  /** The official SDK's older name for `runCustomSegments`. */
  setCustomSegments(keys: readonly string[] | string, attributes?: SegmentsAttributes): void;
  /** Stores properties with the visitor, for the rules of later requests. */
  updateVisitorProperties(properties: Record<string, unknown>): void;
  /** The official SDK's form. With the id of another visitor, it does nothing but log a warning. */
  updateVisitorProperties(visitorId: string, properties: Record<string, unknown>): void;
  /** Returns a copy of what is stored of the visitor, with the changes of this request. Empty for who takes no part. */
  getVisitorData(): VisitorData;
  /** Returns the entity of the project config with this key, frozen; null if there is none. */
  getConfigEntity(key: string, type: EntityType): ConfigEntity | null;
  /** Returns the entity of the project config with this id, frozen; null if there is none. */
  getConfigEntityById(id: string | number, type: EntityType): ConfigEntity | null;
  /** Decides without enrolling: nothing is stored or sent. */
  peek<Key extends Keys>(key: Key, attributes?: ExperienceAttributes): Variation<Key> | null;
  /** Says why `peek` returns this variation or null. */
  explain<Key extends Keys>(key: Key, attributes?: ExperienceAttributes): Explanation<Key>;
  /**
   * Commits the decisions and conversions of this visitor. Resolves when the events that wait are delivered, at the
   * latest after `timeout` ms (default 5000). Never rejects.
   */
  flush(options?: { timeout?: number }): Promise<DeliveryLedger>;
  /** The official SDK's name for `flush`. */
  releaseQueues(): Promise<DeliveryLedger>;
}

/** What `share()` takes. */
export interface ShareOptions<Keys extends string = ExperienceKey> {
  /** The keys of the experiences that the page shows. All others show the original there. */
  key: readonly Keys[];
  /** Seconds for which a shared cache keeps the page, from 1 to 31536000 (one year). */
  seconds: number;
}

/** The visitor of one request. The visitor is identified, and their state read, when a member is first used. */
export interface ConvertContext<Keys extends string = ExperienceKey> extends VisitorContext<Keys> {
  /** True if the visitor was not known before this request. */
  readonly isNewVisitor: boolean;
  readonly locationProperties: Readonly<Record<string, unknown>>;
  readonly visitorProperties: Readonly<Record<string, unknown>>;
  /** Hands the decisions of this request to the page. */
  readonly bridge: Bridge;
  /**
   * Returns a small mark as HTML that says which preview the page shows, with a link that leads out of it; '' if it
   * shows none. Without `nonce`, it has no style of its own, so that every Content-Security-Policy allows it.
   */
  previewMark(options?: PreviewMarkOptions): string;
  /**
   * Tells, after authentication, that this visitor is a user of the app. A user keeps the visitor id of their first
   * device. Another device of the user takes over that id in its next session, half an hour after its last request at
   * the earliest, and keeps its own until then. A visitor belongs to one user: a second user of the same browser gets a
   * visitor of their own. Nothing is copied, and nothing is counted twice. Call this before the head is written; it
   * takes no longer than `storeTimeout`. It has no effect if `visitor.id` identifies the visitor, or without consent.
   * Never rejects.
   */
  identify(userId: string | number): Promise<void>;
  /**
   * Returns a text of at most 200 letters, digits, `_` and `-`, which carries this visitor into an order, a form, a URL
   * or a header: `forVisitor` takes it for 30 days. It holds the id, its origin, and whether the visitor has granted
   * consent; `secrets` sign it (without them, it is the bare id). The visitor's state is kept as that of a visitor who
   * has come back. '' if nothing may be counted for the visitor later: without consent, for bots, in a preview, on
   * HEAD, if the browser keeps no id, before the first project config, and on a response that a shared cache may store.
   *
   * @example
   * ```js
   * const order = await shop.createOrder(cart, { metadata: { cv_vid: req.convert.carry() } });
   * ```
   */
  carry(): string;
  /** Returns `<input type="hidden">` with the text of `carry()`; '' without one. Default name `cv_vid`. */
  hiddenField(options?: { name?: string }): string;
  /**
   * Returns the header `X-Convert-Visitor` with the text of `carry()`, for a request to another service; an empty
   * object without one.
   */
  header(): Record<string, string>;
  /**
   * Lets shared caches (CDNs, nginx, Varnish) keep this page for each variation of the experiences in `key`. It is
   * called before anything is decided; docs/guides/caches.md says how the cache is set up. A visitor's first page is
   * `private`, enrols them, and gives their browser a key (the cookie `cv_key`); a page that was asked for with the
   * right key is `public`, with none of our cookies and no visitor id in the bridge, and enrols nobody. Experiences
   * that are not in `key` show the original on this page (`shared-page`). Never throws: wrong options, or a call that
   * comes too late, are logged once, and the page is not shared.
   *
   * @param options `key`: 1 to 16 experience keys; `seconds`: how long a cache keeps the page
   * @param attributes the attributes with which the handler decides these experiences, if it gives any
   *
   * @example
   * ```js
   * req.convert.share({ key: ['homepage-hero'], seconds: 300 });
   * res.render('home', { variation: req.convert.runExperience('homepage-hero') });
   * ```
   */
  share(options: ShareOptions<Keys>, attributes?: ExperienceAttributes): void;
}

/**
 * The key of a property that marks contexts, so that either build of this package (ESM and CommonJS) recognizes those
 * of the other.
 */
export const CONTEXT_BRAND = Symbol.for('convert-middleware.context');

export function isContext(value: unknown): value is VisitorContext {
  return typeof value === 'object' && value !== null && CONTEXT_BRAND in value;
}
