/** The config of a project from a file, and nothing is sent. Run: node examples/guides/local-development.js */
import { fileURLToPath } from 'node:url';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';

const middleware = convertMiddleware({
  project: fileURLToPath(new URL('../project.json', import.meta.url)), // read again within 2 s of a change
  delivery: false,
  bots: 'include', // curl and headless browsers get variations, too
});
const app = express();
app.use(middleware);
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  const { reason } = req.convert.explain('homepage-hero');
  res.send(`${hero?.key === 'bold' ? 'Know what works.' : 'Welcome'} (${reason})`);
});
const server = app.listen(process.env.PORT ?? 0);

// Try it: as curl, and with preview links of both variations. Their ids are in the file.
await middleware.convert.ready(); // an app need not wait
const browser = await openBrowser(server, { cv_vid: 'anna' });
console.log(`curl: ${await browser.get('/', { 'user-agent': 'curl/8.5.0' })}`);
for (const ids of ['3001.300101', '3001.300102']) {
  console.log(`preview ${ids}: ${await browser.get(`/?convert_preview=${ids}`)}`);
}
const { disabled } = middleware.convert.stats().delivery;
console.log(`sending is off: ${disabled}`);

server.close();
await middleware.convert.close();
