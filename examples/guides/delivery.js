/** Convert is not reached while the app restarts: the spool keeps the event. Run: node examples/guides/delivery.js */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const folder = await mkdtemp(join(tmpdir(), 'convert-')); // in production one that stays, such as /var/lib/shop

/** One life of the app. */
function start(track) {
  const convert = createConvert({
    project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
    endpoints: { track },
    delivery: { spool: folder },
    logger: false,
  });
  const app = express();
  app.use(convertMiddleware(convert));
  app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero')?.key));
  return { convert, server: app.listen(0) };
}

// Try it: a visitor comes while nothing listens at the endpoint.
const before = start('http://127.0.0.1:9');
await before.convert.ready(); // an app need not wait
const browser = await openBrowser(before.server, { cv_vid: 'anna' });
console.log(await browser.get('/'));
before.server.close();
const ledger = await before.convert.close({ timeout: 100 });
console.log(`first life: ${ledger.delivered} delivered, ${ledger.spooled} in the spool`);

// The next life of the app sends what it finds there.
const after = start(collector.url);
await new Promise((resolve) => after.convert.on('delivered', resolve));
after.server.close();
const { delivered, spooled } = await after.convert.close();
console.log(`second life: ${delivered} delivered, ${spooled} in the spool`);
console.log(collector.events.join('\n'));
await rm(folder, { recursive: true });
