/** A signed order, sent twice as shops do: it counts once. Run: node examples/guides/webhooks.js */
import { createHmac } from 'node:crypto';
import { createConvert } from 'convert-middleware';
import { convertMiddleware, route } from 'convert-middleware/express';
import { conversionWebhook, shopify } from 'convert-middleware/webhook';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const SHOPIFY_SECRET = 'shpss_0123456789';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['purchase'] },
  secrets: 'a secret of 16 characters or more',
  endpoints: { track: collector.url },
});
const webhook = conversionWebhook(convert, {
  platform: shopify({ secret: SHOPIFY_SECRET }),
  goal: 'purchase',
  currency: 'EUR',
});

const app = express();
app.post('/webhooks/orders', route(webhook));
app.use(express.json());
app.use(convertMiddleware(convert));
app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero')?.key));
app.get('/cart', (req, res) => res.send(req.convert.carry()));
const server = app.listen(0);

// Try it: the visitor sees the page, and their cart carries them to the shop.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(`page: ${await browser.get('/')}`);
const visitor = await browser.get('/cart');

// The shop tells of the paid order, twice. It signs the bytes of the body.
const body = JSON.stringify({
  id: 1001,
  total_price: '49.90',
  currency: 'EUR',
  note_attributes: [{ name: 'cv_vid', value: visitor }],
});
const headers = {
  'x-shopify-topic': 'orders/paid',
  'x-shopify-hmac-sha256': createHmac('sha256', SHOPIFY_SECRET).update(body).digest('base64'),
};
for (const time of ['first', 'second']) {
  const response = await browser.request('/webhooks/orders', { method: 'POST', headers, body });
  console.log(`${time} time: ${response.status} ${await response.text()}`);
}

server.close();
await convert.close();
console.log(collector.events.join('\n'));
