/**
 * Visitor state over real Redis servers, through every kind of client, and what becomes of visitors when Redis fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Convert, createConvert } from '../../../src/convert/convert.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import { type IoRedisClient, type RedisClient, redisOutbox, redisStore } from '../../../src/redis.js';
import { storeConformance } from '../../../src/testing.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { FakeResponse, visit } from '../../support/http.js';
import { testProject } from '../../support/project.js';
import { CLIENTS, CLUSTERS, startCluster } from '../../support/redis-clients.js';
import { hasRedis, type RedisServer, sharedRedis, slowLink, startRedis } from '../../support/redis.js';

const KEPT = { ephemeral: false };

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  describe('redisStore is a store', () => {
    storeConformance(it, (place) => redisStore(shared.client, { prefix: place, ephemeralAge: 3_000 }), {
      shared: true,
      ephemeralAge: 3_000,
      age: 1_500,
    });
  });

  describe('redisStore takes', () => {
    async function works(client: RedisClient, place: string): Promise<void> {
      const [one, other] = [redisStore(client, { prefix: place }), redisStore(client, { prefix: place })];
      expect(await one.read('1-2-{a}b')).toBeUndefined();
      await one.commit('1-2-{a}b', { goals: ['buy'] }, { ephemeral: true, first: true });
      expect(await other.read('1-2-{a}b')).toMatchObject({ goals: { buy: true } });
      const known = (await one.read('1-2-{a}b')) ?? null;
      await other.commit('1-2-{a}b', { goals: ['see'] }, KEPT);
      const { state, lost } = await one.commit('1-2-{a}b', { goals: ['see', 'hear'] }, { ...KEPT, known });
      expect(state).toMatchObject({ goals: { buy: true, see: true, hear: true } });
      expect([...lost]).toEqual(['goal:see']);
      await one.delete('1-2-{a}b');
      expect(await other.read('1-2-{a}b')).toBeUndefined();
    }

    it.each(Object.entries(CLIENTS))('%s', async (name, connect) => {
      const { client, end } = await connect(shared.port);
      onTestFinished(() => void end());
      await works(client, name.replace(/\W/g, ''));
    });

    it.each(Object.entries(CLUSTERS))('%s, in a cluster', async (name, connect) => {
      const cluster = await startCluster();
      onTestFinished(() => cluster.remove());
      const { client, end } = await connect(cluster.port);
      onTestFinished(() => void end());
      await works(client, name.replace(/\W/g, ''));
    });
  });

  it('keeps the SDK’s document under the SDK’s key, and lets it live as long as it should', async () => {
    const hour = 60 * 60 * 1000;
    const store = redisStore(shared.client, { prefix: '', maxAge: 4 * hour, ephemeralAge: hour });
    const left = (key: string): Promise<number> => shared.client.pttl(key);
    await store.commit(
      '1-2-v',
      { claims: { 7: { variationId: 'x', exposed: true } }, goals: ['buy'] },
      { ephemeral: true },
    );
    expect(JSON.parse((await shared.client.get('1-2-v'))!)).toMatchObject({
      bucketing: { 7: 'x' },
      goals: { buy: true },
    });
    expect(Math.abs((await left('1-2-v')) - hour)).toBeLessThan(60_000);
    // Who comes back is known from then on.
    await store.read('1-2-v');
    expect(Math.abs((await left('1-2-v')) - 4 * hour)).toBeLessThan(60_000);
    await store.commit('1-2-v', { goals: ['see'] }, { ephemeral: true });
    expect(await left('1-2-v')).toBeGreaterThan(3 * hour);
    // What somebody else keeps for ever stays for ever, unless we write.
    await shared.client.set('1-2-sdk', JSON.stringify({ bucketing: { 7: 'y' }, locations: [] }));
    expect(await store.read('1-2-sdk')).toEqual({ bucketing: { 7: 'y' }, locations: [] });
    expect(await left('1-2-sdk')).toBe(-1);
    await store.commit('1-2-sdk', { goals: ['see'] }, { ephemeral: true });
    expect(await left('1-2-sdk')).toBe(-1);
    expect(await store.read('1-2-sdk')).toMatchObject({
      bucketing: { 7: 'y' },
      locations: [],
      goals: { see: true },
    });
  });

  it('overwrites what is no document, and tells of what is no text', async () => {
    const store = redisStore(shared.client, { prefix: 'garbage' });
    for (const text of ['', 'null', '[1]', '{"bucketing":{"7":"x"', '"text"']) {
      await shared.client.set('garbage:k', text);
      expect(await store.read('k')).toBeUndefined();
      const { lost } = await store.commit('k', { goals: ['buy'] }, KEPT);
      expect([...lost]).toEqual([]);
      expect(await store.read('k')).toMatchObject({ goals: { buy: true } });
    }
    await shared.client.lpush('garbage:list', 'x');
    await expect(store.read('list')).rejects.toMatchObject({ code: 'WRONGTYPE' });
    await expect(store.commit('list', { goals: ['buy'] }, KEPT)).rejects.toThrow();
  });

  it('F6: a malformed deferred document counts as absent, and is told once', async () => {
    const kit = await startKit(shared.client);
    const malformed = [{ at: Date.now(), change: { claims: 'all', goals: 7 }, events: [{ claim: 7 }, null] }];
    const document = { bucketing: { 101: '1010' }, held: malformed };
    for (const id of ['malformed-1', 'malformed-2'])
      await shared.client.set(`convert:1001-2002-${id}`, JSON.stringify(document));
    expect((await kit.visit('malformed-1')).variation).toBe('sticky');
    expect((await kit.visit('malformed-2')).variation).toBe('sticky');
    expect(kit.logged.filter((line) => line.includes('malformed'))).toHaveLength(1);
    expect(kit.convert.stats().state.malformed).toBe(2);
  });

  it('knows its own commit again that a client has sent twice', async () => {
    const twice: IoRedisClient = {
      async evalsha(sha, keys, ...all) {
        await shared.client.evalsha(sha, keys, ...all);
        return shared.client.evalsha(sha, keys, ...all);
      },
      eval: (lua, keys, ...all) => shared.client.eval(lua, keys, ...all),
    };
    // The scripts are known.
    await redisStore(shared.client, { prefix: 'twice' }).commit('warm', { goals: ['buy'] }, KEPT);
    const store = redisStore(twice, { prefix: 'twice' });
    for (const goal of ['buy', 'see']) {
      const { lost } = await store.commit('k', { goals: [goal] }, KEPT);
      expect([...lost]).toEqual([]);
    }
  });

  it('refuses a client and options that are none', () => {
    expect(() => redisStore({} as never)).toThrow('option `client` must be a client of ioredis');
    expect(() => redisStore(shared.client, { prefix: 'a b' })).toThrow(
      'option `prefix` must be letters, digits',
    );
    expect(() => redisStore(shared.client, { maxAge: 0 })).toThrow(
      'option `maxAge` must be a number of milliseconds',
    );
    expect(() => redisStore(shared.client, { maxage: 1 } as never)).toThrow('did you mean `maxAge`?');
  });

  describe('a visitor keeps the page, and the operator hears of it, where Redis', () => {
    it('is down at the start', async () => {
      const server = await ownRedis();
      await server.kill();
      const kit = await startKit(server.port);
      const first = await kit.visit('u1');
      expect(first).toEqual({ variation: 'bucketed', dependent: 'state-unavailable' });
      expect(kit.errors).toHaveLength(1);
      expect(kit.convert.stats().store).toMatchObject({ failing: true });
      await server.start();
      await expect
        .poll(() => kit.visit('u1').then(({ dependent }) => dependent))
        .not.toBe('state-unavailable');
      expect(kit.convert.stats().store).toMatchObject({ failing: false });
      expect(kit.logged.at(-1)).toContain('the visitor store answers again');
      await kit.convert.flush();
      // Decided by the hash, and counted: nobody's exposure is lost with the store.
      expect(kit.collector.exposures().map(({ visitorId }) => visitorId)).toContain('u1');
    });

    it('is killed and comes back with what it had', async () => {
      const server = await ownRedis('--appendfsync', 'always');
      const kit = await startKit(server.port);
      await kit.visit('u1');
      await kit.convert.flush();
      await server.kill();
      await expect.poll(() => kit.visit('u1').then(({ dependent }) => dependent)).toBe('state-unavailable');
      await server.start();
      await expect.poll(() => kit.visit('u1').then(({ variation }) => variation)).toBe('sticky');
    });

    it('comes back empty', async () => {
      const server = await ownRedis();
      const kit = await startKit(server.port);
      await kit.visit('u1');
      await kit.convert.flush();
      expect((await kit.visit('u1')).variation).toBe('sticky');
      await server.kill();
      await server.start({ empty: true });
      // By the hash, which says the same; it is stored again.
      await expect
        .poll(() => kit.visit('u1').then(({ dependent }) => dependent))
        .not.toBe('state-unavailable');
      await expect.poll(() => kit.visit('u1').then(({ variation }) => variation)).toBe('sticky');
    });

    it('takes two seconds for an answer', async () => {
      const server = await ownRedis();
      const link = await slowLink(server.port);
      onTestFinished(() => link.close());
      const kit = await startKit(link.port);
      await kit.visit('u1');
      await kit.convert.flush();
      link.delay = 1_000;
      expect(await kit.visit('u2')).toEqual({ variation: 'bucketed', dependent: 'state-unavailable' });
      // Of those that come at one time, one waits.
      const before = kit.convert.stats().store.reads;
      await Promise.all(Array.from({ length: 20 }, (_, n) => kit.visit(`v${n}`)));
      expect(kit.convert.stats().store.reads - before).toBe(1);
      link.delay = 0;
      await expect.poll(() => kit.visit('u2').then(({ variation }) => variation)).toBe('sticky');
      expect(kit.errors).toHaveLength(1);
    });

    it('fails over to a replica', async () => {
      const [main, replica] = [await ownRedis(), await ownRedis()];
      const admin = connected(replica.port);
      await admin.replicaof('127.0.0.1', main.port);
      await expect
        .poll(async () => (await admin.info('replication')).includes('master_link_status:up'))
        .toBe(true);
      const link = await slowLink(main.port);
      onTestFinished(() => link.close());
      const kit = await startKit(link.port);
      await kit.visit('u1');
      await kit.convert.flush();
      await expect.poll(() => admin.exists('convert:1001-2002-u1')).toBe(1);
      await main.kill();
      // It refuses to be written to until it is made the main one.
      link.redirect(replica.port);
      await admin.replicaof('NO', 'ONE');
      await expect.poll(() => kit.visit('u1').then(({ variation }) => variation)).toBe('sticky');
      await kit.visit('u2');
      await kit.convert.flush();
      await expect.poll(() => kit.visit('u2').then(({ variation }) => variation)).toBe('sticky');
    });

    it('is full', async () => {
      const server = await ownRedis('--maxmemory', '3mb');
      const admin = connected(server.port);
      await expect(fill(admin)).rejects.toThrow('OOM');
      const kit = await startKit(server.port, { delivery: { linger: 5 } });
      expect((await kit.visit('u1')).variation).toBe('bucketed');
      await expect.poll(() => kit.collector.exposures().length).toBe(1);
      expect(kit.errors.join()).toContain('OOM');
    });
  });

  describe('a claim lapses', () => {
    /** As a process that dies with what it has in memory. */
    it('whose event was lost with its process, and stands once the event is safe', async () => {
      const server = await ownRedis();
      let isHeld = true;
      const raw = connected(server.port);
      // What is to go into the stream gets nowhere.
      const client: IoRedisClient = {
        evalsha: (sha, keys, ...all) =>
          isHeld && all[0]?.endsWith(':events')
            ? new Promise(() => undefined)
            : raw.evalsha(sha, keys, ...all),
        eval: (lua, keys, ...all) =>
          isHeld && all[0]?.endsWith(':events') ? new Promise(() => undefined) : raw.eval(lua, keys, ...all),
      };
      const doomed = await startKit(client);
      await doomed.visit('u1');
      const document = async (): Promise<Record<string, unknown>> =>
        JSON.parse((await raw.get('convert:1001-2002-u1')) ?? '{}') as Record<string, unknown>;
      await expect.poll(async () => (await document()).pending).toBeDefined();
      const pending = Object.entries((await document()).pending as Record<string, number>);
      expect(pending).toEqual([['experience:101', expect.any(Number)]]);
      expect(Math.abs(pending[0]![1] - Date.now() - 10_000)).toBeLessThan(5_000);

      // The others see a claim; once it has lapsed, they see none.
      const next = await startKit(raw, { storeCache: false });
      expect((await next.visit('u1')).variation).toBe('sticky');
      const later = { ...(await document()), pending: { 'experience:101': Date.now() - 1 } };
      await raw.set('convert:1001-2002-u1', JSON.stringify(later));
      expect((await next.visit('u1')).variation).toBe('bucketed');
      await expect.poll(async () => (await document()).pending).toBeUndefined();
      expect(await document()).toMatchObject({ bucketing: { 101: expect.any(String) as string } });
      expect((await next.visit('u1')).variation).toBe('sticky');
      await next.convert.flush();
      expect(next.collector.exposures().map(({ visitorId }) => visitorId)).toEqual(['u1']);
      isHeld = false;
    });
  });
});

interface InstanceKit {
  readonly convert: Convert;
  readonly collector: Collector;
  readonly errors: string[];
  readonly logged: string[];
  /** One request; the reasons of an experience for everybody, and of one whose answer depends on what is stored. */
  visit(id: string): Promise<{ variation: string; dependent: string }>;
}

/** A process of a site, with store and outbox in Redis. */
async function startKit(
  redis: number | RedisClient,
  options: Partial<ConvertOptions> = {},
): Promise<InstanceKit> {
  const client = typeof redis === 'number' ? connected(redis) : redis;
  const collector = await startCollector();
  const [errors, logged]: [string[], string[]] = [[], []];
  const log = (message: string): void => void logged.push(message);
  const convert = createConvert({
    project: testProject(),
    visitor: { id: (request) => (request as { id: string }).id },
    endpoints: { track: collector.origin },
    store: redisStore(client),
    delivery: { outbox: redisOutbox(client), linger: 5 },
    logger: { error: log, warn: log, info: log },
    ...options,
  });
  convert.on('error', ({ code, message }) => {
    if (code === 'CONVERT_STORE') errors.push(message);
  });
  onTestFinished(async () => {
    await convert.close({ timeout: 100 });
    await collector.close();
  });
  return {
    convert,
    collector,
    errors,
    logged,
    async visit(id) {
      const response = new FakeResponse();
      const context = await visit(convert, {}, response, { id });
      const { reason } = context.explain('homepage-hero');
      context.runExperience('homepage-hero');
      const sale = { visitorProperties: { utm_campaign: 'spring' } };
      const dependent = context.explain('spring-sale', sale).reason;
      response.writeHead();
      await sleep(2);
      return { variation: reason, dependent };
    },
  };
}

async function ownRedis(...options: string[]): Promise<RedisServer> {
  const server = await startRedis(...options);
  onTestFinished(() => server.remove());
  return server;
}

function connected(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => 50 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

async function fill(client: Redis): Promise<void> {
  for (let n = 0; n < 1_000; n++) await client.set(`filler-${n}`, 'x'.repeat(10_000));
}
