/** A browser that opts out, by a header. On Koa. Run: node examples/guides/privacy-signals.js */
import { convertMiddleware } from 'convert-middleware/koa';
import Koa from 'koa';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': { original: 0, 'version-b': 100 } } },
  privacySignals: 'always',
  delivery: false,
});

const app = new Koa();
app.use(middleware);
app.use((ctx) => {
  const hero = ctx.convert.runExperience('homepage-hero')?.key ?? 'original';
  const { answer, by } = ctx.convert.explain('homepage-hero').consent;
  ctx.body = `${hero}, consent ${answer} by ${by}`;
});
const server = app.listen(0);

// Try it: a visitor without a signal, and then with each of them.
await middleware.convert.ready(); // an app need not wait
const browser = await openBrowser(server);
const show = async (what, headers) => {
  console.log(`${what}: ${await browser.get('/', headers)}`);
  console.log(`  cookies: ${Object.keys(browser.cookies).join(', ') || 'none'}`);
};
await show('no signal');
await show('Sec-GPC', { 'sec-gpc': '1' });
await show('DNT', { dnt: '1' });
browser.cookies._conv_prevent_tracking = 'true';
await show("Convert's opt-out");

server.close();
await middleware.convert.close();
