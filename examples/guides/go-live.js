/** Checks a page from outside, without consent and with it. Run: node examples/guides/go-live.js [URL [COOKIE]] */
import { once } from 'node:events';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** Resolves with the headers of the page, and the `Set-Cookie` line of the visitor id. */
async function visit(url, cookie, userAgent = CHROME) {
  const asked = { 'user-agent': userAgent, cookie, connection: 'close' };
  const { headers } = await fetch(url, { headers: asked });
  return { headers, id: headers.getSetCookie().find((line) => line.startsWith('cv_vid=')) };
}

/** The page of this example, and the cookie of its consent. */
async function examplePage() {
  const middleware = convertMiddleware({
    project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
    consent: { cookie: 'consent', granted: 'yes' },
    delivery: false,
  });
  const app = express();
  app.use(middleware);
  app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero')?.key ?? 'original'));
  await middleware.convert.ready(); // an app need not wait
  const server = app.listen(0).unref();
  await once(server, 'listening');
  return [`http://localhost:${server.address().port}/`, 'consent=yes'];
}

// COOKIE is that of a browser that has consented, as its developer tools show it. Leave it out if you need no consent.
const [url, cookie = ''] = process.argv.length > 2 ? process.argv.slice(2) : await examplePage();
const before = await visit(url, '');
const first = await visit(url, cookie);
const later = await visit(url, `${cookie}; ${first.id?.split(';')[0]}`);
const bot = await visit(url, cookie, 'Googlebot/2.1 (+http://www.google.com/bot.html)');

const checks = {
  'no id without consent': cookie === '' || before.id === undefined,
  'a visitor gets an id': first.id !== undefined,
  'its cookie is Secure on https': !url.startsWith('https:') || /; Secure/.test(first.id),
  'the id stays the same': first.id !== undefined && later.id === undefined,
  'the first page is private': /private|no-store/.test(first.headers.get('cache-control')),
  'no cache has answered': !first.headers.has('age'),
  'a bot gets no id': bot.id === undefined,
};
for (const [check, isRight] of Object.entries(checks)) console.log(`${isRight ? 'ok ' : 'NO '} ${check}`);
if (Object.values(checks).includes(false)) process.exitCode = 1;
