/** A page in two variations, and the goal it is for. The project is convert.json, beside this file. */
import { convertPlugin } from 'convert-middleware/fastify';
import Fastify from 'fastify';

const app = Fastify();
// With an account, write {} for the options, and put the key of the project into CONVERT_SDK_KEY.
await app.register(convertPlugin, { project: `${import.meta.dirname}/convert.json` });
// Browsers post forms so; this one has no fields.
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async () => ({}));

app.get('/', async (request, reply) => {
  const hero = request.convert.runExperience('homepage-hero');
  const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
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
// What waits is sent before the process ends.
process.once('SIGTERM', () => void app.close());
