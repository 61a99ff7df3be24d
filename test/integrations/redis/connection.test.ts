/** Clients that are made from the address of a Redis: they are closed with the Convert, and keep no process alive. */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { script } from '../../../src/integrations/redis/client.js';
import { connectTo, type RedisPackage } from '../../../src/integrations/redis/connection.js';
import { redisOutbox, redisProjectCache, redisStore } from '../../../src/redis.js';
import { startChild } from '../../support/child.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { testProject } from '../../support/project.js';
import { freePort } from '../../support/free-port.js';
import { hasRedis, sharedRedis, startRedis } from '../../support/redis.js';

const ECHO = script('return ARGV[1]');

describe.skipIf(!hasRedis)('the address of a Redis', () => {
  const shared = sharedRedis();
  const url = (): string => `redis://127.0.0.1:${shared.port}`;
  const connections = async (): Promise<number> =>
    String(await shared.client.client('LIST'))
      .trim()
      .split('\n').length;

  it.each<RedisPackage>(['ioredis', '@redis/client'])('E11: is enough, with %s', async (name) => {
    const before = await connections();
    const { run, close } = connectTo({ url: url() }, [name]);
    expect(await Promise.all([run(ECHO, ['k'], ['one']), run(ECHO, ['k'], ['two'])])).toEqual(['one', 'two']);
    expect(await connections()).toBe(before + 1);
    const last = run(ECHO, ['k'], ['last']);
    await close();
    expect(await last).toBe('last');
    await expect.poll(connections).toBe(before);
    await expect(run(ECHO, ['k'], ['x'])).rejects.toMatchObject({ code: 'ECLOSED' });
    await close();
  });

  it.each<RedisPackage>(['ioredis', '@redis/client'])(
    'E11: at which nobody answers does not hold the close, with %s',
    async (name) => {
      const { run, close } = connectTo({ url: `redis://127.0.0.1:${await freePort()}` }, [name]);
      void run(ECHO, ['k'], ['one']).catch(() => undefined);
      await expect(close()).resolves.toBeUndefined();
    },
  );

  describe('a process with the quick start of the guide', () => {
    let collector: Collector;
    beforeEach(async () => {
      collector = await startCollector();
    });
    afterEach(() => collector.close());

    const run = (imports: string, options: string, closing: string) =>
      startChild(`
        import express from 'express';
        import { convertMiddleware } from 'convert-middleware/express';
        import { redisOutbox, redisProjectCache, redisStore } from 'convert-middleware/redis';
        ${imports}
        const app = express();
        const middleware = convertMiddleware({
          endpoints: { track: '${collector.origin}', config: '${collector.origin}/config/' },
          bots: 'include',
          storeTimeout: 10_000,
          ${options}
        });
        app.use(middleware);
        app.get('/', (req, res) => {
          req.convert.runExperience('homepage-hero');
          res.end();
        });
        const server = app.listen(0, '127.0.0.1', async () => {
          await fetch('http://127.0.0.1:' + server.address().port, { headers: { cookie: 'cv_vid=known-${collector.port}' } });
          console.log('ready');
        });
        middleware.convert.closeWith(server${closing});
        process.once('SIGTERM', () => server.close());
      `);
    const project = `project: ${JSON.stringify(testProject())},`;

    it.each([
      [
        'a client that `after` closes',
        `import { Redis } from 'ioredis'; const redis = new Redis(${'`${process.env.TEST_REDIS}`'});`,
        `${project} store: redisStore(redis), delivery: { outbox: redisOutbox(redis) },`,
        ', { after: () => redis.quit() }',
      ],
      [
        'addresses',
        'const url = process.env.TEST_REDIS;',
        `${project} store: redisStore({ url }), delivery: { outbox: redisOutbox({ url }) },`,
        '',
      ],
      [
        'the address of a project cache',
        'const url = process.env.TEST_REDIS;',
        "sdkKey: '1/2', projectCache: redisProjectCache({ url }), logger: false,",
        '',
      ],
    ])('E11: ends after SIGTERM: %s', async (_, imports, options, closing) => {
      vi.stubEnv('TEST_REDIS', url());
      const child = run(imports, options, closing);
      await child.said('ready');
      child.kill('SIGTERM');
      expect(await child.ended).toEqual({ code: 0, signal: null, output: 'ready\n' });
      if (options.includes('homepage-hero')) expect(collector.exposures().length).toBeGreaterThan(0);
    });

    it('E11: ends after SIGTERM if Redis hangs: what waits is sent, and what may be lost is told', async () => {
      const own = await startRedis();
      onTestFinished(() => own.remove());
      const port = await freePort();
      const child = startChild(`
        import express from 'express';
        import { convertMiddleware } from 'convert-middleware/express';
        import { redisOutbox, redisStore } from 'convert-middleware/redis';
        const redis = { url: 'redis://127.0.0.1:${own.port}' };
        const middleware = convertMiddleware({
          ${project}
          endpoints: { track: '${collector.origin}' },
          bots: 'include',
          store: redisStore(redis),
          delivery: { outbox: redisOutbox(redis) },
        });
        const app = express();
        app.use(middleware);
        app.get('/', (req, res) => res.send(req.convert.runExperience('homepage-hero').key));
        const server = app.listen(${port}, '127.0.0.1', () => console.log('ready'));
        middleware.convert.closeWith(server);
        process.once('SIGTERM', () => server.close());
      `);
      await child.said('ready');
      own.freeze();
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      child.kill('SIGTERM');
      const { output, ...end } = await child.ended;
      expect(end).toEqual({ code: 0, signal: null });
      expect(collector.exposures()).toHaveLength(1);
      expect(output).toContain('closed before the visitor store had taken 1 change, which may be lost');
    });

    it('E11: a job that closes nothing ends, too', async () => {
      const child = startChild(`
        import { createConvert } from 'convert-middleware';
        import { redisStore } from 'convert-middleware/redis';
        const convert = createConvert({
          ${project}
          endpoints: { track: '${collector.origin}' },
          store: redisStore({ url: '${url()}' }),
        });
        const visitor = await convert.forVisitor('job-1');
        visitor.trackConversion('purchase');
        console.log((await visitor.committed()).conversions[0].outcome);
      `);
      expect(await child.ended).toEqual({ code: 0, signal: null, output: 'tracked\n' });
      expect(collector.conversions()).toHaveLength(1);
    });
  });
});

it.each<[string, unknown, string]>([
  [
    'another scheme',
    { url: 'http://user:hidden@host' },
    '`client.url` must be an address that begins with redis://',
  ],
  ['no text', { url: 5 }, "or { url: 'redis://...' } (given object)"],
  ['something else beside it', { url: 'redis://host', port: 1 }, "or { url: 'redis://...' } (given object)"],
  ['the address alone', 'redis://user:hidden@host', "or { url: 'redis://...' } (given string)"],
])('E11: refuses %s at construction, and quotes no password', (_, source, message) => {
  for (const make of [redisStore, redisOutbox, redisProjectCache] as ((client: never) => unknown)[]) {
    let thrown: unknown;
    try {
      make(source as never);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'CONVERT_BAD_OPTION' });
    expect(String(thrown)).toContain(message);
    expect(String(thrown)).not.toContain('hidden');
  }
});

it('E11: a client that the app has made stays open', async () => {
  const client = new Redis({ lazyConnect: true });
  await connectTo(client).close();
  expect(client.status).toBe('wait');
  client.disconnect();
});
