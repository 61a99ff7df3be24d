/** A process that sends signed orders, over connections that stay open, and takes the time until each is answered. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { answer } from '../support/children.js';
import { visitorOf } from './visitors.js';

const CONNECTIONS = 20;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let orders = 0;

/** An order as Shopify sends it, with eight lines. */
function orderOf(id) {
  const line = (nth) => ({
    id: id * 10 + nth,
    admin_graphql_api_id: `gid://shopify/LineItem/${id * 10 + nth}`,
    name: `A vase of blown glass, number ${nth}`,
    price: '24.95',
    price_set: {
      shop_money: { amount: '24.95', currency_code: 'EUR' },
      presentment_money: { amount: '24.95', currency_code: 'EUR' },
    },
    quantity: 1,
    sku: `VASE-${nth}`,
    properties: [],
    tax_lines: [{ price: '3.98', rate: 0.19, title: 'VAT' }],
    vendor: 'Glass & Co.',
  });
  const address = {
    first_name: 'Ann',
    last_name: 'Example',
    address1: '1 Example Street',
    city: 'Berlin',
    zip: '10115',
    country_code: 'DE',
  };
  return {
    id,
    name: `#${id}`,
    created_at: '2026-11-30T12:00:00+01:00',
    currency: 'EUR',
    current_total_price: '199.60',
    total_price: '199.60',
    financial_status: 'paid',
    note_attributes: [{ name: 'cv_vid', value: visitorOf(id) }],
    billing_address: address,
    shipping_address: address,
    customer: { id: id + 1, email: 'ann@example.com', tags: '', default_address: address },
    line_items: Array.from({ length: 8 }, (_, nth) => line(nth)),
    shipping_lines: [{ title: 'Parcel', price: '0.00' }],
  };
}

function send(port, body, signature) {
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'X-Shopify-Topic': 'orders/paid',
    'X-Shopify-Hmac-Sha256': signature,
  };
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const sent = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: '/webhook', headers },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`));
        response.resume().on('end', () => resolve(performance.now() - begin));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

answer({
  /** Sends `count` orders, and returns the milliseconds that each took. */
  async block({ port, count, secret }) {
    const signed = Array.from({ length: count }, () => {
      const body = JSON.stringify(orderOf(5_000_000_000 + (orders += 1)));
      return { body, signature: createHmac('sha256', secret).update(body).digest('base64') };
    });
    const times = [];
    const worker = async () => {
      for (let next = signed.pop(); next !== undefined; next = signed.pop())
        times.push(await send(port, next.body, next.signature));
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    return times;
  },
});
