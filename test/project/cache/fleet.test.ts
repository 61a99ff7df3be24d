/** Processes that share a cache in a real Redis: sources with a client each. */
import { nodeDigests } from '../../../src/utils/node/digests.js';
import { createClient } from '@redis/client';
import { Redis } from 'ioredis';
import { beforeEach, describe, expect, it } from 'vitest';
import { cacheKey } from '../../../src/project/cache/cache-key.js';
import { httpSource, type HttpSourceOptions } from '../../../src/project/sources/http-source.js';
import { type RedisClient, redisProjectCache } from '../../../src/redis.js';
import { hasRedis, type RedisServer, slowLink, startRedis } from '../../support/redis.js';
import { httpServer, later, recorder, says, saysProject, started, until, versionOf } from '../helpers.js';

const HOUR = 3_600_000;
const quick = { sdkKey: '100/200', refreshInterval: HOUR, timeout: 5_000, backoff: { min: 10, max: 20 } };

describe.skipIf(!hasRedis)('a fleet', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
    later(() => redis.remove());
  });

  /** As an app would have it: with what ioredis does by itself where there is no connection. */
  function connected(port = redis.port): Redis {
    const client = new Redis(port, { retryStrategy: () => 20 });
    client.on('error', () => undefined);
    later(() => client.disconnect());
    return client;
  }

  function sourceOf(
    endpoint: string,
    options: Partial<HttpSourceOptions> = {},
    client: RedisClient = connected(),
  ) {
    return httpSource({
      ...quick,
      endpoint,
      cache: redisProjectCache(client),
      ...options,
    });
  }
  const member = (...given: Parameters<typeof sourceOf>) => started(sourceOf(...given));
  const members = (count: number, ...[endpoint, options]: Parameters<typeof sourceOf>) =>
    Array.from({ length: count }, () => member(endpoint, options));

  const keyOf = (endpoint: string) =>
    cacheKey(nodeDigests, new URL(`${endpoint}config/100/200`), '100/200', undefined);
  const config = (endpoint: string) => `convert:{${keyOf(endpoint)}}:config`;
  /** As if so many milliseconds had gone by since the config was fetched. */
  const age = (endpoint: string, by: number) => connected().hincrby(config(endpoint), 'at', -by);

  it('confirms with 304, and fills a Redis that was emptied', async () => {
    const server = await httpServer((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else saysProject('1', { ETag: '"v1"' })(request, response);
    });
    const fleet = members(2, server.base, { refreshInterval: 100 });
    await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1]));
    await connected().flushall();
    await expect.poll(() => connected().hget(config(server.base), 'etag')).toBe('"v1"');
  });

  it('uses an older config where the endpoint fails', async () => {
    const server = await httpServer(saysProject('1'));
    const first = sourceOf(server.base);
    const sink = recorder();
    first.start(sink);
    await until(() => expect(sink.configs).toHaveLength(1));
    await expect.poll(() => connected().exists(config(server.base))).toBe(1);
    first.stop();
    await age(server.base, 2 * HOUR);
    server.answer = says('', {}, 500);
    const fleet = members(4, server.base);
    await until(() =>
      expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual(Array(4).fill(['1'])),
    );
    for (const { cached } of fleet) {
      expect(Date.now() - cached[0]!.checkedAt).toBeGreaterThanOrEqual(2 * HOUR);
    }
    server.answer = saysProject('2');
    await until(() =>
      expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual(Array(4).fill(['1', '2'])),
    );
  });

  it('does not go back to what a cache has that was left behind', async () => {
    const server = await httpServer(saysProject('1'));
    const fleet = members(2, server.base, { refreshInterval: 100 });
    await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1]));
    const admin = connected();
    // A config is written after it was put in force.
    await until(async () => expect(await admin.exists(config(server.base))).toBe(1));
    const before = await admin.dumpBuffer(config(server.base));
    server.answer = saysProject('2');
    await until(() =>
      expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual([
        ['1', '2'],
        ['1', '2'],
      ]),
    );
    // A failover to a replica that was behind.
    server.answer = says('', {}, 500);
    await admin.restore(config(server.base), 0, before, 'REPLACE');
    await until(() => expect(fleet.reduce((sum, { errors }) => sum + errors.length, 0)).toBeGreaterThan(4));
    expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  describe('of which each fetches for itself', () => {
    const alone = { refreshInterval: 50, cacheTimes: { limit: 100 } };
    /** Told once, while it fails: on a busy machine, Redis may have failed for a moment before. */
    const toldOnce = (fleet: readonly ReturnType<typeof member>[]): void =>
      expect(fleet.map(({ cacheFailures, recoveries }) => cacheFailures.length - recoveries.length)).toEqual(
        fleet.map(() => 1),
      );

    it('where Redis is down at the start', async () => {
      await redis.kill();
      const server = await httpServer(saysProject('1'));
      const fleet = members(3, server.base, alone);
      await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1, 1]));
      await until(() => expect(fleet.map(({ cacheFailures }) => cacheFailures.length)).toEqual([1, 1, 1]));
      for (const { errors, cacheFailures } of fleet) {
        expect(errors).toEqual([]);
        expect(cacheFailures).toEqual([
          expect.stringMatching(
            /the project cache \(Redis, keys convert:…\) fails \(.*\); the config is fetched without it/,
          ),
        ]);
      }
      await redis.start();
      await until(() =>
        expect(fleet.map(({ recoveries }) => recoveries)).toEqual(
          Array(3).fill(['the project cache (Redis, keys convert:…) works again']),
        ),
      );
      server.answer = saysProject('2');
      await until(() =>
        expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual(Array(3).fill(['1', '2'])),
      );
    });

    it('where Redis is killed later', async () => {
      const server = await httpServer(saysProject('1'));
      const fleet = members(3, server.base, alone);
      await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1, 1]));
      await redis.kill();
      server.answer = saysProject('2');
      await until(() =>
        expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual(Array(3).fill(['1', '2'])),
      );
      await until(() => expect(Math.min(...fleet.map((each) => each.unchangedCount))).toBeGreaterThan(5));
      toldOnce(fleet);
    });

    it('where Redis hangs', async () => {
      const server = await httpServer(saysProject('1'));
      const fleet = members(2, server.base, alone);
      await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1]));
      redis.freeze();
      server.answer = saysProject('2');
      await until(() =>
        expect(fleet.map(({ configs }) => configs.map(versionOf))).toEqual(Array(2).fill(['1', '2'])),
      );
      toldOnce(fleet);
      expect(fleet.map(({ cacheFailures }) => cacheFailures.at(-1))).toEqual(
        Array(2).fill(expect.stringContaining('no answer within 100 ms')),
      );
      redis.thaw();
      await until(() =>
        expect(
          fleet.map(({ cacheFailures, recoveries }) => cacheFailures.length - recoveries.length),
        ).toEqual([0, 0]),
      );
    });

    it('where Redis is slow', async () => {
      const link = await slowLink(redis.port);
      later(() => link.close());
      link.delay = 2_000;
      const server = await httpServer(saysProject('1'));
      const fleet = [1, 2].map(() => member(server.base, alone, connected(link.port)));
      await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1]));
      expect(server.requests.length).toBeGreaterThanOrEqual(2);
      await until(() => expect(fleet.map(({ cacheFailures }) => cacheFailures.length)).toEqual([1, 1]));
    });

    it('where Redis is full', async () => {
      const server = await httpServer(saysProject('1'));
      await connected().config('SET', 'maxmemory', '1');
      const sink = member(server.base, { refreshInterval: 50 });
      await until(() => expect(sink.unchangedCount).toBeGreaterThan(3));
      expect(sink.cacheFailures).toEqual([expect.stringContaining('fails (OOM)')]);
      expect(sink.recoveries).toEqual([]);
      await connected().config('SET', 'maxmemory', '0');
      await until(() => expect(sink.recoveries).toHaveLength(1));
    });
  });

  it('may mix its clients, and its projects', async () => {
    const server = await httpServer(saysProject('1'));
    const other = createClient({ url: `redis://127.0.0.1:${redis.port}` });
    await other.connect();
    later(() => other.destroy());
    const secret = { sdkKeySecret: 'hush' };
    const fleet = [member(server.base), member(server.base, secret, other)];
    await until(() => expect(fleet.map(({ configs }) => configs.length)).toEqual([1, 1]));
    await expect.poll(() => connected().keys('*')).toHaveLength(2);
    expect((await connected().keys('*')).join()).not.toContain('hush');
    server.answer = says('', {}, 500);
    const next = [member(server.base, {}, other), member(server.base, secret)];
    const live = member(server.base, { environment: 'live' }, other);
    await until(() => expect(next.map(({ configs }) => configs.length)).toEqual([1, 1]));
    await until(() => expect(live.errors.length).toBeGreaterThan(2));
    expect(live.configs).toEqual([]);
  });

  it('stops without a trace where it is stopped at once', async () => {
    const server = await httpServer(saysProject('1'));
    const source = sourceOf(server.base);
    const sink = recorder();
    source.start(sink);
    source.stop();
    const next = member(server.base);
    await until(() => expect(next.configs).toHaveLength(1));
    expect(server.requests).toHaveLength(1);
    expect([sink.configs, sink.errors, sink.cacheFailures]).toEqual([[], [], []]);
  });
});
