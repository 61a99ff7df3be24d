/** Orders, and a payment provider that approves of everybody. */
import { randomUUID } from 'node:crypto';
import { signatureOf } from './webhook.js';

export class Orders {
  #orders = new Map();
  #provider;

  /** @param provider what takes the money: `charge(order)` */
  constructor(provider) {
    this.#provider = provider;
  }

  find(id) {
    return this.#orders.get(id);
  }

  /** `metadata` travels to the payment provider and comes back with its webhook: the visitor among it. */
  async place({ lines, totals, metadata }) {
    const order = { id: randomUUID(), status: 'open', lines, ...totals, metadata };
    this.#orders.set(order.id, order);
    await this.#provider.charge(order);
    order.status = 'paid';
    return order;
  }
}

/** Stands in for a real one: takes no money, and posts its webhook at once. */
export class PretendPayments {
  constructor({ secret, webhookUrl }) {
    this.secret = secret;
    this.webhookUrl = webhookUrl;
  }

  async charge({ id, total, count, metadata }) {
    const body = JSON.stringify({ type: 'order.paid', order: { id, total, count, metadata } });
    const response = await fetch(this.webhookUrl(), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Signature': signatureOf(body, this.secret) },
      body,
    });
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  }
}
