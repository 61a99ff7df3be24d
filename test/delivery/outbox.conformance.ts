/**
 * The tests that every outbox passes, wherever it keeps its events. The id of a case never changes, since
 * implementations name cases by it.
 */
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DeliveryLedger, Destination, Outbox, OutboxOptions } from '../../src/delivery/types.js';
import type { VisitorEvent } from '../../src/model/tracking-event.js';
import {
  type Answer,
  conversion,
  DESTINATION,
  exposure,
  type FakeTransport,
  fakeTransport,
  networkError,
  type Remembered,
  rememberingListener,
  until,
  visitorsOf,
} from './fakes.js';
import { ledgerProperty } from './ledger.property.js';

export type MakeOutbox = (options: OutboxOptions) => Outbox | Promise<Outbox>;

interface Kit {
  outbox: Outbox;
  transport: FakeTransport;
  listener: Remembered;
}

type Start = (answer?: Answer | ((n: number) => Answer), options?: Partial<OutboxOptions>) => Promise<Kit>;

/** Milliseconds that are longer than any test: for what must not happen during a test. */
const NEVER = 600_000;
/** A backoff with which a failed POST is repeated at once. */
const AT_ONCE = { min: 0, max: 0 };
/** A backoff with which a failed POST is not repeated during a test. */
const NOT_SOON = { min: NEVER, max: NEVER };

const send = (outbox: Outbox, ...events: VisitorEvent[]): void => outbox.offer(events).confirm();

/** The abilities in which outboxes differ. */
export interface OutboxAbilities {
  /** True if events that are left at the close are kept for a later process; false if they are dropped. */
  outlives: boolean;
  /** The number of random histories with which the ledger is tested. Default: few; the slow tier has hundreds. */
  histories?: number;
  /** Only the cases whose title matches are run. Default: all cases. */
  only?: RegExp;
}

/** The counts of a ledger in which outboxes agree: an event that waits may be in the process, or out of it already. */
const counted = ({ delivered, pending, spooled }: DeliveryLedger): object => ({
  delivered,
  waiting: pending + spooled,
});

/** The ids of the experiences and goals that arrived for a visitor. */
const sentOf = ({ posts }: FakeTransport, visitorId: string): string[] =>
  posts
    .flatMap(({ payload }) => payload.visitors)
    .filter((each) => each.visitorId === visitorId)
    .flatMap(({ events }) =>
      events.map(({ data }) => ('experienceId' in data ? data.experienceId : data.goalId)),
    );

const CASES: Record<string, (start: Start, make: MakeOutbox, can: OutboxAbilities) => Promise<void>> = {
  async 'offer: takes room at once and sends nothing in the tick of the caller'(start) {
    const { outbox, transport } = await start(200);
    const offer = outbox.offer([exposure('v1')]);
    expect(outbox.ledger()).toMatchObject({ accepted: 1, pending: 1, delivered: 0 });
    expect(outbox.stats().queueBytes).toBeGreaterThan(0);
    offer.confirm();
    expect(transport.posts).toHaveLength(0);
    await until(() => outbox.ledger().delivered === 1);
    expect(outbox.stats()).toMatchObject({ accepted: 1, pending: 0, queueBytes: 0, posts: 1, retries: 0 });
  },

  async 'offer: sends nothing before it is confirmed'(start) {
    const { outbox, transport } = await start(200);
    const offer = outbox.offer([exposure('v1')]);
    await outbox.flush(30);
    expect(transport.posts).toHaveLength(0);
    expect(outbox.ledger()).toMatchObject({ pending: 1 });
    offer.confirm();
    await outbox.flush(30_000);
    expect(transport.posts[0]?.visitors).toEqual(['v1']);
  },

  async 'offer: refuses an event that is too large, by its UTF-8 bytes with its visitor id'(start) {
    const { outbox, transport, listener } = await start(200, { maxEventBytes: 400 });
    const small = exposure('ü'.repeat(100));
    const large = exposure('ü'.repeat(200));
    const offer = outbox.offer([small, large]);
    expect([...offer.refused]).toEqual([large]);
    offer.confirm();
    await outbox.flush(30_000);
    expect(transport.posts.flatMap((post) => post.visitors)).toEqual([small.visitorId]);
    expect(outbox.ledger()).toMatchObject({ accepted: 2, delivered: 1, dropped: 1 });
    expect(outbox.ledger().reasons).toEqual({ 'too-large': 1 });
    expect(listener.drops).toEqual({ 'too-large': 1 });
  },

  async 'offer: refuses what is not JSON and throws nothing'(start) {
    const { outbox } = await start(200);
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const bad = conversion('v1', { goalData: cyclic as never });
    const noId = exposure(undefined as never);
    const good = exposure('v2');
    const offer = outbox.offer([bad, noId, good]);
    expect(offer.refused).toEqual(new Set([bad, noId]));
    offer.confirm();
    expect(await outbox.flush(30_000)).toMatchObject({
      accepted: 3,
      delivered: 1,
      reasons: { 'bad-data': 2 },
    });
  },

  async 'offer: nothing offered is nothing counted'(start) {
    const { outbox, transport } = await start(200);
    outbox.offer([]).confirm();
    expect(await outbox.flush(1000)).toMatchObject({ accepted: 0, pending: 0 });
    expect(transport.posts).toHaveLength(0);
  },

  async 'confirm: drops the lost and sends the others'(start) {
    const { outbox, transport, listener } = await start(200);
    const events = [exposure('v1'), exposure('v2'), exposure('v3')] as const;
    outbox.offer(events).confirm(new Set([events[1]]));
    expect(outbox.ledger()).toMatchObject({ dropped: 1, pending: 2, reasons: { 'claim-lost': 1 } });
    await outbox.flush(30_000);
    expect(transport.posts.flatMap((post) => post.visitors)).toEqual(['v1', 'v3']);
    expect(listener.drops).toEqual({ 'claim-lost': 1 });
    expect(outbox.stats().queueBytes).toBe(0);
  },

  async 'confirm: a second time does nothing'(start) {
    const { outbox, transport } = await start(200);
    const event = exposure('v1');
    const offer = outbox.offer([event]);
    offer.confirm();
    offer.confirm();
    offer.confirm(new Set([event]));
    expect(await outbox.flush(30_000)).toMatchObject({ accepted: 1, delivered: 1, dropped: 0 });
    expect(transport.posts.flatMap((post) => post.visitors)).toEqual(['v1']);
  },

  async 'confirm: tells when what was not lost would outlive the process, or is settled'(start, _make, can) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    let kept = 0;
    const tell = (): void => void (kept += 1);
    outbox.offer([exposure('v1'), exposure('v2')]).confirm(undefined, tell);
    expect(kept).toBe(0);
    if (can.outlives) await until(() => kept === 1);
    else await until(() => transport.open().length === 1);
    expect({ kept, outlives: outbox.outlives }).toEqual({
      kept: can.outlives ? 1 : 0,
      outlives: can.outlives ?? false,
    });
    transport.always(200);
    await outbox.flush(30_000);
    expect(kept).toBe(1);
    const lost = exposure('v3');
    outbox.offer([lost]).confirm(new Set([lost]), tell);
    await outbox.flush(30_000);
    expect(kept).toBe(1);
  },

  async 'confirm: after the close the events are dropped as closed'(start) {
    const { outbox, transport, listener } = await start(200);
    const event = exposure('v1');
    const offer = outbox.offer([event]);
    await outbox.close(10);
    offer.confirm(new Set([event]));
    offer.confirm();
    await tick();
    expect(transport.posts).toHaveLength(0);
    expect(outbox.ledger()).toMatchObject({ accepted: 1, pending: 0, dropped: 1, reasons: { closed: 1 } });
    expect(listener.drops).toEqual({ closed: 1 });
  },

  async 'overflow: refuses the newest exposures and keeps a tenth of the room for conversions'(start) {
    const { outbox, transport } = await start(undefined, { maxQueueBytes: 10_000 });
    const refused: VisitorEvent[] = [];
    const offered: VisitorEvent[] = [];
    const offer = (event: VisitorEvent): void => {
      offered.push(event);
      const taken = outbox.offer([event]);
      refused.push(...taken.refused);
      taken.confirm();
    };
    for (let n = 0; n < 200; n += 1) offer(exposure(`e${n}`));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toEqual(offered.slice(-refused.length));
    expect(outbox.stats().queueBytes).toBeLessThanOrEqual(9000);

    const conversions = Array.from({ length: 20 }, (_, n) => conversion(`c${n}`));
    const before = refused.length;
    conversions.forEach(offer);
    const lostConversions = refused.length - before;
    expect(outbox.stats().queueBytes).toBeGreaterThan(9000);
    expect(outbox.stats().queueBytes).toBeLessThanOrEqual(10_000);
    expect(lostConversions).toBeGreaterThan(0);
    expect(lostConversions).toBeLessThan(20);
    expect(outbox.ledger().reasons).toEqual({ overflow: refused.length });

    transport.always(200);
    await outbox.flush(30_000);
    const arrived = transport.posts.flatMap((post) => post.visitors);
    expect(arrived).toEqual(offered.filter((event) => !refused.includes(event)).map((e) => e.visitorId));
    expect(outbox.offer([exposure('again')]).refused.size).toBe(0);
  },

  async 'overflow: events that are not confirmed yet take room too'(start) {
    const { outbox } = await start(200, { maxQueueBytes: 1000 });
    const offers = Array.from({ length: 20 }, (_, n) => outbox.offer([exposure(`v${n}`)]));
    expect(offers.filter(({ refused }) => refused.size === 1).length).toBeGreaterThan(10);
    for (const offer of offers) offer.confirm();
    await outbox.flush(30_000);
    expect(outbox.offer([exposure('v')]).refused.size).toBe(0);
  },

  async 'drop: counts and tells'(start) {
    const { outbox, listener } = await start(200);
    outbox.drop(2, 'consent');
    outbox.drop(1, 'no-identity');
    outbox.drop(0, 'bad-data');
    expect(outbox.ledger()).toMatchObject({ accepted: 3, dropped: 3, pending: 0 });
    expect(outbox.ledger().reasons).toEqual({ consent: 2, 'no-identity': 1 });
    expect(listener.drops).toEqual({ consent: 2, 'no-identity': 1 });
  },

  async 'batch: at most so many events'(start) {
    const { outbox, transport } = await start(200, { maxBatchEvents: 10 });
    send(outbox, ...Array.from({ length: 25 }, (_, n) => exposure(`v${n}`)));
    await outbox.flush(30_000);
    expect(transport.posts.map((post) => post.visitors.length)).toEqual([10, 10, 5]);
  },

  async 'batch: at most so many bytes, all of the payload counted'(start) {
    const { outbox, transport } = await start(200, { maxBatchBytes: 2000 });
    const ids = Array.from({ length: 100 }, (_, n) => `ø${n}`);
    send(outbox, ...ids.map((id) => exposure(id)));
    await outbox.flush(30_000);
    const sizes = transport.posts.map((post) => Buffer.byteLength(post.text));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
    expect(sizes[0]).toBeGreaterThan(1700);
    expect(transport.posts.flatMap((post) => post.visitors)).toEqual(ids);
  },

  async 'batch: an event that is larger than a batch goes alone'(start) {
    const { outbox, transport } = await start(200, { maxBatchBytes: 300 });
    send(outbox, exposure('a'.repeat(500)), exposure('b'.repeat(500)));
    await outbox.flush(30_000);
    expect(transport.posts.map((post) => post.visitors.length)).toEqual([1, 1]);
  },

  async 'batch: one POST at a time, and what arrives meanwhile goes with the next'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'));
    await until(() => transport.open().length === 1);
    for (let n = 2; n <= 50; n += 1) {
      send(outbox, exposure(`v${n}`));
      await tick();
    }
    expect(transport.posts.map((post) => post.visitors)).toEqual([['v1']]);
    // Where they go out of the process, they have gone, and are back.
    const isIn = (): boolean => outbox.outlives !== true || outbox.stats().volatile === 0;
    await until(() => outbox.ledger().pending === 50 && isIn());
    transport.open()[0]?.answer(200);
    await until(() => transport.open().length === 1);
    expect(counted(outbox.ledger())).toEqual({ delivered: 1, waiting: 49 });
    expect(transport.posts[1]?.visitors).toHaveLength(49);
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 50, pending: 0 });
  },

  async 'batch: one that failed goes again, as it was, before newer events'(start) {
    const { outbox, transport } = await start(undefined, { backoff: AT_ONCE, lingerMs: 0 });
    send(outbox, exposure('v1', '1'));
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v1', '2'));
    transport.open()[0]?.answer(503);
    await until(() => transport.open().length === 1);
    expect(transport.posts[1]?.text).toBe(transport.posts[0]?.text);
    transport.always(200);
    await outbox.flush(30_000);
    expect(transport.posts[2]?.payload.visitors[0]?.events[0]?.data).toMatchObject({ experienceId: '2' });
    expect(outbox.stats()).toMatchObject({ delivered: 2, posts: 3, retries: 1 });
  },

  async 'linger: the first event goes at once, the next ones together'(start) {
    const { outbox, transport } = await start(200, { lingerMs: 150 });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);
    for (let n = 2; n <= 10; n += 1) {
      send(outbox, exposure(`v${n}`));
      await tick();
    }
    await until(() => outbox.ledger().delivered === 10);
    expect(transport.posts.map((post) => post.visitors.length)).toEqual([1, 9]);
    const [first, second] = transport.posts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(145);
    // Idle again for longer than the linger: prompt again.
    await sleep(170);
    send(outbox, exposure('v11'));
    await until(() => transport.posts.length === 3);
    expect(transport.posts[2]?.visitors).toEqual(['v11']);
  },

  async 'linger: a full batch does not wait for it'(start) {
    const { outbox, transport } = await start(200, {
      lingerMs: NEVER,
      maxBatchEvents: 10,
      maxBatchBytes: 5000,
    });
    send(outbox, exposure('v'));
    await until(() => outbox.ledger().delivered === 1);
    for (let n = 0; n < 10; n += 1) send(outbox, exposure(`v${n}`));
    await until(() => outbox.ledger().delivered === 11);
    for (let n = 0; n < 3; n += 1) send(outbox, exposure(`${n}`.repeat(1800)));
    await until(() => transport.posts.length === 3);
    // The third is not part of a full batch, and lingers.
    expect(counted(outbox.ledger())).toEqual({ delivered: 13, waiting: 1 });
  },

  async 'linger: a flush does not wait for it'(start) {
    const { outbox, transport } = await start(200, { lingerMs: NEVER });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);
    send(outbox, exposure('v2'));
    await tick();
    expect(transport.posts).toHaveLength(1);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 2, pending: 0 });
  },

  async 'flush: one per event still makes one POST at a time, with all that arrived meanwhile'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    const flushes: Promise<unknown>[] = [];
    for (let n = 0; n < 100; n += 1) {
      send(outbox, exposure(`v${n}`));
      flushes.push(outbox.flush(30_000));
      await tick();
    }
    // What is kept elsewhere comes back.
    await sleep(100);
    expect(transport.posts).toHaveLength(1);
    transport.always(200);
    await Promise.all(flushes);
    expect(transport.posts).toHaveLength(2);
    expect(outbox.ledger()).toMatchObject({ accepted: 100, delivered: 100 });
  },

  async 'flush: waits for what was accepted before it, and for nothing after'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'));
    const flushed = outbox.flush(30_000);
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v2'));
    transport.open()[0]?.answer(200);
    expect(counted(await flushed)).toEqual({ delivered: 1, waiting: 1 });
  },

  async 'flush: waits for all that was accepted, in whatever order it is settled'(start) {
    const { outbox } = await start(200, { lingerMs: 0 });
    const slow = outbox.offer([exposure('v1')]);
    send(outbox, exposure('v2'));
    let flushed = false;
    const flush = outbox.flush(30_000).then(() => (flushed = true));
    await until(() => outbox.ledger().delivered === 1);
    const second = outbox.flush(30_000);
    await sleep(10);
    expect(flushed).toBe(false);
    slow.confirm();
    await flush;
    expect(await second).toMatchObject({ delivered: 2, pending: 0 });
  },

  async 'flush: resolves at its timeout, and events are kept'(start) {
    const { outbox, transport } = await start(undefined);
    send(outbox, exposure('v1'));
    expect(counted(await outbox.flush(20))).toEqual({ delivered: 0, waiting: 1 });
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1, pending: 0 });
  },

  async 'flush: with nothing pending, resolves and sends nothing'(start) {
    const { outbox, transport } = await start(200);
    expect(await outbox.flush(NEVER)).toMatchObject({ accepted: 0 });
    expect(transport.posts).toHaveLength(0);
  },

  async 'flush: takes any timeout'(start) {
    const { outbox, transport } = await start(undefined);
    send(outbox, exposure('v1'));
    await Promise.all([outbox.flush(0), outbox.flush(-1), outbox.flush(Number.NaN)]);
    const endless = outbox.flush(Infinity);
    await until(() => transport.open().length === 1);
    transport.always(200);
    expect(await endless).toMatchObject({ delivered: 1 });
  },

  async 'flush: cuts a backoff short once, and never in a tight loop'(start) {
    const { outbox, transport } = await start(503, { backoff: NOT_SOON, random: () => 0.9 });
    send(outbox, exposure('v1'));
    await until(() => outbox.stats().retries === 1);
    for (let n = 0; n < 50; n += 1) void outbox.flush(100);
    await until(() => outbox.stats().retries === 2);
    for (let n = 0; n < 50; n += 1) {
      void outbox.flush(50);
      await tick();
    }
    await outbox.flush(30);
    expect(transport.posts).toHaveLength(2);
  },

  async 'flush: after a success a backoff can be cut short again'(start) {
    const { outbox, transport } = await start((n) => (n % 2 ? 503 : 200), {
      backoff: NOT_SOON,
      random: () => 0.9,
      lingerMs: 0,
    });
    for (let n = 1; n <= 3; n += 1) {
      send(outbox, exposure(`v${n}`));
      await until(() => transport.posts.length === 2 * n - 1 && outbox.stats().retries === n);
      expect(await outbox.flush(30_000)).toMatchObject({ delivered: n, pending: 0 });
    }
  },

  async 'flush: who waits makes the backoff no longer, and sees it cut short more than once'(start) {
    const { outbox } = await start((n) => (n < 10 ? 503 : 200), {
      backoff: { min: 20, max: NEVER },
      random: () => 0.999,
    });
    send(outbox, exposure('v1'));
    await until(() => outbox.stats().retries === 1);
    // The backoff doubles with every second attempt: 20 to 320 ms. Nine doublings would be 10 s.
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1, pending: 0 });
  },

  async 'hold: POSTs hold the process only while somebody waits'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'));
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v2'));
    const flush = outbox.flush(1_000);
    transport.open()[0]?.answer(200);
    await until(() => transport.posts.length === 2);
    expect(transport.released).toBe(0);
    await flush;
    expect(transport.released).toBe(1);
    expect(transport.posts.map((post) => post.hold)).toEqual([false, true]);
  },

  async 'status: any 2xx is delivered'(start) {
    const statuses = [200, 201, 202, 204, 299];
    const { outbox, transport } = await start((n) => statuses[n - 1] ?? 500, { lingerMs: 0 });
    for (const status of statuses) {
      send(outbox, exposure(`v${status}`));
      await outbox.flush(30_000);
    }
    expect(outbox.ledger()).toMatchObject({ delivered: statuses.length, pending: 0 });
    expect(transport.posts).toHaveLength(statuses.length);
  },

  async 'status: network errors, 408, 425, 429, 5xx and what nobody knows are tried again'(start) {
    const faults: Answer[] = [networkError('ECONNREFUSED'), 408, 425, 429, 500, 502, 503, 504, 599, 100, 700];
    for (const fault of faults) {
      const { outbox, transport } = await start((n) => (n <= 3 ? fault : 200), { backoff: AT_ONCE });
      send(outbox, exposure('v1'));
      expect(await outbox.flush(30_000)).toMatchObject({ accepted: 1, delivered: 1 });
      expect(outbox.stats()).toMatchObject({ posts: 4, retries: 3 });
      expect(new Set(transport.posts.map((post) => post.text)).size).toBe(1);
    }
  },

  async 'status: another 4xx rejects what is refused alone and goes on'(start) {
    const statuses = [400, 402, 405, 414, 422, 451];
    let status = 0;
    const { outbox, listener } = await start(() => status, { lingerMs: 0 });
    for (status of statuses) {
      send(outbox, exposure(`a${status}`), exposure(`b${status}`));
      await outbox.flush(30_000);
    }
    status = 200;
    send(outbox, exposure('last'));
    const count = statuses.length * 2;
    expect(await outbox.flush(30_000)).toMatchObject({
      accepted: count + 1,
      rejected: count,
      delivered: 1,
      reasons: { refused: count },
    });
    expect(listener.drops).toEqual({ refused: count });
    // After the first batch, of which all parts were refused, the parts are not tried any more.
    expect(outbox.stats()).toMatchObject({ posts: statuses.length + 3, queueBytes: 0 });
  },

  async 'E2: an endpoint that fails for all gets no POST without a backoff'(start) {
    let backoffs = 0;
    const random = (): number => (backoffs++, 0);
    const { outbox, transport } = await start(500, { backoff: { min: 1, max: 1 }, random });
    send(outbox, ...Array.from({ length: 40 }, (_, n) => exposure(`v${n}`)));
    await until(() => transport.posts.length > 30);
    expect(transport.posts.length - backoffs).toBeLessThanOrEqual(1);
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 40, rejected: 0 });
  },

  async 'E2: an endpoint that refuses all gets four POSTs more, once'(start) {
    const { outbox, transport } = await start(400, { maxBatchEvents: 40, lingerMs: 0 });
    send(outbox, ...Array.from({ length: 400 }, (_, n) => exposure(`v${n}`)));
    expect(await outbox.flush(30_000)).toMatchObject({ rejected: 400, reasons: { refused: 400 } });
    expect(transport.posts.length).toBeLessThanOrEqual(10 + 4);
  },

  async 'E2: later events of the visitor of a refused event are sent after it, in order'(start) {
    for (const [status, poison] of [
      [400, '7'],
      [500, '7'],
      [400, '0'],
      [500, '0'],
    ] as const) {
      const { outbox, transport } = await start(undefined, { lingerMs: 0, backoff: AT_ONCE });
      const events = Array.from({ length: 12 }, (_, n) => [exposure(`v${n}`, `${n}`), conversion(`v${n}`)]);
      send(outbox, ...events.flat());
      const flushed = outbox.flush(30_000);
      const taken: string[] = [];
      while (outbox.ledger().pending + outbox.ledger().spooled > 0) {
        await until(() => transport.open().length === 1 || outbox.ledger().pending === 0);
        const post = transport.open()[0];
        if (post === undefined) {
          await tick();
          continue;
        }
        const isRefused = post.text.includes(`"experienceId":"${poison}"`);
        if (!isRefused)
          taken.push(
            ...post.payload.visitors.flatMap((each) =>
              each.events.map((event) => `${each.visitorId} ${event.eventType}`),
            ),
          );
        post.answer(isRefused ? status : 200);
        await tick();
      }
      expect(await flushed).toMatchObject({ delivered: 23, rejected: 1, reasons: { refused: 1 } });
      expect(new Set(taken).size).toBe(23);
      for (let n = 0; n < 12; n++) {
        if (String(n) === poison) continue;
        expect(taken.indexOf(`v${n} bucketing`)).toBeLessThan(taken.indexOf(`v${n} conversion`));
      }
    }
  },

  async 'E2: a single event that the endpoint fails for does not stop those of others'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0, backoff: AT_ONCE });
    const refuse = (): void => {
      for (const post of transport.open()) post.answer(post.visitors.includes('bad') ? 500 : 200);
    };
    send(outbox, exposure('bad'));
    await until(() => (refuse(), outbox.stats().retries >= 3));
    send(outbox, exposure('good'), exposure('fine'));
    const flushed = outbox.flush(30_000);
    await until(() => (refuse(), outbox.ledger().delivered === 2 && outbox.ledger().rejected === 1));
    expect(await flushed).toMatchObject({ pending: 0, reasons: { refused: 1 } });
  },

  async 'status: 413 halves the batch until it fits, in order'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: NEVER, backoff: NOT_SOON });
    const ids = Array.from({ length: 20 }, (_, n) => `v${n}`);
    const taken: string[] = [];
    send(outbox, ...ids.map((id) => exposure(id)));
    const flushed = outbox.flush(30_000);
    while (outbox.ledger().pending > 0) {
      await until(() => transport.open().length === 1);
      const post = transport.open()[0];
      const fits = (post?.visitors.length ?? 0) <= 3;
      if (fits) taken.push(...(post?.visitors ?? []));
      post?.answer(fits ? 200 : 413);
      await tick();
    }
    expect(await flushed).toMatchObject({ delivered: 20, rejected: 0 });
    expect(taken).toEqual(ids);
  },

  async 'status: a single event that gets a 413 is rejected as too large'(start) {
    const { outbox, transport, listener } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'), exposure('heavy'), exposure('v3'));
    const flushed = outbox.flush(30_000);
    while (outbox.ledger().pending > 0) {
      await until(() => transport.open().length === 1);
      const post = transport.open()[0];
      post?.answer(post.visitors.includes('heavy') ? 413 : 200);
      await tick();
    }
    expect(await flushed).toMatchObject({ delivered: 2, rejected: 1, reasons: { 'too-large': 1 } });
    expect(listener.drops).toEqual({ 'too-large': 1 });
    expect(listener.errors).toHaveLength(1);
  },

  async 'status: 401, 403, 404, 410 and any 3xx pause, keep everything and ask again'(start) {
    for (const status of [401, 403, 404, 410, 301, 302, 304, 307]) {
      const { outbox, transport, listener } = await start(status, { backoff: { min: 1, max: NEVER } });
      send(outbox, exposure('v1'));
      await until(() => outbox.stats().retries === 1);
      send(outbox, exposure('v2'));
      // At the shortest backoff it would have been asked many times by now.
      await sleep(50);
      expect(transport.posts).toHaveLength(1);
      expect(listener.errors.map(({ code }) => code)).toEqual(['CONVERT_DELIVERY']);
      expect(listener.errors[0]?.message).toContain(`answered ${status}`);
      transport.always(200);
      expect(await outbox.flush(30_000)).toMatchObject({ delivered: 2, pending: 0, rejected: 0 });
    }
  },

  async 'E6: a web page pauses, whatever its status, and keeps everything'(start) {
    const page = { status: 200, isPage: true };
    const { outbox, transport, listener } = await start(page, { backoff: { min: 1, max: NEVER } });
    send(outbox, exposure('v1'), conversion('v1'));
    await until(() => outbox.stats().retries === 1);
    await sleep(50);
    expect(transport.posts).toHaveLength(1);
    expect(outbox.ledger()).toMatchObject({ accepted: 2, delivered: 0, rejected: 0, dropped: 0 });
    expect(listener.errors.map(({ code }) => code)).toEqual(['CONVERT_DELIVERY']);
    expect(listener.errors[0]?.message).toContain('answered 200 with a web page: all events are kept');
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 2, pending: 0, rejected: 0 });
  },

  async 'status: 401 is asked again at the longest backoff'(start) {
    const { outbox } = await start((n) => (n === 1 ? 401 : 200), { backoff: { min: 10, max: 60 } });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);
  },

  async 'age: what waited for 72 hours is dropped, and the rest sent'(start) {
    const { outbox, transport, listener } = await start(401, { backoff: { min: 1, max: 1 } });
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    send(outbox, exposure('old'));
    await until(() => transport.posts.length > 1);
    vi.setSystemTime(Date.now() + 71 * 60 * 60 * 1000);
    send(outbox, exposure('new'));
    vi.setSystemTime(Date.now() + 2 * 60 * 60 * 1000);
    await until(() => listener.drops.expired === 1);
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1, dropped: 1, reasons: { expired: 1 } });
    expect(transport.posts.at(-1)?.visitors).toEqual(['new']);
  },

  async 'retry-after: is heeded on 429 and 503'(start) {
    for (const status of [429, 503]) {
      const { outbox, transport } = await start((n) => (n === 1 ? { status, retryAfter: '1' } : 200), {
        backoff: { min: 1, max: 1 },
      });
      send(outbox, exposure('v1'));
      await until(() => outbox.ledger().delivered === 1);
      const [first, second] = transport.posts;
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950);
    }
  },

  async 'retry-after: a date is measured by the clock of the endpoint'(start) {
    const now = Date.now() + 60 * 60 * 1000;
    const date = new Date(now).toUTCString();
    const retryAfter = new Date(now + 2_000).toUTCString();
    const { outbox, transport } = await start((n) => (n === 1 ? { status: 429, retryAfter, date } : 200), {
      backoff: { min: 1, max: 1 },
    });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);
    const [first, second] = transport.posts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_900);
  },

  async 'retry-after: is heeded by who waits, too'(start) {
    const { outbox, transport } = await start((n) => (n === 1 ? { status: 429, retryAfter: '2' } : 200), {
      backoff: AT_ONCE,
    });
    send(outbox, exposure('v1'));
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1 });
    const [first, second] = transport.posts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_900);
  },

  async 'retry-after: is ignored elsewhere, and 0 does not shorten the backoff'(start) {
    const { outbox } = await start((n) => (n === 1 ? { status: 500, retryAfter: '300' } : 200), {
      backoff: AT_ONCE,
    });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);

    const zero = await start(() => ({ status: 503, retryAfter: '0' }), {
      backoff: NOT_SOON,
      random: () => 0.9,
    });
    send(zero.outbox, exposure('v1'));
    await until(() => zero.outbox.stats().retries === 1);
    await sleep(30);
    expect(zero.transport.posts).toHaveLength(1);
  },

  async 'error: once when delivery begins to fail, and again only after a success'(start) {
    const answers: Answer[] = [networkError('ECONNRESET'), 500, 503, 200, networkError('ETIMEDOUT'), 200];
    const { outbox, listener } = await start((n) => answers[n - 1] ?? 200, { backoff: AT_ONCE, lingerMs: 0 });
    send(outbox, exposure('visitor-1'));
    await outbox.flush(30_000);
    expect(listener.errors).toHaveLength(1);
    send(outbox, exposure('visitor-2'));
    await outbox.flush(30_000);
    const messages = listener.errors.map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain('ECONNRESET');
    expect(messages[1]).toContain('ETIMEDOUT');
    for (const message of messages) {
      expect(message).toContain('http://collector.test/v1/track/10035569/10034190');
      expect(message).not.toMatch(/visitor-|secret|query/);
    }
  },

  async 'error: tells once when delivery works again'(start) {
    const answers: Answer[] = [500, networkError('ECONNRESET'), 200, 200, 503, 200];
    const { outbox, listener } = await start((n) => answers[n - 1] ?? 200, { backoff: AT_ONCE, lingerMs: 0 });
    for (const id of ['v1', 'v2', 'v3']) {
      send(outbox, exposure(id));
      await outbox.flush(30_000);
    }
    expect(listener.recoveries).toEqual([
      'the tracking endpoint takes events again, after 2 failed POSTs',
      'the tracking endpoint takes events again, after 1 failed POSTs',
    ]);
  },

  async 'forget: after the close nothing is counted again'(start) {
    const { outbox } = await start(undefined, { lingerMs: 0 });
    send(outbox, ...['v1', 'v1', 'v1', 'v1', 'v1', 'v2'].map((id) => exposure(id)));
    const ledger = await outbox.close(0);
    // Who can not tell others any more says so.
    await Promise.resolve(outbox.forget!(['v2'])).catch(() => undefined);
    expect(outbox.ledger()).toEqual(ledger);
  },

  async 'forget: drops what waits of a visitor, keeps the order of the others, and sends what comes after'(
    start,
  ) {
    const { outbox, transport, listener } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('first'));
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v1'), exposure('v2', '1'), exposure('v3', '1'));
    send(outbox, exposure('v2', '2'), conversion('v1'));
    const flushed = outbox.flush(30_000);
    const forgotten = outbox.forget?.(['v1']);
    send(outbox, exposure('v1', 'back'), exposure('v3', '2'));
    await forgotten;
    transport.always(200);
    await flushed;
    expect(await outbox.flush(30_000)).toMatchObject({
      accepted: 8,
      delivered: 6,
      pending: 0,
      dropped: 2,
      reasons: { forgotten: 2 },
    });
    expect(listener.drops).toEqual({ forgotten: 2 });
    expect(sentOf(transport, 'v1')).toEqual(['back']);
    expect(sentOf(transport, 'v2')).toEqual(['1', '2']);
    expect(sentOf(transport, 'v3')).toEqual(['1', '2']);
    expect(outbox.stats().queueBytes).toBe(0);
  },

  async 'forget: finds all there is of a visitor in a backlog'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('first'));
    await until(() => transport.open().length === 1);
    const ids = Array.from({ length: 2000 }, (_, n) => `v${n % 200}`);
    for (const [n, id] of ids.entries()) send(outbox, exposure(id, String(n)));
    await sleep(50);
    await outbox.forget?.(['v7', 'v8', 'nobody']);
    transport.always(200);
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: 1981, reasons: { forgotten: 20 } });
    const left = [...new Set(ids)].filter((id) => id !== 'v7' && id !== 'v8');
    expect([...new Set(visitorsOf(transport))]).toEqual(['first', ...left]);
    for (const id of left) {
      const numbers = sentOf(transport, id).map(Number);
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      expect(numbers).toHaveLength(10);
    }
  },

  async 'forget: nobody but the visitor, whatever the id looks like'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('first'));
    await until(() => transport.open().length === 1);
    const others = ['v1', 'v"', 'v\\', 'V', 'v","events":[', 'v\u00e9', ' v'];
    const odd = '\u00e9"\u2028';
    for (const id of [...others, 'v', odd]) send(outbox, exposure(id));
    await outbox.forget?.(['v', odd]);
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ reasons: { forgotten: 2 } });
    expect(visitorsOf(transport)).toEqual(['first', ...others]);
  },

  async 'forget: drops what is offered and not confirmed yet'(start) {
    const { outbox, transport } = await start(200, { lingerMs: 0 });
    const [mine, other] = [exposure('v1'), exposure('v2')];
    let kept = 0;
    const both = outbox.offer([mine, other]);
    const alone = outbox.offer([exposure('v1')]);
    const lost = outbox.offer([mine]);
    await outbox.forget?.(['v1']);
    const later = outbox.offer([exposure('v1', 'later')]);
    for (const offer of [both, alone]) offer.confirm(undefined, () => (kept += 1));
    lost.confirm(new Set([mine]));
    later.confirm();
    expect(await outbox.flush(30_000)).toMatchObject({
      accepted: 5,
      delivered: 2,
      pending: 0,
      reasons: { forgotten: 2, 'claim-lost': 1 },
    });
    expect(visitorsOf(transport)).toEqual(['v2', 'v1']);
    expect(sentOf(transport, 'v1')).toEqual(['later']);
    if (outbox.outlives === true) expect(kept).toBe(2);
    send(outbox, exposure('v1', 'again'));
    await outbox.flush(30_000);
    expect(sentOf(transport, 'v1')).toEqual(['later', 'again']);
  },

  async 'forget: leaves a POST alone that is under way'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'), exposure('v2'));
    await until(() => transport.open().length === 1);
    await outbox.forget?.(['v1']);
    expect(counted(outbox.ledger())).toEqual({ delivered: 0, waiting: 2 });
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ accepted: 2, delivered: 2, dropped: 0 });
  },

  async 'forget: takes a visitor out of a batch that failed, before it goes again'(start) {
    const failures: readonly Answer[] = [503, 401, 413, networkError('ECONNRESET')];
    for (const failure of failures) {
      for (const others of [['v2', 'v3'], ['v2'], []]) {
        const { outbox, transport } = await start(undefined, { backoff: AT_ONCE, lingerMs: 0 });
        send(outbox, ...['v1', ...others].map((id) => exposure(id)));
        await until(() => transport.open().length === 1);
        await outbox.forget?.(['v1']);
        send(outbox, exposure('v1', 'later'));
        transport.open()[0]?.answer(failure);
        transport.always(200);
        expect(await outbox.flush(30_000)).toMatchObject({
          accepted: 2 + others.length,
          delivered: 1 + others.length,
          pending: 0,
          rejected: 0,
          reasons: { forgotten: 1 },
        });
        expect(visitorsOf(transport).slice(1 + others.length)).toEqual([...others, 'v1']);
        expect(sentOf(transport, 'v1')).toEqual(['1000', 'later']);
      }
    }
  },

  async 'forget: takes a visitor out of a batch that waits to go again'(start) {
    const { outbox, transport } = await start(503, { backoff: NOT_SOON, random: () => 0.9 });
    send(outbox, exposure('v1'), exposure('v2'));
    await until(() => outbox.stats().retries === 1);
    await outbox.forget?.(['v1']);
    expect(outbox.ledger().reasons).toEqual({ forgotten: 1 });
    transport.always(200);
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1, pending: 0 });
    expect(transport.posts.at(-1)?.visitors).toEqual(['v2']);
  },

  async 'forget: ends a wait for what is forgotten'(start) {
    const { outbox, transport } = await start(undefined, {
      backoff: NOT_SOON,
      random: () => 0.9,
      lingerMs: 0,
    });
    send(outbox, exposure('v1'));
    const flushed = outbox.flush(NEVER);
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v1'));
    const second = outbox.flush(NEVER);
    await outbox.forget?.(['v1']);
    transport.open()[0]?.answer(503);
    await flushed;
    expect(await second).toMatchObject({ accepted: 2, pending: 0, spooled: 0, reasons: { forgotten: 2 } });
    expect(transport.posts).toHaveLength(1);
  },

  async 'stats: the breaker is open while the endpoint is left alone, half-open while it is tried'(start) {
    const { outbox, transport } = await start(undefined, { backoff: NOT_SOON, random: () => 0.9 });
    send(outbox, exposure('v1'));
    await until(() => transport.open().length === 1);
    expect(outbox.stats().breaker).toBe('closed');
    transport.open()[0]?.answer(503);
    await until(() => outbox.stats().breaker === 'open');
    const flushed = outbox.flush(30_000);
    await until(() => transport.open().length === 1);
    expect(outbox.stats().breaker).toBe('half-open');
    transport.open()[0]?.answer(200);
    await flushed;
    expect(outbox.stats().breaker).toBe('closed');
  },

  async 'stats: tell the age of the oldest event, waiting or under way'(start) {
    const { outbox, transport } = await start(undefined, { lingerMs: 0 });
    expect(outbox.stats().oldestAge).toBe(0);
    send(outbox, exposure('v1'));
    await until(() => transport.open().length === 1);
    await sleep(60);
    send(outbox, exposure('v2'));
    expect(outbox.stats().oldestAge).toBeGreaterThan(50);
    transport.always(200);
    await outbox.flush(30_000);
    expect(outbox.stats().oldestAge).toBe(0);
  },

  async 'error: stats keep the last failure until a success'(start) {
    const { outbox, transport } = await start(503, { backoff: NOT_SOON, random: () => 0.9 });
    expect(outbox.stats().lastError).toBeUndefined();
    send(outbox, exposure('v1'));
    await until(() => outbox.stats().retries === 1);
    expect(outbox.stats().lastError).toBe('answered 503');
    transport.always(200);
    await outbox.flush(30_000);
    expect(outbox.stats().lastError).toBeUndefined();
  },

  async 'listener: one that throws stops nothing'(_start, make) {
    const boom = (): never => {
      throw new Error('listener');
    };
    const transport = fakeTransport((n) => (n === 1 ? 503 : 200));
    const outbox = await make({
      transport,
      destination: () => DESTINATION,
      listener: { delivered: boom, dropped: boom, error: boom, recovered: boom },
      backoff: AT_ONCE,
      maxEventBytes: 300,
    });
    expect(outbox.offer([exposure('a'.repeat(300))]).refused.size).toBe(1);
    outbox.drop(1, 'consent');
    send(outbox, exposure('v1'));
    expect(await outbox.close(5000)).toMatchObject({ accepted: 3, delivered: 1, dropped: 2 });
  },

  async 'destination: events wait until there is one, and follow it when it changes'(start) {
    let destination: Destination | undefined;
    const { outbox, transport } = await start(200, { destination: () => destination, lingerMs: 0 });
    send(outbox, exposure('v1'));
    expect(counted(await outbox.flush(20))).toEqual({ delivered: 0, waiting: 1 });
    expect(transport.posts).toHaveLength(0);
    destination = DESTINATION;
    await until(() => outbox.ledger().delivered === 1);
    destination = { ...DESTINATION, projectId: '99', url: 'http://other.test/' };
    send(outbox, exposure('v2'));
    await outbox.flush(30_000);
    expect(transport.posts.map(({ url, payload }) => [url, payload.projectId])).toEqual([
      [DESTINATION.url, DESTINATION.projectId],
      ['http://other.test/', '99'],
    ]);
  },

  async 'destination: a function that throws is no destination yet'(start) {
    let ready = false;
    const { outbox } = await start(200, {
      destination: () => {
        if (!ready) throw new Error('not yet');
        return DESTINATION;
      },
    });
    send(outbox, exposure('v1'));
    await outbox.flush(20);
    ready = true;
    expect(await outbox.flush(30_000)).toMatchObject({ delivered: 1 });
  },

  async 'close: delivers what is pending, then refuses offers'(start) {
    const { outbox, transport, listener } = await start(200, { lingerMs: NEVER });
    send(outbox, exposure('v1'));
    await until(() => outbox.ledger().delivered === 1);
    send(outbox, exposure('v2'));
    const closing = outbox.close(5000);
    const late = exposure('late');
    expect([...outbox.offer([late]).refused]).toEqual([late]);
    expect(await closing).toMatchObject({ accepted: 3, delivered: 2, dropped: 1, reasons: { closed: 1 } });
    expect(transport.closed).toBe(true);
    outbox.offer([late]).confirm();
    await tick();
    expect(transport.posts).toHaveLength(2);
    expect(listener.drops).toEqual({ closed: 2 });
    expect(await outbox.flush(1000)).toMatchObject({ accepted: 4, pending: 0 });
  },

  async 'close: is idempotent'(start) {
    const { outbox } = await start(200);
    send(outbox, exposure('v1'));
    const first = outbox.close(5000);
    expect(outbox.close(1)).toBe(first);
    await first;
    expect(outbox.close(1)).toBe(first);
  },

  async 'close: waits for offers that are confirmed meanwhile'(start) {
    const { outbox } = await start(200);
    const offer = outbox.offer([exposure('v1')]);
    const closing = outbox.close(5000);
    await tick();
    offer.confirm();
    expect(await closing).toMatchObject({ accepted: 1, delivered: 1 });
  },

  async 'close: cuts a backoff short, however often that was done before'(start) {
    const { outbox, transport } = await start(503, { backoff: NOT_SOON, random: () => 0.9 });
    send(outbox, exposure('v1'));
    await until(() => outbox.stats().retries === 1);
    await outbox.flush(20);
    expect(transport.posts).toHaveLength(2);
    transport.always(200);
    expect(await outbox.close(5000)).toMatchObject({ delivered: 1, pending: 0 });
  },

  async 'close: with a hung endpoint ends at its timeout and drops, or keeps, what is left'(
    start,
    _make,
    { outlives },
  ) {
    const { outbox, transport, listener } = await start(undefined, { lingerMs: 0 });
    send(outbox, exposure('v1'));
    await until(() => transport.open().length === 1);
    send(outbox, exposure('v2'), exposure('v3'));
    const flush = outbox.flush(NEVER);
    // A busy Redis needs some time to take the last events.
    const ledger = await outbox.close(300);
    const left = outlives ? { spooled: 3, dropped: 0 } : { spooled: 0, dropped: 3 };
    expect(ledger).toMatchObject({ accepted: 3, delivered: 0, pending: 0, ...left });
    expect(listener.drops).toEqual(outlives ? {} : { closed: 3 });
    // The flush ends too, and an answer that comes too late counts nothing twice.
    expect(await flush).toEqual(ledger);
    transport.always(200);
    await sleep(10);
    expect(outbox.ledger()).toEqual(ledger);
    expect(outbox.stats().queueBytes).toBe(0);
    expect(transport.posts).toHaveLength(1);
  },

  async 'ledger: accepted = delivered + pending + spooled + rejected + dropped, at any instant'(
    _start,
    make,
    can,
  ) {
    await ledgerProperty(make, can.histories);
  },
};

/** The ids of all cases, for an implementation to pin. */
export const OUTBOX_CASES: readonly string[] = Object.keys(CASES);

export function outboxConformance(name: string, make: MakeOutbox, can: OutboxAbilities): void {
  describe(`${name} is an outbox`, () => {
    const cases = Object.entries(CASES).filter(([id]) => can.only?.test(id) !== false);
    it.each(cases)('%s', async (_id, run) => {
      const start: Start = async (answer, options) => {
        const transport = fakeTransport(answer);
        const listener = rememberingListener();
        const outbox = await make({ transport, listener, destination: () => DESTINATION, ...options });
        onTestFinished(async () => {
          await outbox.close(0);
        });
        return { outbox, transport, listener };
      };
      await run(start, make, can);
    });
  });
}
