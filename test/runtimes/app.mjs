/**
 * An app of one framework, as the quick start of the README writes it: `app.mjs express|koa|fastify|bun|deno`. It
 * listens on PORT, sends its events to COLLECTOR, and ends on SIGTERM.
 */
import { readFileSync } from 'node:fs';

const options = {
  project: JSON.parse(readFileSync(new URL('project.json', import.meta.url), 'utf8')),
  endpoints: { track: process.env.COLLECTOR },
};
const address = { port: Number(process.env.PORT), host: '127.0.0.1' };

const page = (convert) => {
  const hero = convert.runExperience('homepage-hero');
  return `<h1>${hero?.key === 'version-b' ? 'Know what works.' : 'Welcome'}</h1>`;
};

const start = {
  async express() {
    const { default: express } = await import('express');
    const { convertMiddleware } = await import('convert-middleware/express');
    const app = express();
    const middleware = convertMiddleware(options);
    app.use(middleware);
    app.get('/', (req, res) => res.send(page(req.convert)));
    serve(app, middleware.convert);
  },
  async koa() {
    const { default: Koa } = await import('koa');
    const { convertMiddleware } = await import('convert-middleware/koa');
    const app = new Koa();
    const middleware = convertMiddleware(options);
    app.use(middleware);
    app.use((ctx) => {
      ctx.body = page(ctx.convert);
    });
    serve(app, middleware.convert);
  },
  async fastify() {
    const { default: Fastify } = await import('fastify');
    const { convertPlugin } = await import('convert-middleware/fastify');
    const app = Fastify();
    await app.register(convertPlugin, options);
    app.get('/', async (request, reply) => reply.type('text/html').send(page(request.convert)));
    await app.listen(address);
    process.once('SIGTERM', () => app.close());
  },
  /** The examples listen on PORT, and end on SIGTERM, by themselves. */
  bun: async () => (await import('./bun.js')).heroServer(options),
  deno: async () => (await import('./deno.js')).heroServer(options),
};

/** Express and Koa listen in the same way. */
function serve(app, convert) {
  const server = app.listen(address.port, address.host);
  convert.closeWith(server);
  process.once('SIGTERM', () => server.close());
}

await start[process.argv[2]]();
