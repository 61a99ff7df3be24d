/** An app that ends on SIGTERM: visitors get their page, and no event is lost. Run: node examples/guides/shutdown.js */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  endpoints: { track: collector.url },
});
const app = express();
app.use(convertMiddleware(convert));
app.get('/', async (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  await sleep(50); // a slow page
  res.send(hero?.key === 'version-b' ? 'Hello, B' : 'Hello');
});
const server = convert.closeWith(app.listen(process.env.PORT ?? 0), { after: report, timeout: 5000 });
process.once('SIGTERM', () => {
  server.close();
  // A browser keeps its connection open after the page, for some seconds.
  setInterval(() => server.closeIdleConnections(), 100).unref();
});

/** Close here what the Convert uses, such as a client of Redis. */
function report() {
  const { accepted, delivered, dropped } = convert.stats().delivery;
  console.log(`closed: ${accepted} accepted, ${delivered} delivered, ${dropped} dropped`);
  console.log(collector.events.join('\n'));
}

// Try it: SIGTERM comes while a visitor waits for the page.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
const page = browser.get('/');
await once(server, 'request');
process.kill(process.pid, 'SIGTERM');
console.log(await page);
