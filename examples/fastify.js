/** An experiment on the home page, and the goal it is for. Run: node examples/fastify.js */
import { convertPlugin } from 'convert-middleware/fastify';
import Fastify from 'fastify';
import { offline } from './offline.js';

const app = Fastify();
// With a key in CONVERT_SDK_KEY, no options are needed. Without one, nothing is sent to Convert.
await app.register(convertPlugin, process.env.CONVERT_SDK_KEY ? {} : await offline());
// Browsers post forms so; this one has no fields.
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async () => ({}));

app.get('/', async (request, reply) => {
  const hero = request.convert.runExperience('homepage-hero');
  const headline = hero?.key === 'bold' ? 'Know what works.' : 'Welcome';
  reply.type('text/html');
  return `<h1>${headline}</h1><form method="post" action="/signup"><button>Sign up</button></form>`;
});

app.post('/signup', async (request, reply) => {
  request.convert.trackConversion('signup');
  reply.type('text/html');
  return '<p>Thank you!</p>';
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`http://localhost:${app.server.address().port}`);

// Closing the app also sends what waits.
process.once('SIGTERM', () => app.close());
