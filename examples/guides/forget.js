/** What is left of a visitor who was forgotten: nothing. Run: node examples/guides/forget.js */
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
  delivery: false,
});
const { convert } = middleware;

const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const { reason } = req.convert.explain('homepage-hero');
  res.send(`${req.convert.runExperience('homepage-hero')?.key} (${reason})`);
});
app.post('/forget-me', async (req, res) => {
  await convert.forget(req.convert.visitorId);
  res.clearCookie('cv_vid').send('Forgotten.');
});
const server = app.listen(0);

// Try it: the visitor comes twice, and wants to be forgotten.
await convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(await browser.get('/'));
console.log(await browser.get('/'));
console.log(await browser.post('/forget-me'));
console.log(`cookies: ${Object.keys(browser.cookies).join(', ') || 'none'}`);

// The same id would be new.
const again = await openBrowser(server, { cv_vid: 'anna' });
console.log(await again.get('/'));

server.close();
await convert.close();
