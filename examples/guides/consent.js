/** Nothing without consent, and nothing left after a denial. On Fastify. Run: node examples/guides/consent.js */
import { convertPlugin } from 'convert-middleware/fastify';
import Fastify from 'fastify';
import { openBrowser } from './support/browser.js';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const app = Fastify();
await app.register(convertPlugin, {
  project: { experiences: { 'homepage-hero': { original: 0, 'version-b': 100 } } },
  consent: { cookie: 'consent', granted: 'yes' },
  endpoints: { track: collector.url },
});
app.get('/', async ({ convert }) => {
  const hero = convert.runExperience('homepage-hero')?.key ?? 'original';
  return `${hero} (${convert.explain('homepage-hero').reason}, consent ${convert.consent})`;
});
await app.listen({ port: 0 });

// Try it: a visitor who has not answered the banner yet, consents, and takes it back.
await app.convert.ready(); // an app need not wait
const browser = await openBrowser(app.server);
for (const answer of [undefined, 'yes', 'no']) {
  if (answer !== undefined) browser.cookies.consent = answer;
  console.log(await browser.get('/'));
  console.log(`  cookies: ${Object.keys(browser.cookies).join(', ') || 'none'}`);
}

await app.close(); // closes what the plugin made, too
console.log(`events: ${collector.events.map((event) => event.replace(/^[^:]+: /, '')).join(', ')}`);
