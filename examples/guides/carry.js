/** An order that is paid later, where no cookie comes, still counts. Run: node examples/guides/carry.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { checkout: ['original', 'version-b'] }, goals: ['purchase'] },
  endpoints: { track: collector.url },
  secrets: process.env.CONVERT_SECRET ?? 'the secret of an example',
  logger: { error: console.error, warn: (line) => console.log(`log: ${line.split(';')[0]}`) },
});
const orders = new Map(); // in the place of a database

const app = express();
app.use(convertMiddleware(convert));
app.post('/checkout', (req, res) => {
  req.convert.runExperience('checkout');
  orders.set('o-17', { total: 49.9, metadata: { cv_vid: req.convert.carry() } });
  res.send('Thank you! Please pay by bank transfer.');
});
const server = app.listen(0);

/** A job, when the money is there. */
async function countPayment({ total, metadata }) {
  const visitor = await convert.forVisitor(metadata.cv_vid, { origin: 'carried' });
  const { outcome } = visitor.trackConversion('purchase', {
    conversionData: [
      { key: 'amount', value: total },
      { key: 'transactionId', value: 'o-17' },
    ],
    // A second order of this visitor counts, too.
    conversionSetting: { forceMultipleTransactions: true },
  });
  return outcome;
}

// Try it: a visitor orders, and pays. Another order names a user, which no text from outside can.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(await browser.post('/checkout'));
console.log(`paid: ${await countPayment(orders.get('o-17'))}`);
console.log(`made up: ${await countPayment({ total: 49.9, metadata: { cv_vid: 'user:42' } })}`);

server.close();
await convert.close();
console.log(collector.events.join('\n'));
