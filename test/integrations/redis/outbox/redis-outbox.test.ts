/** The outbox over a real Redis, by each kind of client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { redisOutbox } from '../../../../src/redis.js';
import {
  conversion,
  DESTINATION,
  exposure,
  IDS,
  send,
  stored,
  until,
  visitorsOf,
} from '../../../delivery/fakes.js';
import { outboxConformance } from '../../../delivery/outbox.conformance.js';
import { CLIENTS, CLUSTERS, startCluster } from '../../../support/redis-clients.js';
import { hasRedis, sharedRedis } from '../../../support/redis.js';
import { fresh, INTERNALS, open, PROJECT } from './redis-kit.js';

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  outboxConformance('redisOutbox', (options) => redisOutbox(shared.client, { prefix: fresh() })(options), {
    outlives: true,
    // Each step may be some ways to Redis and back.
    histories: 15,
  });

  describe('by each client', () => {
    it.each(Object.entries(CLIENTS))('%s', async (_name, connect) => {
      const { client: given, end } = await connect(shared.port);
      onTestFinished(() => void end());
      const kit = open(given);
      kit.transport.always(200);
      send(kit, IDS.slice(0, 500));
      expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 500, pending: 0, spooled: 0 });
      expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 500));
    });

    it.each(Object.entries(CLUSTERS))('%s, in a cluster', async (_name, connect) => {
      const cluster = await startCluster();
      onTestFinished(() => cluster.remove());
      const { client: given, end } = await connect(cluster.port);
      onTestFinished(() => void end());
      const kit = open(given);
      kit.transport.always(200);
      send(kit, IDS.slice(0, 500));
      expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 500, pending: 0, spooled: 0 });
    });
  });

  describe('events in Redis', () => {
    it('F7: of other versions, in other formats, are left alone, told once and counted', async () => {
      const prefix = fresh();
      const newer = `${prefix}:${PROJECT}:events:v99`;
      await shared.client.sadd(`${prefix}:${PROJECT}:formats`, '99', '98');
      await shared.client.xadd(newer, '*', 'format', '99');
      const kit = open(shared.client, { prefix });
      kit.transport.always(200);
      send(kit, IDS.slice(0, 3));
      expect((await kit.outbox.flush(5_000)).delivered).toBe(3);
      await until(() => kit.outbox.stats().otherFormats === 1);
      expect(kit.listener.errors.map(({ message }) => message)).toEqual([
        expect.stringContaining('the format of another version of this package'),
      ]);
      expect(await shared.client.xlen(newer)).toBe(1);
      expect((await shared.client.smembers(`${prefix}:${PROJECT}:formats`)).sort()).toEqual([
        '1',
        '98',
        '99',
      ]);
    });

    it('E2: two processes deliver what the endpoint does not refuse', async () => {
      const prefix = fresh();
      const poisoned = new Set(['visitor-3', 'visitor-150', 'visitor-399']);
      const kits = [open(shared.client, { prefix }), open(shared.client, { prefix })] as const;
      for (const [n, kit] of kits.entries()) send(kit, IDS.slice(n * 200, n * 200 + 200));
      const count = (field: 'delivered' | 'rejected'): number =>
        kits[0].outbox.ledger()[field] + kits[1].outbox.ledger()[field];
      const taken: string[] = [];
      await until(() => {
        for (const { transport } of kits) {
          for (const post of transport.open()) {
            const isRefused = post.visitors.some((id) => poisoned.has(id));
            if (!isRefused) taken.push(...post.visitors);
            post.answer(isRefused ? 500 : 200);
          }
        }
        return count('delivered') === 397 && count('rejected') === 3;
      });
      expect(taken.toSorted()).toEqual(
        IDS.slice(0, 400)
          .filter((id) => !poisoned.has(id))
          .toSorted(),
      );
    });

    it('are sent by whichever process comes first, in order, and nothing is left', async () => {
      const prefix = fresh();
      const first = open(shared.client, { prefix, drain: false });
      send(first, IDS.slice(0, 1000));
      expect(await first.outbox.flush(30_000)).toMatchObject({ accepted: 1000, spooled: 1000, pending: 0 });
      expect(await first.outbox.close(1000)).toMatchObject({ accepted: 1000, spooled: 1000, dropped: 0 });
      expect(first.transport.posts).toHaveLength(0);

      const second = open(shared.client, { prefix });
      second.transport.always(200);
      await until(() => second.outbox.ledger().delivered === 1000);
      expect(visitorsOf(second.transport)).toEqual(IDS.slice(0, 1000));
      expect(await second.outbox.close(1000)).toMatchObject({ accepted: 1000, delivered: 1000, spooled: 0 });
      expect(await shared.client.xlen(`${prefix}:${PROJECT}:events`)).toBe(0);
      expect(await shared.client.get(`${prefix}:${PROJECT}:bytes`)).toBe('0');
      expect(await shared.client.xinfo('CONSUMERS', `${prefix}:${PROJECT}:events`, 'drain')).toEqual([]);
    });

    it('are what they were', async () => {
      const prefix = fresh();
      const first = open(shared.client, { prefix });
      const segments = {
        country: 'DE',
        devices: ['DESK'],
        source: 'tab\there "quoted" \u2028 \u{1F600} \\ \n',
      };
      const goalData = [{ key: 'amount' as const, value: 10.5 }];
      first.outbox.offer([{ ...exposure('v1'), segments }, conversion('v1', { goalData })]).confirm();
      await until(() => first.transport.open().length === 1);
      await first.outbox.close(0);
      const second = open(shared.client, { prefix });
      await until(() => second.transport.open().length === 1);
      expect(second.transport.posts[0]!.text).toBe(first.transport.posts[0]!.text);
    });

    it('that a process has when it closes are for the next one at once', async () => {
      const prefix = fresh();
      const long = { beat: 1_000, lease: 600_000 };
      const first = open(shared.client, { prefix }, { maxBatchEvents: 100 }, long);
      send(first, IDS.slice(0, 300));
      await until(() => first.transport.open().length === 1);
      first.transport.open()[0]!.answer(200);
      await until(() => first.outbox.ledger().delivered === 100);
      expect(await first.outbox.close(0)).toMatchObject({ delivered: 100, spooled: 200, dropped: 0 });
      const second = open(shared.client, { prefix }, {}, long);
      second.transport.always(200);
      await until(() => second.outbox.ledger().delivered >= 200);
      // A commit goes when all of it is delivered.
      expect(new Set(visitorsOf(second.transport))).toEqual(expect.objectContaining({}));
      expect(visitorsOf(second.transport).slice(-200)).toEqual(IDS.slice(100, 300));
    });

    it('of another process that are read during a close are all sent by then, and once', async () => {
      const prefix = fresh();
      const first = open(shared.client, { prefix }, { maxBatchEvents: 100 });
      send(first, IDS.slice(0, 100));
      await until(() => first.transport.open().length === 1);
      const closed = first.outbox.close(30_000);
      const other = open(shared.client, { prefix, drain: false });
      send(other, IDS.slice(100, 400));
      await until(() => first.outbox.ledger().accepted === 400);
      first.transport.open()[0]!.answer(200);
      await until(() => first.transport.open().length === 1);
      expect(await Promise.race([closed, sleep(300, 'still open')])).toBe('still open');
      first.transport.always(200);
      expect(await closed).toMatchObject({ delivered: 400, spooled: 0, pending: 0, dropped: 0 });
      expect(visitorsOf(first.transport)).toEqual(IDS.slice(0, 400));
    });

    it('of a process that lives are left alone, however long its endpoint refuses them', async () => {
      const prefix = fresh();
      const live = open(shared.client, { prefix });
      live.transport.always(503);
      send(live, IDS.slice(0, 50));
      await until(() => live.outbox.stats().retries > 0);
      const other = open(shared.client, { prefix });
      other.transport.always(200);
      await sleep(4 * INTERNALS.lease);
      expect(other.outbox.ledger().accepted).toBe(0);
      live.transport.always(200);
      expect(await live.outbox.flush(30_000)).toMatchObject({ delivered: 50 });
      expect(visitorsOf(other.transport)).toEqual([]);
    });

    it('of a process that died are found behind thousands of one that lives', async () => {
      const prefix = fresh();
      const key = `${prefix}:${PROJECT}:events`;
      const append = async (ids: readonly string[]): Promise<void> => {
        const commits = shared.client.pipeline();
        for (const id of ids) {
          const line = `{"visitorId":"${id}","events":[\t${JSON.stringify(exposure(id).event)}\n`;
          const fields = { from: 'x', number: 0, at: Date.now(), size: 200, count: 1, events: line };
          commits.xadd(key, '*', ...Object.entries(fields).flat());
        }
        await commits.exec();
      };
      await append(IDS.slice(0, 2500));
      const live = open(shared.client, { prefix });
      // It holds no more than that.
      await until(() => live.outbox.ledger().accepted >= 2000);
      await sleep(300);
      const { accepted } = live.outbox.ledger();
      // As one that reads and is killed.
      await shared.client.xreadgroup('GROUP', 'drain', 'dead', 'COUNT', 2500, 'STREAMS', key, '>');
      const heir = open(shared.client, { prefix });
      heir.transport.always(200);
      await until(() => heir.outbox.ledger().delivered >= 2500 - accepted);
      await sleep(2 * INTERNALS.lease);
      expect(visitorsOf(heir.transport)).toEqual(IDS.slice(accepted, 2500));
    });

    it('end a flush when another process has delivered them', async () => {
      const prefix = fresh();
      const busy = open(shared.client, { prefix }, { maxQueueBytes: 20_000 });
      send(busy, IDS.slice(0, 60));
      await until(() => busy.transport.open().length === 1);
      // It has enough in memory, so that the other one takes the rest.
      for (const id of IDS.slice(60, 200)) {
        send(busy, [id]);
        await stored(busy);
      }
      const flushed = busy.outbox.flush(30_000);
      const other = open(shared.client, { prefix });
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
      const kit = open(shared.client, { prefix, drain: false, maxBytes: 1024 ** 2 });
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
      const drain = open(shared.client, { prefix });
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
      await shared.client.xadd(key, '*', 'from', 'x', 'at', at, 'count', '2', 'events', 'no\tevent\n');
      await shared.client.xadd(key, '*', 'something', 'else');
      const first = open(shared.client, { prefix, drain: false });
      send(first, ['v1']);
      await first.outbox.flush(30_000);
      const kit = open(shared.client, { prefix });
      kit.transport.always(200);
      await until(() => kit.outbox.ledger().delivered === 1);
      expect(kit.outbox.ledger()).toMatchObject({ accepted: 3, dropped: 2, reasons: { corrupt: 2 } });
      await kit.outbox.close(1000);
      expect(await shared.client.xlen(key)).toBe(0);
    });

    it('that are older than 72 hours are not sent', async () => {
      const prefix = fresh();
      const first = open(shared.client, { prefix, drain: false });
      send(first, ['old']);
      await first.outbox.flush(30_000);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 73 * 60 * 60 * 1000 });
      onTestFinished(() => void vi.useRealTimers());
      const kit = open(shared.client, { prefix });
      await until(() => kit.outbox.ledger().accepted === 1);
      expect(kit.outbox.ledger()).toMatchObject({ dropped: 1, reasons: { expired: 1 } });
    });

    it('of two projects stay apart', async () => {
      const prefix = fresh();
      const one = open(shared.client, { prefix, drain: false });
      send(one, ['one']);
      await one.outbox.flush(30_000);
      const other = open(
        shared.client,
        { prefix },
        { destination: () => ({ ...DESTINATION, projectId: '2' }) },
      );
      other.transport.always(200);
      send(other, ['other']);
      expect(await other.outbox.flush(30_000)).toMatchObject({ accepted: 1, delivered: 1 });
    });

    it('wait for the project in memory', async () => {
      const project: { destination?: typeof DESTINATION } = {};
      const kit = open(shared.client, {}, { destination: () => project.destination });
      kit.transport.always(200);
      send(kit, ['v1']);
      await sleep(250);
      expect(kit.outbox.stats()).toMatchObject({ pending: 1, volatile: 1 });
      project.destination = DESTINATION;
      expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 1 });
    });
  });
});

it.each([
  [undefined, {}, 'must be a client of ioredis or of node-redis'],
  [{ url: undefined }, {}, 'option `client.url` is missing, the address of a Redis'],
  [{ get: () => undefined }, {}, 'must be a client of ioredis or of node-redis'],
  [{ eval() {}, evalsha() {} }, { drains: false }, 'did you mean `drain`?'],
  [{ eval() {}, evalsha() {} }, { prefix: '{shop}' }, 'option `prefix`'],
  [{ eval() {}, evalsha() {} }, { maxBytes: 10 }, 'option `maxBytes`'],
])('redisOutbox refuses what it can not work with: %j, %j', (client, options, message) => {
  expect(() => redisOutbox(client as never, options as never)).toThrow(message);
});
