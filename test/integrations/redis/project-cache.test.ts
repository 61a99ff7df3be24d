/** The project cache over a real Redis, by each kind of client. */
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { type RedisClient, redisProjectCache } from '../../../src/redis.js';
import { cacheConformance, KEY, text } from '../../project/cache/cache.conformance.js';
import { later } from '../../project/helpers.js';
import { CLIENTS, CLUSTERS, startCluster } from '../../support/redis-clients.js';
import { hasRedis, sharedRedis } from '../../support/redis.js';

let prefixes = 0;
const fresh = (): string => `convert-${(prefixes += 1)}`;
const open = (client: RedisClient, prefix = fresh()) => redisProjectCache(client, { prefix });

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();
  cacheConformance('redisProjectCache', async () => {
    const prefix = fresh();
    return () => open(shared.client, prefix);
  });

  describe('by each client', () => {
    async function works(client: RedisClient): Promise<void> {
      const prefix = fresh();
      await open(client, prefix).write(KEY, text('größer', '"1"'));
      expect(await open(client, prefix).read(KEY)).toMatchObject({ body: text('größer').body, etag: '"1"' });
    }

    it.each(Object.entries(CLIENTS))('%s', async (_name, connect) => {
      const { client, end } = await connect(shared.port);
      later(end);
      await works(client);
    });

    it.each(Object.entries(CLUSTERS))('%s, in a cluster', async (_name, connect) => {
      const cluster = await startCluster();
      later(() => cluster.remove());
      const { client, end } = await connect(cluster.port);
      later(end);
      await works(client);
    });
  });

  describe('what is in Redis', () => {
    const config = (prefix: string) => `${prefix}:{${KEY}}:config`;

    it('is one key, which goes when nobody fetches any more', async () => {
      const prefix = fresh();
      await open(shared.client, prefix).write(KEY, text('1'));
      expect(await shared.client.keys(`${prefix}*`)).toEqual([config(prefix)]);
      expect(await shared.client.pttl(config(prefix))).toBeGreaterThan(29 * 24 * 60 * 60 * 1000);
    });

    it('is as old as Redis says, whatever the clock of who wrote it', async () => {
      const prefix = fresh();
      await open(shared.client, prefix).write(KEY, { ...text('1'), checkedAt: 0 });
      await shared.client.hincrby(config(prefix), 'at', -3_600_000);
      const age = Date.now() - (await open(shared.client, prefix).read(KEY))!.checkedAt;
      expect(age).toBeGreaterThanOrEqual(3_590_000);
      expect(age).toBeLessThan(3_700_000);
    });

    it('is nothing where it is half of it, and is replaced where it is something else', async () => {
      const prefix = fresh();
      await shared.client.hset(config(prefix), 'digest', 'x', 'etag', '', 'at', 'noon');
      expect(await open(shared.client, prefix).read(KEY)).toBeUndefined();
      await shared.client.set(config(prefix), 'mine');
      await expect(open(shared.client, prefix).read(KEY)).rejects.toMatchObject({ code: 'WRONGTYPE' });
      await open(shared.client, prefix).write(KEY, text('1'));
      expect(await open(shared.client, prefix).read(KEY)).toMatchObject({ body: text('1').body });
    });

    it('is not lost where Redis is full', async () => {
      const prefix = fresh();
      await open(shared.client, prefix).write(KEY, text('1'));
      await shared.client.config('SET', 'maxmemory', '1');
      later(() => shared.client.config('SET', 'maxmemory', '0'));
      await expect(open(shared.client, prefix).write(KEY, text('2'))).rejects.toMatchObject({
        code: 'OOM',
      });
      expect(await open(shared.client, prefix).read(KEY)).toMatchObject({ body: text('1').body });
    });
  });
});

describe('wrong options', () => {
  const client = new Redis({ lazyConnect: true });
  it.each<[string, () => unknown, string]>([
    ['no client', () => redisProjectCache({} as never), 'must be a client of ioredis or of node-redis'],
    ['a prefix', () => redisProjectCache(client, { prefix: '{x}' }), 'option `prefix` must be letters'],
    ['another', () => redisProjectCache(client, { ttl: 1 } as never), 'unknown option `ttl`'],
  ])('%s', (_name, make, says) => {
    expect(make).toThrow(says);
  });
});
