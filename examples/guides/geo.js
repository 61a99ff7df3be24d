/** A test for visitors in Germany, behind Cloudflare. On Fastify. Run: node examples/guides/geo.js */
import { convertPlugin } from 'convert-middleware/fastify';
import Fastify from 'fastify';
import { openBrowser } from './support/browser.js';

const app = Fastify();
await app.register(convertPlugin, {
  project: {
    experiences: { delivery: { variations: ['original', 'for-free'], audience: 'country is DE' } },
  },
  geo: 'cloudflare', // which writes the country of each visitor into the header `CF-IPCountry`
  delivery: false,
});
app.get('/', async ({ convert }) => {
  const { country = 'unknown', eu = 'unknown' } = convert.visitorProperties;
  const { variation, reason } = convert.explain('delivery');
  return `country ${country}, eu ${eu}: ${variation?.key ?? 'not in the test'} (${reason})`;
});
await app.listen({ port: 0 });

// Try it: a visitor in Germany, one in Canada, and one whom Cloudflare can not locate.
await app.convert.ready(); // an app need not wait
const browser = await openBrowser(app.server, { cv_vid: 'anna' });
for (const country of ['DE', 'CA', 'XX']) {
  console.log(await browser.get('/', { 'cf-ipcountry': country }));
}

await app.close(); // closes what the plugin made, too
