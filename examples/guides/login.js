/** A user with two devices becomes one visitor. Run: node examples/guides/login.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  secrets: 'a secret of 16 characters or more',
  delivery: false,
});

const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  res.send(`visitor ${req.convert.visitorId} sees ${hero?.key}`);
});
app.post('/login', express.urlencoded(), async (req, res) => {
  // Here the app has checked the password.
  await req.convert.identify(req.body.user);
  res.redirect(303, '/');
});
const server = app.listen(0);

// Try it: a phone and a laptop of one user, which are two visitors until the user has logged in on both.
await middleware.convert.ready(); // an app need not wait
const phone = await openBrowser(server, { cv_vid: 'phone' });
const laptop = await openBrowser(server, { cv_vid: 'laptop' });
console.log(`phone:  ${await phone.get('/')}`);
console.log(`laptop: ${await laptop.get('/')}`);
await phone.post('/login', { user: '42' });
console.log(`laptop: ${await laptop.post('/login', { user: '42' })} after the login`);

// Half an hour passes. The cookie tells when the device was last seen, so this file sets that back.
laptop.cookies.cv_vid_next = laptop.cookies.cv_vid_next.replace(/[^.]+$/, '0');
console.log(`laptop: ${await laptop.get('/')} with the next visit`);

server.close();
await middleware.convert.close();
