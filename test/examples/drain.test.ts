/** The worker that drains Redis, and a web process that only appends. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { createConvert } from '../../src/index.js';
import { redisOutbox } from '../../src/redis.js';
import { startScript } from '../support/child.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { ROOT } from './root.js';

it.skipIf(!hasRedis)('drain.js delivers what a web process put into Redis, and ends on SIGTERM', async () => {
  const server = await startRedis();
  onTestFinished(() => server.remove());
  const client = new Redis(server.port);
  onTestFinished(() => client.disconnect());
  const project = join(ROOT, 'examples/project.json');
  const web = createConvert({ project, delivery: { outbox: redisOutbox(client, { drain: false }) } });
  await web.ready();
  const visitor = await web.forVisitor('visitor-1');
  visitor.trackConversion('signup');
  await visitor.flush();
  expect(web.stats().delivery).toMatchObject({ accepted: 1, spooled: 1, delivered: 0 });
  await web.close();

  const worker = startScript(join(ROOT, 'examples/drain.js'), {
    REDIS_URL: `redis://127.0.0.1:${server.port}`,
  });
  await worker.said('delivered: 1');
  worker.kill('SIGTERM');
  const { code, output } = await worker.ended;
  expect(code).toBe(0);
  expect(output).toMatch(/^visitor-1 \{"eventType":"conversion"/m);
  expect(await client.xlen((await client.keys('convert:*:events'))[0]!)).toBe(0);
});
