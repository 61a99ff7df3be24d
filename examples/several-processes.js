/**
 * One of several processes that share visitors, events and the last config in Redis. Start as many as you like, each
 * with its own PORT. Run: REDIS_URL=redis://127.0.0.1:6379 node examples/several-processes.js
 */
import { createConvert } from 'convert-middleware';
import { convertMiddleware } from 'convert-middleware/express';
import { redisOutbox, redisProjectCache, redisStore } from 'convert-middleware/redis';
import express from 'express';
import { offline } from './offline.js';

const redis = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' };
const convert = createConvert({
  // With the key of a project in CONVERT_SDK_KEY. Without one, nothing is sent to Convert.
  ...(process.env.CONVERT_SDK_KEY ? { projectCache: redisProjectCache(redis) } : await offline()),
  store: redisStore(redis),
  delivery: { outbox: redisOutbox(redis) },
  secrets: process.env.CONVERT_SECRET ?? 'only for this example',
});

const app = express();
app.use(convertMiddleware(convert));
app.get('/', (req, res) => {
  const hero = req.convert.runExperience('homepage-hero');
  res.send(`<h1>${hero?.key === 'bold' ? 'Know what works.' : 'Welcome'}</h1>`);
});
app.post('/login', async (req, res) => {
  await req.convert.identify('user-42'); // in your app: the user whom authentication has found
  res.redirect(303, '/');
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}`);
});
convert.closeWith(server);
process.once('SIGTERM', () => server.close());
