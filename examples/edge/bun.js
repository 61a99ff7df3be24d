/** Bun: `Bun.serve` calls the wrapped handler. Run: bun examples/edge/bun.js */
/* global Bun */
import { withConvert } from 'convert-middleware/fetch';

/** `options` are those of `withConvert`; without any, the project of `sdkKey` is fetched with the first request. */
export function heroServer(options = { sdkKey: '10035569/10034190' }) {
  const handle = withConvert((request, convert) => {
    const hero = convert.runExperience('homepage-hero');
    const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
    return new Response(`<h1>${headline}</h1>`, { headers: { 'content-type': 'text/html' } });
  }, options);

  const server = Bun.serve({
    port: process.env.PORT ?? 3000,
    fetch: (request, bun) => handle(request, { ip: bun.requestIP(request)?.address, waitUntil: () => {} }),
  });
  process.once('SIGTERM', async () => {
    await server.stop();
    await handle.convert.close();
  });
  return { port: server.port, convert: handle.convert };
}

if (import.meta.main) console.log(`http://localhost:${heroServer().port}`);
