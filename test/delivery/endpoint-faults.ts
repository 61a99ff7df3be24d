/** What every outbox must bear of a real endpoint, over real sockets; each event is counted. */
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpTransport } from '../../src/delivery/transports/http.js';
import type { Outbox, OutboxFactory, OutboxOptions } from '../../src/delivery/types.js';
import {
  type Behaviour,
  type Collector,
  type CollectorOptions,
  startCollector,
} from '../support/collector.js';
import { conversion, DESTINATION, exposure, type Remembered, rememberingListener, until } from './fakes.js';
import type { OutboxAbilities } from './outbox.conformance.js';

const IDS = Array.from({ length: 5000 }, (_, n) => `visitor-${n}`);
const BATCH = 50;

const idsOf = (collector: Collector): string[] => collector.events.map(({ visitorId }) => visitorId);

interface Fault {
  name: string;
  /** Of the first so many POSTs; all is well afterwards. */
  posts: number;
  how: (n: number) => Omit<CollectorOptions, 'port'>;
  /** Batches of which nobody can know whether they arrived: they may come twice. */
  open?: number;
  /** There is an end to it by the time limit of a POST only, which is short then. */
  hangs?: true;
  /** It is like another one: for the slow tier. */
  isRare?: true;
}

const behaves =
  (behaviour: Behaviour): Fault['how'] =>
  () => ({ behaviour: () => behaviour });
const answers =
  (status: number, more: Omit<CollectorOptions, 'port'> = {}): Fault['how'] =>
  () => ({ status: () => status, ...more });

const FAULTS: readonly Fault[] = [
  { name: 'RST at the head of a request', posts: 3, how: behaves('reset'), isRare: true },
  { name: 'RST in the middle of the body', posts: 3, how: behaves('reset-body') },
  { name: 'RST after the request was read', posts: 3, how: behaves('reset-after'), open: 3 },
  { name: 'no answer', posts: 2, how: behaves('hang'), hangs: true },
  { name: 'an answer whose head drips', posts: 2, how: behaves('drip-head'), hangs: true, isRare: true },
  {
    name: 'an answer whose body hangs',
    posts: 2,
    how: behaves('hang-body'),
    open: 2,
    hangs: true,
    isRare: true,
  },
  { name: 'an answer whose body drips', posts: 2, how: behaves('drip'), open: 2, hangs: true },
  { name: 'no HTTP', posts: 3, how: behaves('garbage') },
  { name: '500', posts: 3, how: answers(500, { body: '<h1>oops</h1>' }) },
  { name: '429 with Retry-After', posts: 1, how: answers(429, { headers: () => ({ 'Retry-After': '1' }) }) },
  {
    name: '503 with a date',
    posts: 1,
    how: answers(503, { headers: () => ({ 'Retry-After': 'Wed, 21 Oct 2015 07:28:00 GMT' }) }),
  },
  { name: '200 with garbage', posts: 3, how: answers(200, { body: '\0<html>{"error":' }) },
  { name: '200 with nothing', posts: 3, how: answers(200, { body: '' }), isRare: true },
  { name: '204', posts: 3, how: answers(204), isRare: true },
];

type Start = (
  how: CollectorOptions,
  options?: Partial<OutboxOptions>,
  timeout?: number,
) => Promise<{ collector: Collector; outbox: Outbox; listener: Remembered }>;

const startWith =
  (make: OutboxFactory): Start =>
  async (how, options = {}, timeout = 10_000) => {
    const collector = await startCollector(how);
    const listener = rememberingListener();
    const outbox = make({
      transport: httpTransport({ timeout }),
      destination: () => ({ ...DESTINATION, url: collector.url }),
      listener,
      backoff: { min: 5, max: 50 },
      ...options,
    });
    onTestFinished(async () => {
      await outbox.close(0);
      await collector.close();
    });
    return { collector, outbox, listener };
  };

/** Thousands of events, and every fault: for the slow tier. */
export function endpointLoad(name: string, make: OutboxFactory): void {
  describe(`${name} with a real endpoint`, () => {
    bringsThemAll(startWith(make), 5000);
    survivesEach(
      startWith(make),
      FAULTS.filter(({ isRare }) => isRare),
    );
  });
}

function survivesEach(start: Start, faults: readonly Fault[]): void {
  it.each(faults)('survives this: $name', async ({ posts, how, open = 0, hangs }) => {
    const options = { maxBatchEvents: BATCH, lingerMs: 0 };
    // Not shorter: on a busy machine a healthy answer takes its time, too.
    const { collector, outbox } = await start({}, options, hangs && 400);
    const faulty = how(0);
    collector.change({
      ...faulty,
      behaviour: (n) => (n <= posts ? (faulty.behaviour?.(n) ?? 'answer') : 'answer'),
      status: (n, request) => (n <= posts ? (faulty.status?.(n, request) ?? 200) : 200),
      headers: (n) => (n <= posts ? (faulty.headers?.(n) ?? {}) : {}),
    });
    outbox.offer(IDS.slice(0, 300).map((id) => exposure(id))).confirm();
    outbox.offer(IDS.slice(0, 100).map((id) => conversion(id))).confirm();
    expect(await outbox.flush(20_000)).toMatchObject({ accepted: 400, delivered: 400, pending: 0 });
    const [exposures, conversions] = [collector.exposures(), collector.conversions()];
    expect(new Set(exposures.map(({ visitorId }) => visitorId))).toEqual(new Set(IDS.slice(0, 300)));
    expect(new Set(conversions.map(({ visitorId }) => visitorId))).toEqual(new Set(IDS.slice(0, 100)));
    expect(exposures.length + conversions.length).toBeLessThanOrEqual(400 + open * BATCH);
    expect(exposures.length + conversions.length).toBeGreaterThanOrEqual(400);
    // A visitor's exposure goes before what depends on it.
    expect(collector.events.findIndex(({ eventType }) => eventType === 'conversion')).toBeGreaterThanOrEqual(
      300,
    );
  });
}

/** @param count at least 500: fewer say nothing of how events are put together. */
function bringsThemAll(start: Start, count: number): void {
  const ids = IDS.slice(0, count);

  it(`brings ${count.toLocaleString('en')} events, offered one by one, exactly once and in order`, async () => {
    const { collector, outbox } = await start({ delay: 20 });
    for (const id of ids) {
      outbox.offer([exposure(id)]).confirm();
      await tick();
    }
    expect(await outbox.flush(20_000)).toMatchObject({ accepted: count, delivered: count, pending: 0 });
    expect(idsOf(collector)).toEqual(ids);
  });

  it('brings them exactly once with a flush per response, and not with a POST for each', async () => {
    const { collector, outbox } = await start({ delay: 20 });
    const flushes: Promise<unknown>[] = [];
    for (const id of ids) {
      outbox.offer([exposure(id)]).confirm();
      flushes.push(outbox.flush(20_000));
      await tick();
    }
    await Promise.all(flushes);
    expect(outbox.ledger()).toMatchObject({ accepted: count, delivered: count, pending: 0 });
    expect(idsOf(collector)).toEqual(ids);
    expect(collector.requests.length).toBeLessThan(count / 10);
  });

  it('brings them exactly once when every fifth POST is answered with 503', async () => {
    const { collector, outbox } = await start(
      { delay: 5, status: (n) => (n % 5 === 1 ? 503 : 200) },
      { maxBatchEvents: count / 50 },
    );
    for (const id of ids) {
      outbox.offer([exposure(id)]).confirm();
      await tick();
    }
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: count, pending: 0, rejected: 0 });
    expect(outbox.stats().retries).toBeGreaterThan(5);
    expect(idsOf(collector)).toEqual(ids);
  });

  it('loses nothing while the endpoint is down, and says so once', async () => {
    const { collector, outbox, listener } = await start({});
    await collector.close();
    for (const [n, id] of ids.entries()) {
      outbox.offer([exposure(id)]).confirm();
      if (n % 10 === 0) await tick();
    }
    await until(() => outbox.stats().retries > 3);
    const { pending, spooled } = outbox.ledger();
    expect(pending + spooled).toBe(count);
    expect(outbox.stats().lastError).toContain('ECONNREFUSED');
    await collector.reopen();
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: count, pending: 0 });
    expect(idsOf(collector)).toEqual(ids);
    expect(listener.errors).toHaveLength(1);
  });
}

/**
 * Every kind of fault, and some hundred events: in the fast tier for the outbox in memory, whose sender all outboxes
 * have, and in the slow tier for the others.
 */
export function endpointFaults(name: string, make: OutboxFactory, { outlives }: OutboxAbilities): void {
  const start = startWith(make);

  describe(`${name} with a real endpoint`, () => {
    bringsThemAll(start, 500);

    it('doubles at most the one batch of which nobody can know whether it arrived', async () => {
      const { collector, outbox } = await start(
        { behaviour: (n) => (n === 3 ? 'reset-after' : 'answer') },
        { maxBatchEvents: 50 },
      );
      outbox.offer(IDS.slice(0, 500).map((id) => exposure(id))).confirm();
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 500 });
      expect(new Set(idsOf(collector)).size).toBe(500);
      expect(idsOf(collector)).toHaveLength(550);
    });

    survivesEach(
      start,
      FAULTS.filter(({ isRare }) => !isRare),
    );

    it('survives a name that can not be resolved', async () => {
      let host = 'http://collector.invalid/v1/track';
      const { collector, outbox, listener } = await start(
        {},
        { destination: () => ({ ...DESTINATION, url: host }) },
      );
      outbox.offer([exposure('v1')]).confirm();
      await until(() => outbox.stats().retries > 1);
      expect(listener.errors).toHaveLength(1);
      host = collector.url;
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 1 });
    });

    it('survives an endpoint that comes and goes', async () => {
      const { collector, outbox } = await start({}, { maxBatchEvents: BATCH, lingerMs: 1 });
      let isOver = false;
      const flapping = (async () => {
        while (!isOver) {
          await sleep(15);
          await collector.close();
          await sleep(15);
          await collector.reopen();
        }
      })();
      for (let n = 0; n < 2000; n += 10) {
        for (const id of IDS.slice(n, n + 10)) outbox.offer([exposure(id)]).confirm();
        await sleep(1);
      }
      isOver = true;
      await flapping;
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 2000, dropped: 0, rejected: 0 });
      const ids = idsOf(collector);
      expect(new Set(ids).size).toBe(2000);
    });

    it('survives a clock that is moved by an hour, forward and back', async () => {
      const { collector, outbox } = await start({ status: (n) => (n < 4 ? 503 : 200) });
      onTestFinished(() => void vi.useRealTimers());
      const now = Date.now();
      for (const hours of [1, -1, 0]) {
        vi.useFakeTimers({ toFake: ['Date'], now: now + hours * 3_600_000 });
        outbox.offer([exposure(`at ${hours}`)]).confirm();
        await sleep(20);
        expect(outbox.stats().oldestAge).toBeGreaterThanOrEqual(0);
      }
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 3, dropped: 0 });
      expect(idsOf(collector)).toEqual(['at 1', 'at -1', 'at 0']);
    });

    it('halves a batch that is too large for the endpoint', async () => {
      const { collector, outbox } = await start({
        status: (_n, { text }) => (text.length > 5000 ? 413 : 200),
      });
      outbox.offer(IDS.slice(0, 300).map((id) => exposure(id))).confirm();
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 300, rejected: 0 });
      expect(idsOf(collector)).toEqual(IDS.slice(0, 300));
    });

    it.each([400, 403, 406, 422, 500])(
      'E2: delivers 200 of 201 events if one of them is answered with %i, and 997 of 1,000 with three',
      async (status) => {
        const refuse = (_n: number, { text }: { text: string }): number =>
          text.includes('poison') ? status : 200;
        for (const [count, poisoned] of [
          [201, [100]],
          [1000, [3, 4, 990]],
        ] as const) {
          const { collector, outbox, listener } = await start({ status: refuse });
          const ids = IDS.slice(0, count).map((id, n) =>
            poisoned.includes(n as never) ? `poison-${n}` : id,
          );
          outbox.offer(ids.map((id) => exposure(id))).confirm();
          expect(await outbox.flush(20_000)).toMatchObject({
            delivered: count - poisoned.length,
            rejected: poisoned.length,
            pending: 0,
            reasons: { refused: poisoned.length },
          });
          expect(idsOf(collector).toSorted()).toEqual(ids.filter((id) => !id.startsWith('p')).toSorted());
          expect(listener.errors).toHaveLength(1);
        }
      },
    );

    it('keeps everything while the endpoint does not know the key', async () => {
      const { collector, outbox, listener } = await start({ status: () => 401 });
      outbox.offer([exposure('v1')]).confirm();
      await until(() => outbox.stats().retries >= 3);
      outbox.offer([exposure('v2')]).confirm();
      collector.change({ status: () => 200 });
      expect(await outbox.flush(20_000)).toMatchObject({ delivered: 2, rejected: 0 });
      expect(listener.errors).toHaveLength(1);
    });

    it('uses one connection', async () => {
      const { collector, outbox } = await start({}, { maxBatchEvents: 10 });
      outbox.offer(IDS.slice(0, 200).map((id) => exposure(id))).confirm();
      await outbox.flush(20_000);
      expect(collector.requests).toHaveLength(20);
      expect(new Set(collector.requests.map(({ connection }) => connection)).size).toBe(1);
    });

    it('closes on a hung endpoint within its timeout', async () => {
      const { outbox } = await start({ behaviour: () => 'hang' });
      outbox.offer([exposure('v1')]).confirm();
      const left = outlives ? { spooled: 1, dropped: 0 } : { spooled: 0, dropped: 1, reasons: { closed: 1 } };
      expect(await outbox.close(100)).toMatchObject({ pending: 0, ...left });
    });
  });
}
