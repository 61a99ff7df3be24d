/** An app of `Request` and `Response`, as on Workers, called by Node. Run: node examples/guides/edge.js */
import { withConvert } from 'convert-middleware/fetch';
import { startCollector } from './support/collector.js';

const collector = await startCollector();
const handle = withConvert(
  (request, convert) => {
    const hero = convert.runExperience('homepage-hero');
    const headline = hero?.key === 'version-b' ? 'Hello, B' : 'Hello';
    return new Response(`<h1>${headline}</h1>`, { headers: { 'content-type': 'text/html' } });
  },
  {
    project: { experiences: { 'homepage-hero': ['original', 'version-b'] } },
    endpoints: { track: collector.url },
  },
);

/** What a Worker exports as its default: `waitUntil` keeps it running until the events are sent. */
const worker = {
  fetch: (request, env, ctx) =>
    handle(request, {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: (promise) => ctx.waitUntil(promise),
    }),
};

// Try it: two visitors, as a host hands them out.
const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
for (const name of ['anna', 'cleo']) {
  const waits = [];
  const headers = { 'user-agent': USER_AGENT, cookie: `cv_vid=${name}` };
  const request = new Request('https://shop.example/', { headers });
  const response = await worker.fetch(request, {}, { waitUntil: (promise) => waits.push(promise) });
  console.log(`${name}: ${await response.text()} ${response.headers.get('cache-control')}`);
  await Promise.all(waits);
}
console.log(collector.events.join('\n'));
