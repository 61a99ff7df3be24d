/** `conversionWebhook()`: counts the orders that a platform tells of, for the visitors who have placed them. */
import type { ConversionResult } from '../context/conversion-outcomes.js';
import type { ForVisitorOptions, OrderFiles, RouteConvert } from '../convert/types.js';
import type { RouteRequest, RouteResponse } from '../model/http.js';
import type { GoalData } from '../model/tracking-event.js';
import { asConvertError, type ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import { asObject } from '../utils/objects.js';
import type { WarnOnce } from '../utils/operator-log.js';
import { answerTo, createWarnOnce, tellOf } from './answers.js';
import { AppFailure, askApp } from './ask-app.js';
import { signedBy, verifiedBy } from './authenticate.js';
import { textOf } from './fields.js';
import { assertWebhookOptions } from './options.js';
import { type BadField, checkedRefund } from './order.js';
import { OrderAmounts } from './order-amounts.js';
import { OrderReader } from './order-reader.js';
import type {
  ConversionWebhook,
  ConversionWebhookOptions,
  WebhookData,
  WebhookEvent,
  WebhookOrder,
  WebhookOutcome,
  WebhookStats,
} from './types.js';
import { DISK_LIMIT, WaitingOrders } from './waiting-orders.js';

/**
 * The most milliseconds until an answer. Platforms wait for five seconds, or less; the answer is to be there within
 * two, with the time that it takes to be read and written.
 */
const TIME_LIMIT = 1_900;

/** What is tracked of an order. */
interface OrderConversion {
  readonly goalKey: string;
  readonly visitorId: string;
  readonly origin: NonNullable<ForVisitorOptions['origin']>;
  readonly conversionData: GoalData[];
}

/** A file may hold anything. `trackConversion` checks the data. */
function isOrderConversion(value: unknown): value is OrderConversion {
  const { goalKey, visitorId, origin, conversionData } = asObject(value as Partial<OrderConversion>);
  return (
    [goalKey, visitorId, origin].every((each) => typeof each === 'string') && Array.isArray(conversionData)
  );
}

/** What is known of a request so far: if the time is up, the order may wait. */
interface Attempt {
  /** The request of the framework; undefined for an order that has waited. */
  readonly raw: unknown;
  readonly until: number;
  conversion: OrderConversion | undefined;
}

type Result = Pick<ConversionResult, 'retry'> & { readonly outcome: WebhookOutcome };

const final = (outcome: WebhookOutcome): Result => ({ outcome, retry: false });
const again = (outcome: WebhookOutcome): Result => ({ outcome, retry: true });

const DISK_FAILED = 'orders that wait can not be kept on disk: they are in memory, and lost with the process';

class Webhook<Event> {
  readonly #convert: RouteConvert;
  readonly #options: ConversionWebhookOptions<Event>;
  readonly #orders: OrderReader<Event>;
  readonly #amounts: OrderAmounts;
  readonly #origin: OrderConversion['origin'];
  readonly #warnOnce: WarnOnce;
  readonly #outcomes = new Map<WebhookOutcome, number>();
  /** True if the platform sends an event again after an error. */
  readonly #isRetried: boolean;
  readonly #waiting: WaitingOrders<OrderConversion> | undefined;
  /** The most milliseconds for an attempt to count an order. An order that has to wait takes the rest to be written. */
  readonly #attemptLimit: number;

  constructor(convert: RouteConvert, options: ConversionWebhookOptions<Event>) {
    this.#convert = convert;
    this.#options = options;
    this.#origin = options.origin ?? 'carried';
    this.#warnOnce = createWarnOnce(convert.logger, options.platform?.name);
    this.#orders = new OrderReader(convert, options);
    this.#amounts = new OrderAmounts(convert, options, this.#warnOnce);
    this.#isRetried = options.platform?.retries !== false;
    // Where a process ends with its request, no order can wait.
    this.#waiting = this.#isRetried || convert.orderFiles === undefined ? undefined : this.#waitingOrders();
    this.#attemptLimit = this.#waiting === undefined ? TIME_LIMIT : TIME_LIMIT - DISK_LIMIT;
  }

  /** Never rejects. */
  async handle(request: RouteRequest): Promise<RouteResponse> {
    const limit = this.#attemptLimit;
    const until = performance.now() + limit;
    const attempt: Attempt = { raw: request.raw, until, conversion: undefined };
    // The work goes on after the time limit, and may still count the order: another attempt counts nothing then.
    const result = await withTimeout(limit, this.#process(request, attempt)).catch(() => again('timeout'));
    const { outcome, retry } = result.retry && !this.#isRetried ? await this.#letWait(attempt) : result;
    this.#count(outcome);
    return answerTo(outcome, retry);
  }

  stats(): WebhookStats {
    return { outcomes: Object.fromEntries(this.#outcomes), waiting: this.#waiting?.size ?? 0 };
  }

  #count(outcome: WebhookOutcome): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    tellOf(outcome, this.#warnOnce);
  }

  /** If a platform sends nothing again, an order that should be tried again waits. */
  async #letWait({ conversion }: Attempt): Promise<Result> {
    const waits = conversion !== undefined && (await this.#waiting?.add(conversion)) === true;
    return final(waits ? 'waiting' : 'lost');
  }

  #waitingOrders(): WaitingOrders<OrderConversion> {
    const convert = this.#convert;
    let files: OrderFiles<OrderConversion> | undefined;
    return new WaitingOrders<OrderConversion>({
      count: (conversion) => this.#countLater(conversion),
      lost: () => this.#count('lost'),
      files: async () => (files ??= await convert.orderFiles?.(isOrderConversion)),
      diskFailed: (error) => convert.report(asConvertError(error, 'CONVERT_SPOOL', DISK_FAILED)),
    });
  }

  /** Never rejects. */
  async #process(request: RouteRequest, attempt: Attempt): Promise<Result> {
    try {
      return await this.#read(request, attempt);
    } catch (error) {
      if (error instanceof AppFailure)
        return error.outcome === 'failed' ? again('failed') : final('bad-order');
      this.#convert.report(asConvertError(error, 'CONVERT_INTERNAL', 'a webhook failed'));
      return again('failed');
    }
  }

  async #read(request: RouteRequest, attempt: Attempt): Promise<Result> {
    const { platform, verify, onRefund } = this.#options;
    if (request.method !== 'POST') return final('bad-method');
    if (platform?.isPing(request) === true) return final('ping');
    const finding =
      platform === undefined
        ? verifiedBy(verify!, request, this.#warnOnce)
        : signedBy(platform, request, this.#convert);
    const found = finding instanceof Promise ? await finding : finding;
    if ('refused' in found) return final(found.refused);
    const event = found.event as Event;
    const type = platform === undefined ? textOf(event, 'type') : platform.typeOf(event, request);
    const isRefund = onRefund !== undefined && (await this.#tellOfRefunds(event, type));
    // The app may have recorded something, and only the Convert knows what.
    if (isRefund) this.#convert.flushWithin?.(request.raw);
    const read = this.#orders.read(event, type, request);
    const order = read instanceof Promise ? await read : read;
    if (order === undefined) return final(isRefund ? 'refund' : 'ignored');
    return this.#countOrder(event, order, attempt);
  }

  async #countOrder(event: Event, order: WebhookOrder | BadField, attempt: Attempt): Promise<Result> {
    if ('badField' in order) {
      this.#warnOfField('an order', order);
      return final('bad-order');
    }
    if (order.visitorId === '') return final('no-visitor-id');
    const { goal, data } = this.#options;
    const goalKey =
      typeof goal === 'string' ? goal : await askApp(this.#convert, 'goal', () => goal(event, order));
    if (typeof goalKey !== 'string' || goalKey === '') return final('no-goal');
    const converted = this.#amounts.of(order);
    const amount = converted instanceof Promise ? await converted : converted;
    const more = data && (await askApp(this.#convert, 'data', () => data(event, order)));
    const conversionData = conversionDataOf(order, amount, more);
    attempt.conversion = { goalKey, visitorId: order.visitorId, origin: this.#origin, conversionData };
    return this.#track(attempt.conversion, attempt);
  }

  async #countLater(conversion: OrderConversion): Promise<boolean> {
    const { outcome, retry } = await this.#track(conversion, {
      raw: undefined,
      until: performance.now() + TIME_LIMIT,
    });
    if (!retry) this.#count(outcome);
    return retry;
  }

  async #track(order: OrderConversion, { raw, until }: Omit<Attempt, 'conversion'>): Promise<Result> {
    const { goalKey, visitorId, origin, conversionData } = order;
    const convert = this.#convert;
    const visitor = await (convert.forVisitorWithin?.(raw, visitorId, { origin }) ??
      convert.forVisitor(visitorId, { origin }));
    visitor.trackConversion(goalKey, {
      conversionData,
      conversionSetting: { forceMultipleTransactions: true },
    });
    const { conversions } = await visitor.committed({ timeout: Math.max(0, until - performance.now()) });
    const [{ outcome, retry } = again('timeout')] = conversions;
    return { outcome, retry };
  }

  /** Calls the app for each refund of the event. Returns true if the event has any. */
  async #tellOfRefunds(event: Event, type: string | undefined): Promise<boolean> {
    const { platform, onRefund } = this.#options;
    if (onRefund === undefined || platform === undefined || type === undefined) return false;
    const read = Object.hasOwn(platform.refunds, type) ? platform.refunds[type] : undefined;
    const all = read?.(event) ?? [];
    for (const fields of all) {
      const refund = checkedRefund(fields);
      if ('badField' in refund) this.#warnOfField('a refund', refund);
      else await askApp(this.#convert, 'onRefund', () => onRefund(refund, event));
    }
    return all.length > 0;
  }

  #warnOfField(what: string, { badField }: BadField): void {
    this.#warnOnce(
      'CONVERT_WEBHOOK_FIELD',
      `${what} is skipped: \`${badField}\` is missing, of a wrong type or too long`,
      `${what} ${badField}`,
    );
  }
}

/** The data of the conversion: what the app gives replaces what the order has. */
function conversionDataOf(order: WebhookOrder, amount: number | undefined, more: WebhookData): GoalData[] {
  const own: GoalData[] = [{ key: 'transactionId', value: order.id }];
  if (amount !== undefined) own.unshift({ key: 'amount', value: amount });
  // Whatever else an app returns is no data, and `trackConversion` says so.
  if (more === undefined || more === null) return own;
  if (!Array.isArray(more)) return more as never;
  const given = more as readonly GoalData[];
  return [...own.filter(({ key }) => !given.some((each) => each?.key === key)), ...given];
}

/**
 * Makes the handler of a platform's webhooks: it checks who has sent a request, reads the order, and counts it for the
 * visitor who placed it. Each order counts once, however often the platform tells of it, and each further order of a
 * visitor counts, too. It answers within two seconds, and does not wait for Convert. Mount it with `route` of an
 * adapter, before any body parser.
 *
 * @example
 * ```js
 * import { route } from 'convert-middleware/express';
 * import { conversionWebhook, shopify } from 'convert-middleware/webhook';
 *
 * const paid = conversionWebhook(convert, {
 *   platform: shopify({ secret: process.env.SHOPIFY_SECRET }),
 *   goal: 'purchase',
 *   currency: 'EUR',
 * });
 * app.post('/webhooks/orders', route(paid));
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function conversionWebhook<Event = WebhookEvent>(
  convert: RouteConvert,
  options: ConversionWebhookOptions<Event>,
): ConversionWebhook {
  assertWebhookOptions(convert, options);
  const webhook = new Webhook(convert, options);
  return Object.assign((request: RouteRequest) => webhook.handle(request), {
    report: (error: ConvertError) => convert.report(error),
    logger: convert.logger,
    // A flush waits for the events of all requests.
    ...(convert.forVisitorWithin === undefined && { flush: () => convert.flush() }),
    stats: () => webhook.stats(),
  });
}
