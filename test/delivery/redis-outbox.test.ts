/** The outbox over a real Redis, by each kind of client, and what becomes of events when Redis fails. */
import { createClient, createCluster } from '@redis/client';
import { createClient as createClient1 } from 'redis-client1';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RedisInternals } from '../../src/delivery/redis-outbox.js';
import type { Outbox, OutboxOptions } from '../../src/delivery/port.js';
import { redisOutbox, type RedisClient, type RedisOutboxOptions } from '../../src/redis.js';
import { hasRedis, slowLink, startRedis, type RedisServer } from '../support/redis.js';
import { endpointFaults } from './endpoint-faults.js';
import {
  conversion,
  DESTINATION,
  exposure,
  fakeTransport,
  rememberingListener,
  until,
  type FakeTransport,
  type Remembered,
} from './fakes.js';
import { outboxConformance } from './outbox.conformance.js';

let outboxes = 0;
const fresh = (): string => `convert-${(outboxes += 1)}`;
const IDS = Array.from({ length: 5000 }, (_, n) => `visitor-${n}`);
const PROJECT = `{${DESTINATION.accountId}-${DESTINATION.projectId}}`;
/** Dead processes are found sooner than in production. */
const INTERNALS = { beat: 50, lease: 400 };

interface Kit {
  outbox: Outbox;
  transport: FakeTransport;
  listener: Remembered;
}

function open(
  client: RedisClient,
  { prefix = fresh(), ...redis }: RedisOutboxOptions = {},
  options: Partial<OutboxOptions> = {},
  internals: RedisInternals = INTERNALS,
): Kit {
  const transport = fakeTransport();
  const listener = rememberingListener();
  const make = redisOutbox(client, { prefix, ...redis }, internals);
  const outbox = make({
    transport,
    listener,
    destination: () => DESTINATION,
    backoff: { min: 0, max: 0 },
    lingerMs: 0,
    ...options,
  });
  onTestFinished(async () => {
    await outbox.close(0);
  });
  return { outbox, transport, listener };
}

/** Tells nobody that it has no connection, as a test is about that. */
function connected(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => 50 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

async function ownRedis(...options: string[]): Promise<RedisServer> {
  const server = await startRedis(...options);
  onTestFinished(() => server.remove());
  return server;
}

const visitorsOf = ({ posts }: FakeTransport): string[] => posts.flatMap(({ visitors }) => visitors);
const send = ({ outbox }: Kit, ids: readonly string[]): void => {
  for (const id of ids) outbox.offer([exposure(id)]).confirm();
};
const stored = ({ outbox }: Kit): Promise<void> => until(() => outbox.stats().volatile === 0);

describe.skipIf(!hasRedis)('over Redis', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.port);
  });
  afterAll(async () => {
    client?.disconnect();
    await server?.remove();
  });

  outboxConformance('redisOutbox', (options) => redisOutbox(client, { prefix: fresh() })(options), {
    outlives: true,
    // Each step may be some ways to Redis and back.
    histories: 60,
  });

  endpointFaults('redisOutbox', (options) => redisOutbox(client, { prefix: fresh() })(options), {
    outlives: true,
  });

  describe('by each client', () => {
    const clients: Record<string, (port: number) => Promise<{ client: RedisClient; end: () => unknown }>> = {
      async 'ioredis 6'(port) {
        const made = new Redis(port);
        return { client: made, end: () => made.disconnect() };
      },
      async 'ioredis 5'(port) {
        const made = new Redis5(port);
        return { client: made, end: () => made.disconnect() };
      },
      async 'ioredis with a prefix of keys'(port) {
        const made = new Redis(port, { keyPrefix: 'shop:' });
        return { client: made, end: () => made.disconnect() };
      },
      async 'node-redis'(port) {
        const made = createClient({ url: `redis://127.0.0.1:${port}` });
        await made.connect();
        return { client: made, end: () => made.destroy() };
      },
      async 'node-redis 4'(port) {
        const made = createClient1({ url: `redis://127.0.0.1:${port}` });
        await made.connect();
        return { client: made, end: () => made.disconnect() };
      },
      async 'node-redis, RESP 2'(port) {
        const made = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 });
        await made.connect();
        return { client: made, end: () => made.destroy() };
      },
    };
    it.each(Object.entries(clients))('%s', async (_name, connect) => {
      const { client: given, end } = await connect(server.port);
      onTestFinished(() => void end());
      const kit = open(given);
      kit.transport.always(200);
      send(kit, IDS.slice(0, 500));
      expect(await kit.outbox.flush(5000)).toMatchObject({ delivered: 500, pending: 0, spooled: 0 });
      expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 500));
    });

    const clusters: Record<string, (port: number) => Promise<{ client: RedisClient; end: () => unknown }>> = {
      async ioredis(port) {
        const made = new Cluster([{ port, host: '127.0.0.1' }]);
        return { client: made, end: () => made.disconnect() };
      },
      async 'node-redis'(port) {
        const made = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
        await made.connect();
        return { client: made, end: () => made.destroy() };
      },
    };
    it.each(Object.entries(clusters))('%s, in a cluster', async (_name, connect) => {
      const cluster = await ownRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
      const admin = connected(cluster.port);
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await vi.waitUntil(
        async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
        10_000,
      );
      const { client: given, end } = await connect(cluster.port);
      onTestFinished(() => void end());
      const kit = open(given);
      kit.transport.always(200);
      send(kit, IDS.slice(0, 500));
      expect(await kit.outbox.flush(5000)).toMatchObject({ delivered: 500, pending: 0, spooled: 0 });
    });
  });

  describe('events in Redis', () => {
    it('are sent by whichever process comes first, in order, and nothing is left', async () => {
      const prefix = fresh();
      const first = open(client, { prefix, drain: false });
      send(first, IDS);
      expect(await first.outbox.flush(5000)).toMatchObject({ accepted: 5000, spooled: 5000, pending: 0 });
      expect(await first.outbox.close(1000)).toMatchObject({ accepted: 5000, spooled: 5000, dropped: 0 });
      expect(first.transport.posts).toHaveLength(0);

      const second = open(client, { prefix });
      second.transport.always(200);
      await until(() => second.outbox.ledger().delivered === 5000);
      expect(visitorsOf(second.transport)).toEqual(IDS);
      expect(await second.outbox.close(1000)).toMatchObject({ accepted: 5000, delivered: 5000, spooled: 0 });
      expect(await client.xlen(`${prefix}:${PROJECT}:events`)).toBe(0);
      expect(await client.get(`${prefix}:${PROJECT}:bytes`)).toBe('0');
      expect(await client.xinfo('CONSUMERS', `${prefix}:${PROJECT}:events`, 'drain')).toEqual([]);
    });

    it('are what they were', async () => {
      const prefix = fresh();
      const first = open(client, { prefix });
      const segments = {
        country: 'DE',
        devices: ['DESK'],
        source: 'tab\there "quoted" \u2028 \u{1F600} \\ \n',
      };
      const goalData = [{ key: 'amount' as const, value: 10.5 }];
      first.outbox.offer([{ ...exposure('v1'), segments }, conversion('v1', { goalData })]).confirm();
      await until(() => first.transport.open().length === 1);
      await first.outbox.close(0);
      const second = open(client, { prefix });
      await until(() => second.transport.open().length === 1);
      expect(second.transport.posts[0]!.text).toBe(first.transport.posts[0]!.text);
    });

    it('that a process has when it closes are for the next one at once', async () => {
      const prefix = fresh();
      const long = { beat: 1_000, lease: 600_000 };
      const first = open(client, { prefix }, { maxBatchEvents: 100 }, long);
      send(first, IDS.slice(0, 300));
      await until(() => first.transport.open().length === 1);
      first.transport.open()[0]!.answer(200);
      await until(() => first.outbox.ledger().delivered === 100);
      expect(await first.outbox.close(0)).toMatchObject({ delivered: 100, spooled: 200, dropped: 0 });
      const second = open(client, { prefix }, {}, long);
      second.transport.always(200);
      await until(() => second.outbox.ledger().delivered >= 200);
      // A commit goes when all of it is delivered.
      expect(new Set(visitorsOf(second.transport))).toEqual(expect.objectContaining({}));
      expect(visitorsOf(second.transport).slice(-200)).toEqual(IDS.slice(100, 300));
    });

    it('of a process that lives are left alone, however long its endpoint refuses them', async () => {
      const prefix = fresh();
      const live = open(client, { prefix });
      live.transport.always(503);
      send(live, IDS.slice(0, 50));
      await until(() => live.outbox.stats().retries > 0);
      const other = open(client, { prefix });
      other.transport.always(200);
      await sleep(4 * INTERNALS.lease);
      expect(other.outbox.ledger().accepted).toBe(0);
      live.transport.always(200);
      expect(await live.outbox.flush(5000)).toMatchObject({ delivered: 50 });
      expect(visitorsOf(other.transport)).toEqual([]);
    });

    it('of a process that died are found behind thousands of one that lives', async () => {
      const prefix = fresh();
      const key = `${prefix}:${PROJECT}:events`;
      const append = async (ids: readonly string[]): Promise<void> => {
        const commits = client.pipeline();
        for (const id of ids) {
          const line = `{"visitorId":"${id}","events":[\t${JSON.stringify(exposure(id).event)}\n`;
          const fields = { from: 'x', number: 0, at: Date.now(), size: 200, count: 1, events: line };
          commits.xadd(key, '*', ...Object.entries(fields).flat());
        }
        await commits.exec();
      };
      await append(IDS.slice(0, 2500));
      const live = open(client, { prefix });
      // It holds no more than that.
      await until(() => live.outbox.ledger().accepted >= 2000);
      await sleep(300);
      const { accepted } = live.outbox.ledger();
      // As one that reads and is killed.
      await client.xreadgroup('GROUP', 'drain', 'dead', 'COUNT', 2500, 'STREAMS', key, '>');
      const heir = open(client, { prefix });
      heir.transport.always(200);
      await until(() => heir.outbox.ledger().delivered >= 2500 - accepted);
      await sleep(2 * INTERNALS.lease);
      expect(visitorsOf(heir.transport)).toEqual(IDS.slice(accepted, 2500));
    });

    it('end a flush when another process has delivered them', async () => {
      const prefix = fresh();
      const busy = open(client, { prefix }, { maxQueueBytes: 20_000 });
      send(busy, IDS.slice(0, 60));
      await until(() => busy.transport.open().length === 1);
      // It has enough in memory, so that the other one takes the rest.
      for (const id of IDS.slice(60, 200)) {
        send(busy, [id]);
        await stored(busy);
      }
      const flushed = busy.outbox.flush(10_000);
      const other = open(client, { prefix });
      other.transport.always(200);
      await until(() => other.outbox.ledger().delivered > 0);
      busy.transport.always(200);
      const { delivered, spooled, pending } = await flushed;
      expect(pending).toBe(0);
      expect(spooled).toBeGreaterThan(0);
      expect(delivered + spooled).toBe(200);
      expect(other.outbox.ledger().delivered).toBe(spooled);
    });

    it('have a bound, of which the last tenth is for conversions, and room again when some are gone', async () => {
      const prefix = fresh();
      const kit = open(client, { prefix, drain: false, maxBytes: 1024 ** 2 });
      let refused = 0;
      for (let n = 0; refused === 0; n++) {
        const offer = kit.outbox.offer([exposure(`visitor-${n}`)]);
        refused += offer.refused.size;
        offer.confirm();
        if (kit.outbox.stats().volatile > 500) await stored(kit);
      }
      await stored(kit);
      expect(kit.outbox.offer([conversion('buyer')]).refused.size).toBe(0);
      expect(kit.outbox.ledger().reasons).toEqual({ overflow: 1 });
      const drain = open(client, { prefix });
      drain.transport.always(200);
      await until(() => {
        const offer = kit.outbox.offer([exposure('again')]);
        offer.confirm();
        return offer.refused.size === 0;
      });
    });

    it('that are no events are told, counted, and in nobody\u2019s way', async () => {
      const prefix = fresh();
      const key = `${prefix}:${PROJECT}:events`;
      const at = String(Date.now());
      await client.xadd(key, '*', 'from', 'x', 'at', at, 'count', '2', 'events', 'no\tevent\n');
      await client.xadd(key, '*', 'something', 'else');
      const first = open(client, { prefix, drain: false });
      send(first, ['v1']);
      await first.outbox.flush(5000);
      const kit = open(client, { prefix });
      kit.transport.always(200);
      await until(() => kit.outbox.ledger().delivered === 1);
      expect(kit.outbox.ledger()).toMatchObject({ accepted: 3, dropped: 2, reasons: { corrupt: 2 } });
      await kit.outbox.close(1000);
      expect(await client.xlen(key)).toBe(0);
    });

    it('that are older than 72 hours are not sent', async () => {
      const prefix = fresh();
      const first = open(client, { prefix, drain: false });
      send(first, ['old']);
      await first.outbox.flush(5000);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 73 * 60 * 60 * 1000 });
      onTestFinished(() => void vi.useRealTimers());
      const kit = open(client, { prefix });
      await until(() => kit.outbox.ledger().accepted === 1);
      expect(kit.outbox.ledger()).toMatchObject({ dropped: 1, reasons: { expired: 1 } });
    });

    it('of two projects stay apart', async () => {
      const prefix = fresh();
      const one = open(client, { prefix, drain: false });
      send(one, ['one']);
      await one.outbox.flush(5000);
      const other = open(client, { prefix }, { destination: () => ({ ...DESTINATION, projectId: '2' }) });
      other.transport.always(200);
      send(other, ['other']);
      expect(await other.outbox.flush(5000)).toMatchObject({ accepted: 1, delivered: 1 });
    });

    it('wait for the project in memory', async () => {
      const project: { destination?: typeof DESTINATION } = {};
      const kit = open(client, {}, { destination: () => project.destination });
      kit.transport.always(200);
      send(kit, ['v1']);
      await sleep(250);
      expect(kit.outbox.stats()).toMatchObject({ pending: 1, volatile: 1 });
      project.destination = DESTINATION;
      expect(await kit.outbox.flush(5000)).toMatchObject({ delivered: 1 });
    });
  });

  describe('Redis', () => {
    it('down at boot: events wait in memory, which is told once, and all is well when it comes', async () => {
      const own = await ownRedis();
      await own.kill();
      const kit = open(connected(own.port));
      send(kit, IDS.slice(0, 100));
      await until(() => kit.listener.errors.length > 0, 20_000);
      expect(kit.listener.errors.map(({ code }) => code)).toEqual(expect.arrayContaining(['CONVERT_SPOOL']));
      expect(kit.outbox.stats()).toMatchObject({ pending: 100, volatile: 100 });
      expect(kit.outbox.stats().oldestAge).toBeGreaterThan(0);
      await own.start();
      kit.transport.always(200);
      expect(await kit.outbox.flush(20_000)).toMatchObject({ delivered: 100, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 100));
      expect(kit.listener.recoveries).toEqual(
        expect.arrayContaining(['events are written to Redis again', 'events are read from Redis again']),
      );
      expect(kit.listener.errors.length).toBeLessThanOrEqual(2);
    }, 60_000);

    it('killed again and again under load: each event arrives, once', async () => {
      const own = await ownRedis();
      const kit = open(connected(own.port), {}, { maxBatchEvents: 100, lingerMs: 5 });
      kit.transport.always(200);
      for (let kill = 0; kill < 5; kill++) {
        const ids = IDS.slice(kill * 1000, (kill + 1) * 1000);
        for (let n = 0; n < 1000; n += 20) {
          send(kit, ids.slice(n, n + 20));
          if (n === 500) await own.kill();
          await sleep(2);
        }
        await own.start();
      }
      expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 5000, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport).sort()).toEqual([...IDS].sort());
    }, 60_000);

    it('that comes back empty: what is in memory is sent, and it is told', async () => {
      const own = await ownRedis();
      const kit = open(connected(own.port));
      send(kit, IDS.slice(0, 50));
      await until(() => kit.transport.open().length === 1);
      send(kit, IDS.slice(50, 100));
      await stored(kit);
      await until(() => kit.outbox.ledger().pending === 100);
      await own.kill();
      await own.start({ empty: true });
      await until(() =>
        kit.listener.errors.some(({ message }) => message.includes('has lost what was in it')),
      );
      kit.transport.always(200);
      send(kit, ['late']);
      expect(await kit.outbox.flush(10_000)).toMatchObject({ delivered: 101, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport)).toEqual([...IDS.slice(0, 100), 'late']);
    }, 30_000);

    it('that fails over to a replica: what the replica has is sent, each once', async () => {
      const [first, second] = [await ownRedis(), await ownRedis()];
      const link = await slowLink(first.port);
      onTestFinished(() => link.close());
      const replica = connected(second.port);
      await replica.replicaof('127.0.0.1', first.port);
      const kit = open(connected(link.port));
      send(kit, IDS.slice(0, 500));
      await stored(kit);
      await connected(first.port).wait(1, 5000);
      await vi.waitUntil(async () => (await replica.dbsize()) > 0);
      await first.kill();
      await replica.replicaof('NO', 'ONE');
      link.redirect(second.port);
      send(kit, IDS.slice(500, 1000));
      kit.transport.always(200);
      expect(await kit.outbox.flush(20_000)).toMatchObject({ delivered: 1000, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport).sort()).toEqual(IDS.slice(0, 1000).sort());
    }, 60_000);

    it('that takes 2 s for each answer: nothing waits for it, nothing is lost or sent twice', async () => {
      const own = await ownRedis();
      const link = await slowLink(own.port);
      onTestFinished(() => link.close());
      const slow = connected(link.port);
      await slow.ping();
      link.delay = 1_000;
      const kit = open(slow, {}, {}, { beat: 2_000, lease: 10_000 });
      kit.transport.always(200);
      send(kit, IDS.slice(0, 2000));
      await sleep(100);
      send(kit, IDS.slice(2000, 3000));
      expect(await kit.outbox.flush(40_000)).toMatchObject({ delivered: 3000, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 3000));
      expect(kit.listener.errors).toEqual([]);
    }, 60_000);

    it('that hangs for long is gone round, and what it took all the same is not sent again', async () => {
      const own = await ownRedis();
      const kit = open(connected(own.port), {}, {}, { ...INTERNALS, bypassAfter: 100 });
      kit.transport.always(200);
      send(kit, ['before']);
      await kit.outbox.flush(5000);
      own.freeze();
      send(kit, IDS.slice(0, 20));
      await until(() => kit.outbox.ledger().delivered === 21, 20_000);
      expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20)]);
      own.thaw();
      send(kit, ['after']);
      expect(await kit.outbox.flush(10_000)).toMatchObject({ delivered: 22, pending: 0, spooled: 0 });
      await sleep(500);
      expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20), 'after']);
    }, 60_000);

    it('down at the close: what it does not take is sent without it', async () => {
      const own = await ownRedis();
      const kit = open(connected(own.port));
      kit.transport.always(200);
      send(kit, ['before']);
      await kit.outbox.flush(5000);
      await own.kill();
      send(kit, IDS.slice(0, 20));
      expect(await kit.outbox.close(5000)).toMatchObject({ delivered: 21, pending: 0, dropped: 0 });
      expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20)]);
    }, 30_000);

    it('down at the close of a process that only appends: what is left is counted', async () => {
      const own = await ownRedis();
      await own.kill();
      const kit = open(connected(own.port), { drain: false });
      send(kit, ['v1']);
      expect(await kit.outbox.close(100)).toMatchObject({ accepted: 1, dropped: 1, reasons: { closed: 1 } });
    });

    it('that is full: events wait in memory until it is not', async () => {
      const own = await ownRedis('--maxmemory-policy', 'noeviction');
      const admin = connected(own.port);
      const kit = open(connected(own.port), { drain: false });
      send(kit, ['v1']);
      await kit.outbox.flush(5000);
      await admin.config('SET', 'maxmemory', '1mb');
      send(kit, ['v2']);
      await until(() => kit.listener.errors.length === 1);
      expect(kit.listener.errors[0]).toMatchObject({ code: 'CONVERT_SPOOL' });
      expect(kit.listener.errors[0]!.message).toContain('(OOM)');
      expect(kit.outbox.stats()).toMatchObject({ volatile: 1 });
      await admin.config('SET', 'maxmemory', '0');
      expect(await kit.outbox.flush(10_000)).toMatchObject({ spooled: 2, pending: 0 });
      expect(kit.listener.recoveries).toEqual(['events are written to Redis again']);
    }, 30_000);
  });
});

it.each([
  [undefined, {}, 'must be a client of ioredis or of node-redis'],
  [{ get: () => undefined }, {}, 'must be a client of ioredis or of node-redis'],
  [{ eval() {}, evalsha() {} }, { drains: false }, 'did you mean `drain`?'],
  [{ eval() {}, evalsha() {} }, { prefix: '{shop}' }, 'option `prefix`'],
  [{ eval() {}, evalsha() {} }, { maxBytes: 10 }, 'option `maxBytes`'],
])('redisOutbox refuses what it can not work with: %j, %j', (client, options, message) => {
  expect(() => redisOutbox(client as never, options as never)).toThrow(message);
});
