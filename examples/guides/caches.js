/** What a page that calls `share()` tells the cache in front of the app. Run: node examples/guides/caches.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  endpoints: { track: collector.url },
});
const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  req.convert.share({ key: ['homepage-hero'], seconds: 300 }); // before anything is decided
  res.send(req.convert.runExperience('homepage-hero')?.key ?? 'original');
});
const server = app.listen(0);

// Try it: the first page comes from the app and counts, and the second one may be kept for all who bring its key.
await middleware.convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
const visit = async (name) => {
  const response = await browser.request('/');
  console.log(`${name}: ${await response.text()} | ${response.headers.get('cache-control')}`);
};
await visit('first page');
console.log(`  cv_key=${browser.cookies.cv_key}`);
await visit('second page');
browser.cookies.cv_key = 'homepage-hero.version-c';
await visit('a forged key');

server.close();
await middleware.convert.close();
console.log(collector.events.join('\n'));
