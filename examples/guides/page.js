/** The decisions of the server, for scripts of the page. On Koa. Run: node examples/guides/page.js */
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  endpoints: { track: collector.url },
});
const app = new Koa();
app.use(middleware);
app.use((ctx) => {
  const { bridge } = ctx.convert;
  const hero = ctx.convert.runExperience('homepage-hero');
  const headline = hero?.key === 'version-b' ? 'Hello, B' : 'Hello';
  // The bridge holds the decisions made so far, so it is written after them.
  ctx.body = `<head>${bridge.script()}</head>\n<body><h1>${headline}</h1></body>`;
});
const server = app.listen(0);

// Try it: the page of a visitor, and what caches may do with it.
await middleware.convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
const response = await browser.request('/');
console.log(await response.text());
console.log(`Cache-Control: ${response.headers.get('cache-control')}`);

// A bot gets the original, and nothing of the test.
console.log(await browser.get('/', { 'user-agent': 'Googlebot/2.1' }));

server.close();
await middleware.convert.close();
