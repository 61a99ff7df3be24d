const { convertPlugin } = require('convert-middleware/fastify');
const fastify = require('fastify');
const { options, report } = require('./report.cjs');

const app = fastify();
app.register(convertPlugin, options());
app.get('/', async (request) => request.convert.runExperience('homepage-hero')?.key);
app.listen({ port: 0, host: '127.0.0.1' }).then(() => report(app.server, app.convert));
