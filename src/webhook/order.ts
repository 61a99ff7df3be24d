/** Checks the fields of orders and refunds, which platforms and apps have read of events. */
import { amountOf } from './currencies.js';
import type { WebhookOrder, WebhookOrderFields, WebhookRefund, WebhookRefundFields } from './types.js';

/** The most characters of what carries a visitor id. */
const MAX_VISITOR = 200;
const CURRENCY = /^[A-Za-z]{3}$/;

/** The first field that is missing or of a wrong type. */
export interface BadField {
  readonly badField: string;
}

export function checkedOrder(fields: WebhookOrderFields): WebhookOrder | BadField {
  const id = idOf(fields.id);
  const amount = optional(fields.amount, amountOf);
  const currency = optional(fields.currency, currencyOf);
  const visitorId = optional(fields.visitorId, carriedOf);
  if (id === undefined) return { badField: 'id' };
  if (amount === WRONG || (amount !== undefined && amount < 0)) return { badField: 'amount' };
  if (currency === WRONG) return { badField: 'currency' };
  if (visitorId === WRONG) return { badField: 'visitorId' };
  return { id, amount, currency, visitorId: visitorId ?? '' };
}

export function checkedRefund(fields: WebhookRefundFields): WebhookRefund | BadField {
  const amount = amountOf(fields.amount);
  const order = checkedOrder({ ...fields, amount: amount === undefined ? fields.amount : Math.abs(amount) });
  if ('badField' in order) return order;
  const orderId = idOf(fields.orderId);
  return orderId === undefined ? { badField: 'orderId' } : { ...order, orderId };
}

const WRONG = Symbol('wrong');

/** Reads a field that may be missing. */
function optional<T>(value: unknown, read: (value: unknown) => T | undefined): T | undefined | typeof WRONG {
  if (value === undefined || value === null) return undefined;
  return read(value) ?? WRONG;
}

function idOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function currencyOf(value: unknown): string | undefined {
  return typeof value === 'string' && CURRENCY.test(value) ? value.toUpperCase() : undefined;
}

/** Reads what carries a visitor id. '' is right: so shops say that there is none. */
function carriedOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length <= MAX_VISITOR ? value : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}
