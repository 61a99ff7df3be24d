/** Finds the order that an event tells of: as the platform has it, or as the functions of the app say. */
import type { RouteConvert } from '../convert/types.js';
import type { RouteRequest } from '../model/http.js';
import { askApp } from './ask-app.js';
import { type BadField, checkedOrder } from './order.js';
import type {
  ConversionWebhookOptions,
  OrderEvent,
  WebhookOrder,
  WebhookOrderFields,
  WebhookPlatform,
} from './types.js';

/** An order; or a field of it that is wrong; undefined if the event is about no paid order. */
type FoundOrder = WebhookOrder | BadField | undefined;

const FIELDS = ['id', 'amount', 'currency', 'visitorId'] as const;
const NO_ORDERS: WebhookPlatform['orders'] = {};
const NO_FIELDS: WebhookOrderFields = {};

export class OrderReader<Event> {
  readonly #convert: RouteConvert;
  readonly #options: ConversionWebhookOptions<Event>;
  readonly #orders: WebhookPlatform['orders'];
  /** The types of events that mean that an order was paid; undefined if each event does. */
  readonly #types: ReadonlySet<string> | undefined;

  constructor(convert: RouteConvert, options: ConversionWebhookOptions<Event>) {
    const { platform, on } = options;
    this.#convert = convert;
    this.#options = options;
    this.#orders = platform?.orders ?? NO_ORDERS;
    const types = typeof on === 'function' ? undefined : (on ?? platform?.paid);
    this.#types = types === undefined || types.length === 0 ? undefined : new Set(types);
  }

  /**
   * Returns undefined if the event is about no paid order. Returns a promise only if a function of the app is asked; it
   * rejects with an AppFailure.
   */
  read(event: Event, type: string | undefined, request: RouteRequest): FoundOrder | Promise<FoundOrder> {
    const { on, order, visitorId } = this.#options;
    const known = type !== undefined && Object.hasOwn(this.#orders, type) ? this.#orders[type] : undefined;
    if (typeof on !== 'function') {
      if (this.#types !== undefined && (type === undefined || !this.#types.has(type))) return undefined;
      if (known?.isPaid?.(event) === false) return undefined;
      if (order === undefined && visitorId === undefined)
        return checkedOrder(known?.read(event) ?? NO_FIELDS);
    }
    return this.#ask(event, type, request, known);
  }

  async #ask(
    event: Event,
    type: string | undefined,
    request: RouteRequest,
    known: OrderEvent | undefined,
  ): Promise<FoundOrder> {
    const { on, order, visitorId } = this.#options;
    if (typeof on === 'function' && (await askApp(this.#convert, 'on', () => on(event, type))) !== true)
      return undefined;
    let fields = known?.read(event) ?? NO_FIELDS;
    if (order !== undefined) {
      const given = await askApp(this.#convert, 'order', () => order(event, request));
      if (given === null || given === undefined) return undefined;
      fields = replaced(fields, given);
    }
    if (visitorId !== undefined) {
      const carried = await askApp(this.#convert, 'visitorId', () => visitorId(event));
      fields = { ...fields, visitorId: carried };
    }
    return checkedOrder(fields);
  }
}

function replaced(fields: WebhookOrderFields, given: WebhookOrderFields): WebhookOrderFields {
  const entries = FIELDS.map((name) => [name, given[name] === undefined ? fields[name] : given[name]]);
  return Object.fromEntries(entries) as WebhookOrderFields;
}
