/**
 * A worker that takes events from Redis to Convert, for web processes that have `redisOutbox(client, { drain: false
 * })`. As many of them may run as you like. Run: node examples/drain.js
 */
import { createConvert } from 'convert-middleware';
import { redisOutbox } from 'convert-middleware/redis';
import { Redis } from 'ioredis';
import { offline } from './offline.js';

const client = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
// ioredis connects again by itself.
client.on('error', ({ code }) => console.error(`Redis: ${code}`));

// With the key of the web processes in CONVERT_SDK_KEY. Without one, nothing is sent to Convert.
const convert = createConvert({
  ...(process.env.CONVERT_SDK_KEY ? {} : await offline()),
  delivery: { outbox: redisOutbox(client) },
});
convert.on('delivered', ({ count }) => console.log(`delivered: ${count}`));

process.once('SIGTERM', async () => {
  await convert.close();
  client.disconnect();
});
