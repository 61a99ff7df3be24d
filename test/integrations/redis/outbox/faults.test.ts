/** What becomes of events when Redis fails, when its answers are lost, and when others fail beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  conversion,
  exposure,
  IDS,
  type Kit,
  send,
  stored,
  until,
  visitorsOf,
} from '../../../delivery/fakes.js';
import { hasRedis, slowLink } from '../../../support/redis.js';
import { killedUnderLoad } from './kills.js';
import { connected, fresh, gated, INTERNALS, open, ownRedis, PROJECT } from './redis-kit.js';

const sent = (kit: Kit, count: number): Promise<void> => until(() => kit.outbox.ledger().delivered >= count);

describe.skipIf(!hasRedis)('Redis', () => {
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

  killedUnderLoad(2);

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
    await until(() => kit.listener.errors.some(({ message }) => message.includes('has lost what was in it')));
    kit.transport.always(200);
    send(kit, ['late']);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 101, pending: 0, dropped: 0 });
    expect(visitorsOf(kit.transport)).toEqual([...IDS.slice(0, 100), 'late']);
  });

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
    await vi.waitUntil(async () => (await replica.dbsize()) > 0, 30_000);
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
    await kit.outbox.flush(30_000);
    own.freeze();
    send(kit, IDS.slice(0, 20));
    await until(() => kit.outbox.ledger().delivered === 21, 20_000);
    expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20)]);
    own.thaw();
    send(kit, ['after']);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 22, pending: 0, spooled: 0 });
    await sleep(500);
    expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20), 'after']);
  }, 60_000);

  it('down at the close: what it does not take is sent without it', async () => {
    const own = await ownRedis();
    const kit = open(connected(own.port));
    kit.transport.always(200);
    send(kit, ['before']);
    await kit.outbox.flush(30_000);
    await own.kill();
    send(kit, IDS.slice(0, 20));
    expect(await kit.outbox.close(5000)).toMatchObject({ delivered: 21, pending: 0, dropped: 0 });
    expect(visitorsOf(kit.transport)).toEqual(['before', ...IDS.slice(0, 20)]);
  });

  it.each([300, 900])('down at a close of %i ms: what is there is sent in that time', async (timeout) => {
    const own = await ownRedis();
    const kit = open(connected(own.port));
    kit.transport.always(200);
    send(kit, ['before']);
    await kit.outbox.flush(30_000);
    await own.kill();
    send(kit, IDS.slice(0, 10));
    expect(await kit.outbox.close(timeout)).toMatchObject({ delivered: 11, dropped: 0 });
  });

  it('down at the close of a process that only appends: what is left is counted', async () => {
    const own = await ownRedis();
    await own.kill();
    const kit = open(connected(own.port), { drain: false });
    send(kit, ['v1']);
    expect(await kit.outbox.close(100)).toMatchObject({ accepted: 1, dropped: 1, reasons: { closed: 1 } });
  });

  it('that hangs with what was sent already does not hold the close', async () => {
    const own = await ownRedis();
    const kit = open(connected(own.port), {}, {}, { ...INTERNALS, answerLimit: 300_000 });
    send(kit, ['v1']);
    await until(() => kit.transport.open().length === 1);
    own.freeze();
    kit.transport.always(200);
    // Redis can not say that the event is not there any more.
    expect(await kit.outbox.close(600_000)).toMatchObject({ delivered: 1, spooled: 0, dropped: 0 });
  });

  it('that is full: events wait in memory until it is not', async () => {
    const own = await ownRedis('--maxmemory-policy', 'noeviction');
    const admin = connected(own.port);
    const kit = open(connected(own.port), { drain: false });
    send(kit, ['v1']);
    await kit.outbox.flush(30_000);
    await admin.config('SET', 'maxmemory', '1mb');
    send(kit, ['v2']);
    await until(() => kit.listener.errors.length === 1);
    expect(kit.listener.errors[0]).toMatchObject({ code: 'CONVERT_SPOOL' });
    expect(kit.listener.errors[0]!.message).toContain('(OOM)');
    expect(kit.outbox.stats()).toMatchObject({ volatile: 1 });
    await admin.config('SET', 'maxmemory', '0');
    expect(await kit.outbox.flush(30_000)).toMatchObject({ spooled: 2, pending: 0 });
    await until(() => kit.listener.recoveries.includes('events are written to Redis again'));
  });
});

describe.skipIf(!hasRedis)('answers of Redis', () => {
  it('that stay away for one call, of whatever kind, stop nothing and double nothing', async () => {
    for (const which of ['READ', 'APPEND', 'RENEW', 'ACKNOWLEDGE'] as const) {
      const own = await ownRedis();
      let isOver = false;
      const client = gated(connected(own.port), async (name, run) => {
        if (name !== which || isOver) return run();
        isOver = true;
        await run();
        return new Promise(() => {});
      });
      const kit = open(client);
      kit.transport.always(200);
      for (const id of IDS.slice(0, 10)) {
        send(kit, [id]);
        await sleep(30);
      }
      expect(await kit.outbox.flush(30_000)).toMatchObject({
        delivered: 10,
        pending: 0,
        spooled: 0,
        dropped: 0,
      });
      expect(visitorsOf(kit.transport).sort()).toEqual(IDS.slice(0, 10).sort());
    }
  }, 90_000);

  it('to a read that are lost change no order', async () => {
    const own = await ownRedis();
    let lostAnswers = 0;
    const client = gated(connected(own.port), async (name, run) => {
      const answer = await run();
      if (name !== 'READ' || lostAnswers > 0 || (answer as unknown[][])[5]!.length === 0) return answer;
      lostAnswers += 1;
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    });
    const kit = open(client, {}, {}, { beat: 2_000, lease: 10_000 });
    kit.transport.always(200);
    kit.outbox.offer([exposure('v1')]).confirm();
    await until(() => lostAnswers === 1);
    kit.outbox.offer([conversion('v1')]).confirm();
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 2 });
    const types = kit.transport.posts.flatMap(({ payload }) =>
      payload.visitors.flatMap(({ events }) => events.map(({ eventType }) => eventType)),
    );
    expect(types).toEqual(['bucketing', 'conversion']);
  });

  it('that events are acknowledged may be late: they are not sent again', async () => {
    const own = await ownRedis();
    let isBusy = true;
    const client = gated(connected(own.port), (name, run) =>
      name === 'ACKNOWLEDGE' && isBusy ? Promise.reject(new Error('BUSY a script')) : run(),
    );
    const kit = open(client);
    kit.transport.always(200);
    send(kit, IDS.slice(0, 20));
    await sleep(4 * INTERNALS.lease);
    isBusy = false;
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 20, spooled: 0 });
    expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 20));
    expect(kit.listener.errors.map(({ message }) => message).join()).toContain('(BUSY)');
  });

  it('that come after the close change nothing and are told to nobody', async () => {
    const own = await ownRedis();
    let isHeld = false;
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let calls = 0;
    const client = gated(connected(own.port), async (name, run) => {
      if (!isHeld) return run();
      await released;
      calls += 1;
      if (name !== 'APPEND') throw Object.assign(new Error('late'), { code: 'ELATE' });
      // That of a Redis that has lost all it had: told before the close, it drops the ten that it had taken.
      const [id, bytes] = (await run()) as unknown[];
      return [id, bytes, '', '0-0'];
    });
    const kit = open(client, { drain: false });
    send(kit, IDS.slice(0, 10));
    await until(() => kit.outbox.ledger().spooled === 10);
    isHeld = true;
    send(kit, IDS.slice(10, 20));
    await sleep(100);
    const ledger = await kit.outbox.close(0);
    const errors = [...kit.listener.errors];
    release();
    await sleep(300);
    expect(calls).toBeGreaterThan(0);
    expect(kit.outbox.ledger()).toEqual(ledger);
    expect(kit.listener.errors).toEqual(errors);
  });

  it('that something else was stored are none', async () => {
    const answers = async (): Promise<unknown> => ['OK'];
    const kit = open({ evalsha: answers, eval: answers }, { drain: false });
    send(kit, ['v1']);
    expect(await kit.outbox.flush(300)).toMatchObject({ pending: 1, spooled: 0 });
    expect(kit.listener.errors).toHaveLength(1);
  });

  it('are not asked for in a tight loop by those who wait', async () => {
    const own = await ownRedis();
    let [calls, isDown] = [0, false];
    const client = gated(connected(own.port), (_name, run) => {
      if (!isDown) return run();
      calls += 1;
      return Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' }));
    });
    const kit = open(client);
    kit.transport.always(200);
    send(kit, ['v1']);
    await kit.outbox.flush(30_000);
    isDown = true;
    for (let n = 0; n < 100; n++) {
      send(kit, [`more-${n}`]);
      void kit.outbox.flush(30_000);
      await sleep(5);
    }
    expect(calls).toBeLessThan(20);
    isDown = false;
    await sent(kit, 101);
  });

  it('without a project are asked for by nobody, however many wait', async () => {
    let asked = 0;
    const answers = async (): Promise<unknown> => ['OK'];
    const destination = (): undefined => void (asked += 1);
    const kit = open({ evalsha: answers, eval: answers }, {}, { destination });
    for (let n = 0; n < 100; n++) {
      send(kit, [`v${n}`]);
      void kit.outbox.flush(50);
    }
    await sleep(100);
    asked = 0;
    await sleep(1000);
    expect(asked).toBeLessThan(100);
  });
});

describe.skipIf(!hasRedis)('in a fleet', () => {
  it('one commit that is not sent holds up nobody else', async () => {
    const own = await ownRedis();
    const prefix = fresh();
    const long = { beat: 1_000, lease: 600_000 };
    const web = open(connected(own.port), { prefix, drain: false });
    send(web, ['stalled']);
    await web.outbox.flush(30_000);
    // As a process that has read it, and was stopped.
    const key = `${prefix}:${PROJECT}:events`;
    await connected(own.port).xreadgroup('GROUP', 'drain', 'stopped', 'COUNT', 1, 'STREAMS', key, '>');

    const kit = open(connected(own.port), { prefix }, {}, long);
    kit.transport.always(200);
    send(kit, IDS.slice(0, 10));
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 10, pending: 0 });
    const begun = performance.now();
    await kit.outbox.close(5_000);
    // Its time was not needed.
    expect(performance.now() - begun).toBeLessThan(4_000);

    // Nor is held up who waits for what another process delivers.
    const busy = open(connected(own.port), { prefix }, { maxQueueBytes: 2_000, maxBatchEvents: 1 }, long);
    send(busy, ['first']);
    await until(() => busy.transport.open().length === 1);
    for (const id of IDS.slice(10, 16)) {
      send(busy, [id]);
      await stored(busy);
    }
    const flushed = busy.outbox.flush(30_000);
    const other = open(connected(own.port), { prefix }, {}, long);
    other.transport.always(200);
    await until(() => other.outbox.ledger().delivered > 0);
    busy.transport.always(200);
    const { delivered, spooled, pending } = await flushed;
    expect({ pending, all: delivered + spooled }).toEqual({ pending: 0, all: 7 });
    expect(other.outbox.ledger().delivered).toBe(spooled);
  });

  it('what another process took over while this one had no connection is not sent again', async () => {
    const own = await ownRedis();
    const prefix = fresh();
    const link = await slowLink(own.port);
    onTestFinished(() => link.close());
    const cut = open(
      connected(link.port),
      { prefix },
      { backoff: { min: 300, max: 300 }, maxBatchEvents: 10 },
    );
    cut.transport.always(503);
    send(cut, IDS.slice(0, 200));
    await until(() => cut.outbox.stats().retries > 1);
    const other = open(connected(own.port), { prefix });
    other.transport.always(200);
    await sleep(600);
    link.redirect(1);
    await sent(other, 200);
    link.redirect(own.port);
    await sleep(150);
    cut.transport.always(200);
    await sleep(1500);
    // The batch that was under way may have come twice.
    expect(cut.outbox.ledger().delivered).toBeLessThanOrEqual(10);
    expect(cut.outbox.ledger().pending).toBe(0);
  });

  it('who was taken for dead reads on', async () => {
    const own = await ownRedis();
    const prefix = fresh();
    let isCut = false;
    const client = gated(connected(own.port), (name, run) =>
      isCut && name === 'RENEW' ? Promise.reject(new Error('gone')) : run(),
    );
    const web = open(connected(own.port), { prefix, drain: false });
    const worker = open(client, { prefix }, { maxQueueBytes: 20_000, backoff: { min: 500, max: 500 } });
    worker.transport.always(503);
    for (const id of IDS.slice(0, 60)) {
      send(web, [id]);
      await web.outbox.flush(1000);
    }
    await until(() => worker.outbox.ledger().accepted > 20);
    await sleep(600);
    isCut = true;
    const other = open(connected(own.port), { prefix });
    other.transport.always(200);
    await until(() => other.outbox.ledger().delivered === 60);
    await other.outbox.close(1000);
    isCut = false;
    await until(() => worker.outbox.ledger().pending === 0);
    worker.transport.always(200);
    send(web, IDS.slice(60, 70));
    await sent(worker, 10);
  });

  it('a group that forgot what it gave out has it sent once all the same', async () => {
    const own = await ownRedis();
    const prefix = fresh();
    const admin = connected(own.port);
    const key = `${prefix}:${PROJECT}:events`;
    const options = { maxQueueBytes: 40_000, maxBatchEvents: 5, backoff: { min: 200, max: 200 } };
    const kit = open(connected(own.port), { prefix }, options, { beat: 200, lease: 2_000 });
    kit.transport.always(503);
    for (const id of IDS.slice(0, 80)) {
      send(kit, [id]);
      await sleep(6);
    }
    await stored(kit);
    await sleep(500);
    // As a replica that was promoted, and had not heard yet that they were read.
    const given = (await admin.xpending(key, 'drain', '-', '+', 1000)) as [string][];
    expect(given.length).toBeGreaterThan(5);
    await admin
      .multi()
      .xack(key, 'drain', ...given.map(([id]) => id))
      .xgroup('SETID', key, 'drain', '0')
      .exec();
    await sleep(1000);
    kit.transport.always(200);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 80, spooled: 0, pending: 0 });
    expect(kit.outbox.ledger().accepted).toBe(80);
  });

  it('a Redis that is full is drained by the first worker that comes', async () => {
    const own = await ownRedis('--maxmemory-policy', 'noeviction');
    const prefix = fresh();
    const web = open(connected(own.port), { prefix, drain: false });
    send(web, IDS.slice(0, 100));
    await web.outbox.flush(2000);
    await connected(own.port).config('SET', 'maxmemory', '1mb');
    const worker = open(connected(own.port), { prefix });
    worker.transport.always(200);
    await sent(worker, 100);
  });

  it('what a failover loses is told, and counted', async () => {
    const [first, second] = [await ownRedis(), await ownRedis()];
    const link = await slowLink(first.port);
    onTestFinished(() => link.close());
    const replica = connected(second.port);
    const prefix = fresh();
    const web = open(connected(link.port), { prefix, drain: false });
    send(web, IDS.slice(0, 100));
    await web.outbox.flush(2000);
    await replica.replicaof('127.0.0.1', first.port);
    await vi.waitUntil(async () => (await replica.get(`${prefix}:${PROJECT}:bytes`)) !== null, 30_000);
    await replica.replicaof('NO', 'ONE');
    // From here on nothing is replicated.
    send(web, IDS.slice(100, 150));
    await web.outbox.flush(2000);
    await first.kill();
    link.redirect(second.port);
    send(web, ['late']);
    expect(await web.outbox.flush(30_000)).toMatchObject({
      spooled: 101,
      dropped: 50,
      reasons: { corrupt: 50 },
    });
    expect(web.listener.errors.map(({ message }) => message).join()).toContain('has lost 50 events');
  }, 40_000);

  it('bytes are those of what is there, also after a commit that was not needed', async () => {
    const own = await ownRedis();
    const prefix = fresh();
    const admin = connected(own.port);
    const key = `${prefix}:${PROJECT}:bytes`;
    const stalled = open(connected(own.port), { prefix }, {}, { beat: 50, lease: 100_000 });
    stalled.transport.always(503);
    send(stalled, ['x']);
    await until(() => stalled.outbox.stats().retries > 0 && stalled.outbox.stats().volatile === 0);
    const before = await admin.get(key);
    const kit = open(connected(own.port), { prefix }, {}, { ...INTERNALS, lease: 100_000, bypassAfter: 100 });
    kit.transport.always(200);
    await sleep(300);
    own.freeze();
    send(kit, IDS.slice(0, 500));
    await until(() => kit.outbox.ledger().delivered === 500, 20_000);
    own.thaw();
    await vi.waitUntil(async () => (await admin.get(key)) === before, 30_000);
    expect(visitorsOf(kit.transport)).toHaveLength(500);
  }, 40_000);
});
