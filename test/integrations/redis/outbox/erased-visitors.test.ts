/** Visitors who are forgotten while events of theirs wait in Redis, and in the processes of the fleet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  exposure,
  IDS,
  type Kit,
  networkError,
  send,
  stored,
  until,
  visitorsOf,
} from '../../../delivery/fakes.js';
import { hasRedis, sharedRedis } from '../../../support/redis.js';
import { connected, fresh, gated, open, ownRedis, PROJECT } from './redis-kit.js';

const forget = async ({ outbox }: Kit, ...ids: string[]): Promise<void> => outbox.forget?.(ids);
const without =
  (...gone: string[]): ((id: string) => boolean) =>
  (id) =>
    !gone.includes(id);

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();
  const FEEDS = { drain: false };

  it('is heard of by all who drain, of what they hold and of what they read later', async () => {
    const prefix = fresh();
    const feeds = open(shared.client, { prefix, ...FEEDS });
    const drains = [0, 1].map(() => open(shared.client, { prefix }, { maxBatchEvents: 10 }));
    send(feeds, IDS.slice(0, 500));
    await stored(feeds);
    await until(() => drains.some(({ transport }) => transport.open().length === 1));
    await forget(feeds, 'visitor-300', 'visitor-499');
    send(feeds, ['visitor-300']);
    await stored(feeds);
    const dropped = (): number =>
      drains.reduce((sum, { outbox }) => sum + (outbox.ledger().reasons.forgotten ?? 0), 0);
    await until(() => dropped() === 2);
    for (const { transport } of drains) transport.always(200);
    await until(() => drains.reduce((sum, { outbox }) => sum + outbox.ledger().delivered, 0) === 499);
    const arrived = drains.flatMap(({ transport }) => visitorsOf(transport));
    expect(arrived.toSorted()).toEqual(
      [...IDS.slice(0, 500).filter(without('visitor-300', 'visitor-499')), 'visitor-300'].toSorted(),
    );
    await vi.waitUntil(async () => (await shared.client.xlen(`${prefix}:${PROJECT}:events`)) === 0, 30_000);
  });

  it('is heard of by who has no room to read any more', async () => {
    const prefix = fresh();
    const drains = open(shared.client, { prefix }, { maxBatchEvents: 1, maxQueueBytes: 20_000 });
    const feeds = open(shared.client, { prefix, ...FEEDS });
    for (const id of IDS.slice(0, 200)) {
      send(feeds, [id]);
      await stored(feeds);
    }
    // It holds what fits, one of them is under way, and reads nothing now.
    await until(() => drains.transport.open().length === 1);
    await sleep(300);
    const held = drains.outbox.ledger().accepted;
    expect(held).toBeGreaterThan(5);
    expect(held).toBeLessThan(200);
    await forget(feeds, 'visitor-3');
    await until(() => drains.outbox.ledger().reasons.forgotten === 1);
    expect(drains.outbox.ledger().accepted).toBe(held);
  });

  it('comes after a commit that is still to be made, and before what is kept later', async () => {
    let fail = (): void => {};
    const failing = new Promise<void>((resolve) => (fail = resolve));
    const names: string[] = [];
    const client = gated(shared.client, async (name, run) => {
      names.push(name);
      if (name !== 'APPEND' || names.filter((each) => each === 'APPEND').length > 1) return run();
      await failing;
      throw networkError('ECONNRESET');
    });
    const kit = open(client);
    kit.transport.always(200);
    send(kit, ['a', 'v1']);
    await until(() => names.includes('APPEND'));
    const forgotten = forget(kit, 'v1');
    kit.outbox.offer([exposure('v1', 'new')]).confirm();
    fail();
    await forgotten;
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 2, reasons: { forgotten: 1 } });
    const sent = kit.transport.posts.flatMap(({ payload }) => payload.visitors);
    const mine = sent.filter(({ visitorId }) => visitorId === 'v1').flatMap(({ events }) => events);
    expect(mine.map(({ data }) => data)).toEqual([{ experienceId: 'new', variationId: '5000' }]);
    const steps = names.filter((name) => name === 'APPEND' || name === 'ERASE');
    expect(steps).toEqual(['APPEND', 'APPEND', 'ERASE', 'APPEND']);
  });

  it('goes by the order of the stream, not by the clocks of processes', async () => {
    const prefix = fresh();
    const [one, other] = [0, 1].map(() => open(shared.client, { prefix, ...FEEDS })) as [Kit, Kit];
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const now = Date.now();
    vi.setSystemTime(now + 60 * 60 * 1000);
    send(one, ['a', 'v1']);
    await stored(one);
    vi.setSystemTime(now);
    await forget(other, 'v1');
    vi.setSystemTime(now - 60 * 60 * 1000);
    one.outbox.offer([exposure('v1', 'back')]).confirm();
    await stored(one);
    const drains = open(shared.client, { prefix });
    drains.transport.always(200);
    await until(() => drains.outbox.ledger().accepted === 3);
    expect(await drains.outbox.flush(30_000)).toMatchObject({ delivered: 2, reasons: { forgotten: 1 } });
    const [visitor] = drains.transport.posts
      .flatMap(({ payload }) => payload.visitors)
      .filter(({ visitorId }) => visitorId === 'v1');
    expect(visitor?.events.map(({ data }) => data)).toEqual([{ experienceId: 'back', variationId: '5000' }]);
  });

  it('holds no id, for 72 hours, and so many at most', async () => {
    const prefix = fresh();
    const kit = open(shared.client, { prefix, ...FEEDS });
    const key = `${prefix}:${PROJECT}:forgotten`;
    await forget(kit, 'visitor-1', 'visitor-2');
    await forget(kit, 'visitor-3');
    const members = await shared.client.zrange(key, '0', '-1', 'WITHSCORES');
    expect(members).toHaveLength(6);
    expect(members.join()).not.toContain('visitor');
    const [first, , third] = members.filter((_, place) => place % 2 === 1).map(Number);
    expect(third).toBeGreaterThan(first!);
    const left = await shared.client.pttl(key);
    expect(left).toBeGreaterThan(71 * 60 * 60 * 1000);
    expect(left).toBeLessThanOrEqual(72 * 60 * 60 * 1000);
    // What is older says nothing any more.
    await shared.client.zadd(key, String(Date.now() - 73 * 60 * 60 * 1000), 'old 1-1');
    const many = Array.from({ length: 20_001 }, (_, n) => `many-${n}`);
    for (let from = 0; from < many.length; from += 5000) await forget(kit, ...many.slice(from, from + 5000));
    expect(await shared.client.zcard(key)).toBe(20_000);
    expect(await shared.client.zscore(key, 'old 1-1')).toBeNull();
  });

  it('rejects where Redis is not there, and what goes round it has nothing of the visitor', async () => {
    const server = await ownRedis();
    const client = connected(server.port);
    const internals = { beat: 50, lease: 400, answerLimit: 300, bypassAfter: 1_000 };
    const kit = open(client, {}, {}, internals);
    send(kit, ['first']);
    await stored(kit);
    await server.kill();
    kit.transport.always(200);
    send(kit, ['a', 'v1', 'b']);
    await until(() => kit.listener.errors.some(({ message }) => message.includes('can not be written')));
    send(kit, ['v1', 'c']);
    await expect(forget(kit, 'v1')).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
    await expect(forget(kit, 'v1')).rejects.not.toThrow('v1');
    send(kit, ['d']);
    await until(() => visitorsOf(kit.transport).includes('d'));
    expect(visitorsOf(kit.transport).filter(without('first'))).toEqual(['a', 'b', 'c', 'd']);
    expect(kit.outbox.ledger().reasons).toEqual({ forgotten: 2 });
  });

  it('rejects once the outbox is closed', async () => {
    const kit = open(shared.client);
    await kit.outbox.close(100);
    await expect(forget(kit, 'v1')).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
  });
});
