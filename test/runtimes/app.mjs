/**
 * An app of one framework, as the quick start of the README writes it: `app.mjs express|koa|fastify`. It writes its
 * port as soon as it listens, ends on SIGTERM, and then writes the delivery ledger.
 */
import { readFileSync } from 'node:fs';

const options = {
  project: JSON.parse(readFileSync(new URL('project.json', import.meta.url), 'utf8')),
  endpoints: { track: process.env.TRACK },
};

const page = (convert) =>
  `<h1 data-variation="${convert.runExperience('homepage-hero')?.key}" data-visitor="${convert.visitorId}"></h1>`;

const start = {
  async express() {
    const { default: express } = await import('express');
    const { convertMiddleware } = await import('convert-middleware/express');
    const app = express();
    const middleware = convertMiddleware(options);
    app.use(middleware);
    app.get('/', (req, res) => res.send(page(req.convert)));
    return serve(app, middleware.convert);
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
    return serve(app, middleware.convert);
  },
  async fastify() {
    const { default: Fastify } = await import('fastify');
    const { convertPlugin } = await import('convert-middleware/fastify');
    const app = Fastify();
    await app.register(convertPlugin, options);
    app.get('/', async (request, reply) => reply.type('text/html').send(page(request.convert)));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { server: app.server, convert: app.convert, close: () => app.close() };
  },
};

/** Express and Koa listen in the same way. */
async function serve(app, convert) {
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  convert.closeWith(server);
  return { server, convert, close: () => new Promise((resolve) => server.close(resolve)) };
}

const { server, convert, close } = await start[process.argv[2]]();
process.once('SIGTERM', async () => {
  await close();
  // The Convert began to close when the server had closed; a second call gives the same ledger.
  console.log(`closed ${JSON.stringify(await convert.close())}`);
});
console.log(`listening ${server.address().port}`);
