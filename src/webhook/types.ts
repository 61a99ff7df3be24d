/** The public types of webhooks, and what a platform has to tell of itself. */
import type { GoalKey } from '../model/project-keys.js';
import type { GoalData } from '../model/tracking-event.js';
import type { RouteHandler, RouteRequest } from '../model/http.js';
import type { TrackOutcome } from '../context/conversion-outcomes.js';
import type { Digests } from '../utils/digests.js';
import type { ForVisitorOptions } from '../convert/types.js';
import type { Verdict } from './signatures.js';

/** An order that was paid. */
export interface WebhookOrder {
  /** The id of the order, which Convert gets as `transactionId`: each counts once. */
  readonly id: string;
  /** What was paid, in major units of the currency: 49.9 for 49.90 EUR. Undefined: it counts without an amount. */
  readonly amount: number | undefined;
  /** The currency as three capital letters (ISO 4217); undefined if the event names none. */
  readonly currency: string | undefined;
  /** What carries the visitor id, as `forVisitor` takes it; '' if the order has none. */
  readonly visitorId: string;
}

/** The fields of an order as an event has them; see `WebhookOrder`. They are checked. */
export interface WebhookOrderFields {
  /** Text or a number. */
  readonly id?: unknown;
  /** A number, or text such as `'49.90'`. */
  readonly amount?: unknown;
  readonly currency?: unknown;
  /** Text, or a number. */
  readonly visitorId?: unknown;
}

/** Money that was paid back. */
export interface WebhookRefund {
  /** An id by which to tell whether the refund is known already: a platform may tell of one more than once. */
  readonly id: string;
  /** The id of the order, as its conversion had it. */
  readonly orderId: string;
  /** What was paid back, in major units; a positive number. Undefined if the event does not tell. */
  readonly amount: number | undefined;
  readonly currency: string | undefined;
  /** What carries the visitor id, if the event has it; else ''. Most refunds have none. */
  readonly visitorId: string;
}

/** The fields of a refund as an event has them; see `WebhookRefund`. They are checked. */
export interface WebhookRefundFields extends WebhookOrderFields {
  readonly orderId?: unknown;
}

/** A type of event that has an order. */
export interface OrderEvent {
  /** Default: an event of this type always means that the order is paid. */
  readonly isPaid?: (event: unknown) => boolean;
  readonly read: (event: unknown) => WebhookOrderFields;
}

/** A platform that sends webhooks: how it signs, and where its events have an order. `shopify()` makes one. */
export interface WebhookPlatform {
  readonly name: string;
  /** True if the platform sends an event again after an error. */
  readonly retries: boolean;
  /**
   * @param now milliseconds since the epoch
   * @param digests those of the Convert
   */
  verify(request: RouteRequest, now: number, digests: Digests): Verdict | Promise<Verdict>;
  /** True for an unsigned request that only asks whether somebody answers. */
  isPing(request: RouteRequest): boolean;
  /** The type of an event: `orders/paid`. */
  typeOf(event: unknown, request: RouteRequest): string | undefined;
  /** The types of events that mean, by default, that an order was paid. */
  readonly paid: readonly string[];
  /** How the order of an event is read, by the type of the event. */
  readonly orders: Readonly<Record<string, OrderEvent>>;
  /** Reads the refunds of an event, by its type. */
  readonly refunds: Readonly<Record<string, (event: unknown) => readonly WebhookRefundFields[]>>;
}

/** The data of a conversion beside amount and transaction id; see `trackConversion`. */
export type WebhookData = readonly GoalData[] | null | undefined;

type Awaitable<T> = T | PromiseLike<T>;

/** What a platform has sent as JSON: the app knows its fields. An app with types of its own names its event instead. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- `unknown` would refuse each field that an app reads
export type WebhookEvent = Record<string, any>;

/**
 * Options of `conversionWebhook`. If one of the functions throws, the order is skipped; if it returns a promise that
 * rejects, the answer is 503, so that the platform tries again. Each of both is an `error` event.
 */
export interface ConversionWebhookOptions<Event = WebhookEvent> {
  /** How the platform signs, and where its events have the order: `shopify({ secret })`. Either this or `verify`. */
  platform?: WebhookPlatform;
  /**
   * Checks a request by itself, and returns its event, or true if the body is the event, as JSON. If it throws, rejects
   * or returns anything else, the request is refused with 401. `body` has the bytes as they were sent.
   */
  verify?: (body: Uint8Array, headers: RouteRequest['headers'], request: RouteRequest) => Awaitable<unknown>;
  /** The key of the goal that a paid order reaches, or a function that returns it; undefined or null counts nothing. */
  goal: GoalKey | ((event: Event, order: WebhookOrder) => Awaitable<GoalKey | null | undefined>);
  /**
   * The types of events that mean that an order was paid; or a function that says so, in place of all that the platform
   * would look at. Default: the types of the platform; without a platform that knows orders, all events.
   */
  on?: readonly string[] | ((event: Event, type: string | undefined) => Awaitable<boolean>);
  /**
   * Reads the order of an event. What it returns replaces the fields that the platform has found; null skips the event.
   * Default: what the platform finds. Needed if the platform knows no orders.
   */
  order?: (event: Event, request: RouteRequest) => Awaitable<WebhookOrderFields | null | undefined>;
  /**
   * Returns what carries the visitor id, at most 200 characters. Default: the field `cv_vid`, where the platform has
   * such fields.
   */
  visitorId?: (event: Event) => Awaitable<unknown>;
  /**
   * Where the visitor ids of orders come from, as `forVisitor` takes it: `app`, if `visitorId` returns ids of users.
   * Default `carried`: buyers and other apps can change what an order carries.
   */
  origin?: ForVisitorOptions['origin'];
  /**
   * Returns further data of the conversion. An entry `amount` or `transactionId` replaces the order's. Default: none.
   */
  data?: (event: Event, order: WebhookOrder) => Awaitable<WebhookData>;
  /** The currency of the project at Convert: `'EUR'`. Default: amounts are taken as they are. */
  currency?: string;
  /**
   * Converts the amount of an order in another currency. If it is missing, or gives null, the order counts without an
   * amount, and a warning says so.
   */
  toProjectCurrency?: (amount: number, currency: string) => Awaitable<number | null | undefined>;
  /**
   * Called for each refund that the platform tells of. Convert knows no refunds, so nothing is sent. May be called more
   * than once for one refund. Default: refunds are ignored.
   */
  onRefund?: (refund: WebhookRefund, event: Event) => unknown;
}

/**
 * What became of a request: an outcome of `trackConversion`, or
 *
 * - `ping` the platform asks whether somebody answers
 * - `ignored` the event is about no paid order
 * - `refund` the event is about a refund
 * - `no-visitor-id` the order carries no visitor id
 * - `no-goal` the function `goal` named none
 * - `bad-order` a field of the order is missing or of a wrong type, or a function of the app threw
 * - `bad-signature` the request is not signed, or not by one of the secrets
 * - `stale` the time of signing is out of the tolerance
 * - `bad-json` the body is not a JSON object
 * - `bad-method` the request is no POST
 * - `failed` a promise of a function of the app was rejected
 * - `waiting` the platform would not send the order again, so it waits, in memory, and on disk, too, if there is a
 *   spool; it is counted again with its final outcome
 * - `lost` the order could not be counted, and the platform does not send it again: there was no room to wait, or it
 *   has waited for ten minutes
 */
export type WebhookOutcome =
  | TrackOutcome
  | 'ping'
  | 'ignored'
  | 'refund'
  | 'no-visitor-id'
  | 'no-goal'
  | 'bad-order'
  | 'bad-signature'
  | 'stale'
  | 'bad-json'
  | 'bad-method'
  | 'failed'
  | 'waiting'
  | 'lost';

/** What the requests of a webhook have come to. */
export interface WebhookStats {
  /** The number of requests by what became of them. */
  readonly outcomes: Readonly<Partial<Record<WebhookOutcome, number>>>;
  /**
   * The orders that wait to be counted, since the platform does not send them again; those of processes that have died,
   * too, once this one has taken them over.
   */
  readonly waiting: number;
}

/** A handler of webhooks, for `route` of an adapter. */
export interface ConversionWebhook extends RouteHandler {
  stats(): WebhookStats;
}
