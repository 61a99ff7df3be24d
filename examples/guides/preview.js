/** A signed link that shows a variation, and counts nothing. Run: node examples/guides/preview.js */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const convert = createConvert({
  project: { experiences: { 'homepage-hero': { original: 100, 'version-b': 0 } } },
  endpoints: { track: collector.url },
  preview: 'signed',
  secrets: process.env.CONVERT_SECRET ?? 'the secret of an example',
});
const app = express();
app.use(convertMiddleware(convert));
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  res.send(hero?.key === 'version-b' ? 'Hello, B' : 'Hello');
});
const server = app.listen(0);

// Try it: a client follows a link, then one that somebody has changed, and comes without a link.
await convert.ready();
const link = convert.previewLink('https://shop.example/', {
  variations: { 'homepage-hero': 'version-b' },
  expires: new Date(Date.now() + 24 * 60 * 60 * 1000),
});
const { search } = new URL(link);
const browser = await openBrowser(server, { cv_vid: 'anna' });
for (const [name, path] of Object.entries({ link: `/${search}`, changed: `/${search}x`, none: '/' })) {
  const response = await browser.request(path);
  const isPreview = response.headers.has('x-convert-preview');
  console.log(`${name}: ${await response.text()}${isPreview ? ' (a preview)' : ''}`);
}

server.close();
await convert.close();
console.log(collector.events.join('\n'));
