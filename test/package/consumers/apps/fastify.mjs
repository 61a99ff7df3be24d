import { convertPlugin } from 'convert-middleware/fastify';
import fastify from 'fastify';
import { options, report } from './report.cjs';

const app = fastify();
await app.register(convertPlugin, options());
app.get('/', async (request) => request.convert.runExperience('homepage-hero')?.key);
await app.listen({ port: 0, host: '127.0.0.1' });
await report(app.server, app.convert);
