/** Exposures and conversions for a warehouse of your own. Run: node examples/guides/warehouse.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] }, goals: ['signup'] },
  endpoints: { track: collector.url },
});
const { convert } = middleware;

// A real app writes these rows into its warehouse.
const rows = [];
convert.on('exposure', ({ visitorId, experienceKey, variationKey, at }) => {
  rows.push({ kind: 'exposure', visitorId, key: `${experienceKey}/${variationKey}`, at });
});
convert.on('conversion', ({ visitorId, goalKey, outcome }) => {
  if (outcome === 'tracked') rows.push({ kind: 'conversion', visitorId, key: goalKey, at: Date.now() });
});

const app = express();
app.use(middleware);
app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero')?.key));
app.post('/signup', (req, res) => {
  req.convert.trackConversion('signup');
  res.send('Welcome!');
});
const server = app.listen(0);

// Try it: two visitors come twice, and one of them signs up twice.
await convert.ready(); // an app need not wait
for (const name of ['anna', 'carl', 'anna', 'carl']) {
  const browser = await openBrowser(server, { cv_vid: name });
  await browser.get('/');
  if (name === 'anna') await browser.post('/signup');
}

server.close();
await convert.close();
for (const { kind, visitorId, key } of rows) console.log(kind, visitorId, key);
console.log(`at Convert: ${collector.events.length} events`);
