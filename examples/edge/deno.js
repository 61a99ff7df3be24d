/** Deno: `Deno.serve` calls the wrapped handler. Run: deno run -NE examples/edge/deno.js */
/* global Deno */
import { withConvert } from 'convert-middleware/fetch';

/** `options` are those of `withConvert`; without any, the project of `sdkKey` is fetched with the first request. */
export function heroServer(options = { sdkKey: '10035569/10034190' }) {
  const handle = withConvert((request, convert) => {
    const hero = convert.runExperience('homepage-hero');
    const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
    return new Response(`<h1>${headline}</h1>`, { headers: { 'content-type': 'text/html' } });
  }, options);

  const server = Deno.serve({ port: Number(Deno.env.get('PORT') ?? 3000), onListen() {} }, (request, info) =>
    handle(request, { ip: info.remoteAddr.hostname, waitUntil: () => {} }),
  );
  Deno.addSignalListener('SIGTERM', async () => {
    await server.shutdown();
    await handle.convert.close();
    Deno.exit();
  });
  return { port: server.addr.port, convert: handle.convert };
}

if (import.meta.main) console.log(`http://localhost:${heroServer().port}`);
