/** Where the visitor id comes from: the app, the cookie, or nowhere. Run: node examples/guides/identity.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  visitor: { id: (req) => req.user && `user:${req.user.id}` },
  delivery: false,
});

const app = express();
app.use(middleware);
// Authentication may come later: the id is asked for when the handler reads `req.convert`.
app.use((req, res, next) => {
  const id = req.get('authorization');
  if (id !== undefined) req.user = { id };
  next();
});
app.get('/', (req, res) => {
  req.convert.runExperience('homepage-hero');
  res.send(req.convert.visitorId);
});
const server = app.listen(0);

// Try it: a new visitor gets a cookie, and is the same visitor from then on.
await middleware.convert.ready(); // an app need not wait
const guest = await openBrowser(server);
const id = await guest.get('/');
console.log(`guest: ${id === guest.cookies.cv_vid ? 'the id is in the cookie' : 'no cookie'}`);
console.log(`guest again: ${(await guest.get('/')) === id ? 'the same id' : 'another id'}`);

// A user of the app is one visitor on every device. No cookie can name them.
console.log(`user: ${await guest.get('/', { authorization: '42' })}`);
const forger = await openBrowser(server, { cv_vid: 'user:42' });
console.log(`forged cookie: ${(await forger.get('/')) === 'user:42' ? 'the id of the user' : 'a new id'}`);

// A bot is nobody, and gets no cookie.
const bot = await openBrowser(server);
console.log(`bot: '${await bot.get('/', { 'user-agent': 'Googlebot/2.1' })}'`);
console.log(`cookies of the bot: ${Object.keys(bot.cookies).length}`);

server.close();
await middleware.convert.close();
