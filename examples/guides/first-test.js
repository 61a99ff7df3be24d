/** A first test, from the page to the count of the goal. Run: node examples/guides/first-test.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const middleware = convertMiddleware({
  // With an account, the option `sdkKey` takes the place of these two.
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['purchase'] },
  endpoints: { track: collector.url },
});
const { convert } = middleware;

const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const variation = req.convert.runExperience('homepage-hero');
  res.send(variation?.key === 'version-b' ? 'the new hero' : 'the old hero');
});
app.post('/checkout', (req, res) => {
  req.convert.trackConversion('purchase', {
    conversionData: [
      { key: 'amount', value: 49.9 },
      { key: 'transactionId', value: 'o-17' },
    ],
    // A second order of this visitor counts, too.
    conversionSetting: { forceMultipleTransactions: true },
  });
  res.redirect(303, '/thanks');
});
app.get('/thanks', (req, res) => res.send('Thank you'));
const server = app.listen(0);

// Try it: a visitor comes twice, and buys.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
for (let visit = 1; visit <= 2; visit += 1) console.log(`visit ${visit}: ${await browser.get('/')}`);
console.log(await browser.post('/checkout'));

// About half of all visitors get each variation. `peek` decides, and counts nobody.
const counts = {};
for (let number = 1; number <= 1000; number += 1) {
  const visitor = await convert.forVisitor(`visitor-${number}`);
  const { key } = visitor.peek('homepage-hero');
  counts[key] = (counts[key] ?? 0) + 1;
}
console.log(`of 1000 visitors: ${counts.original} original, ${counts['version-b']} version-b`);

server.close();
await convert.close();
console.log(collector.events.join('\n'));
