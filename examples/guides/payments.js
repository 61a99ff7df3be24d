/** Orders of a payment page on another site: paid, and counted once. Run: node examples/guides/payments.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['purchase'] },
  secrets: 'a secret of 16 characters or more',
  endpoints: { track: collector.url },
});
const orders = new Map();
const purchase = (id) => ({
  conversionData: [{ key: 'transactionId', value: id }],
  // A second order of this visitor counts, too.
  conversionSetting: { forceMultipleTransactions: true },
});

const app = express();
app.use(convertMiddleware(convert));
app.use(express.urlencoded());
app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero')?.key));
app.post('/checkout', (req, res) => {
  // The order keeps who has placed it. A real shop redirects to the payment page here.
  orders.set('o-17', { visitor: req.convert.carry() });
  res.send('o-17');
});
app.post('/payment/return', (req, res) => {
  // The browser sends no cookie with this POST: it comes from the site of the payment provider.
  res.redirect(303, `/thanks?order=${encodeURIComponent(req.body.order)}`);
});
app.get('/thanks', (req, res) => {
  const { outcome } = req.convert.trackConversion('purchase', purchase(req.query.order));
  res.send(`Thank you (${outcome})`);
});
const server = app.listen(0);

/** Runs when the payment provider has told that an order is paid. */
async function orderPaid(id) {
  const visitor = await convert.forVisitor(orders.get(id).visitor, { origin: 'carried' });
  visitor.trackConversion('purchase', purchase(id));
  return (await visitor.committed()).conversions[0].outcome;
}

// Try it: the order is paid, and then the browser comes back.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(await browser.get('/'));
const order = await browser.post('/checkout');
console.log(`order paid: ${await orderPaid(order)}`);
console.log(`browser back: ${await browser.post('/payment/return', { order })}`);

server.close();
await convert.close();
console.log(collector.events.join('\n'));
