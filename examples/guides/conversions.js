/** A goal that a page counts, and orders that a job counts. On Koa. Run: node examples/guides/conversions.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['signup', 'purchase'] },
  endpoints: { track: collector.url },
});

const app = new Koa();
app.use(convertMiddleware(convert));
app.use((ctx) => {
  if (ctx.path === '/signup') {
    ctx.convert.trackConversion('signup');
    ctx.body = 'Welcome!';
  } else ctx.body = ctx.convert.runExperience('homepage-hero')?.key;
});
const server = app.listen(0);

/** Whether the order has to be tried again: a queue would do so later. */
async function countOrder(order) {
  const visitor = await convert.forVisitor(order.visitorId);
  visitor.trackConversion('purchase', {
    conversionData: [
      { key: 'amount', value: order.total },
      { key: 'transactionId', value: order.id },
    ],
    conversionSetting: { forceMultipleTransactions: true },
  });
  const { retry, conversions } = await visitor.committed();
  console.log(`order ${order.id}: ${conversions[0].outcome}`);
  return retry;
}

// Try it: a visitor signs up, twice, and buys twice. A queue hands out the first order a second time.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(await browser.get('/'));
console.log(await browser.post('/signup'));
console.log(await browser.post('/signup'));
await countOrder({ id: 'o-17', total: 49.9, visitorId: 'anna' });
await countOrder({ id: 'o-17', total: 49.9, visitorId: 'anna' });
await countOrder({ id: 'o-18', total: 12, visitorId: 'anna' });

server.close();
await convert.close();
console.log(collector.events.join('\n'));
