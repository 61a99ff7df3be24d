/** Eta and Mustache on Fastify. Run: node examples/templates/fastify.js */
import view from '@fastify/view';
import { convertPlugin } from 'convert-middleware/fastify';
import { Eta } from 'eta';
import Fastify from 'fastify';
import mustache from 'mustache';
import { join } from 'node:path';
import { offline } from '../offline.js';
import { modelOf } from './model.js';

const views = join(import.meta.dirname, 'views');

/** @param options options of the plugin */
export async function createApp(options) {
  const app = Fastify();
  await app.register(convertPlugin, options);
  await app.register(view, { engine: { eta: new Eta() }, root: views, propertyName: 'eta' });
  await app.register(view, { engine: { mustache }, root: views, propertyName: 'mustache' });
  for (const engine of ['eta', 'mustache']) {
    app.get(`/${engine}`, (request, reply) =>
      reply[engine](`page.${engine}`, { convert: request.convert, ...modelOf(request.convert) }),
    );
  }
  return app;
}

if (process.argv[1] === import.meta.filename) {
  const app = await createApp(await offline());
  await app.listen({ port: Number(process.env.PORT ?? 3000) });
  const url = `http://localhost:${app.server.address().port}`;
  console.log(`${url}/eta ${url}/mustache`);
}
