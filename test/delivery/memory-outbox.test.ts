import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpTransport } from '../../src/delivery/http-transport.js';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import type { Outbox, OutboxOptions } from '../../src/delivery/port.js';
import type { Collector, CollectorOptions } from '../support/collector.js';
import { startCollector } from '../support/collector.js';
import type { Remembered } from './fakes.js';
import { conversion, DESTINATION, exposure, fakeTransport, rememberingListener, until } from './fakes.js';
import { OUTBOX_CASES, outboxConformance } from './outbox.conformance.js';

outboxConformance('memoryOutbox', memoryOutbox, { outlives: false });

it('runs all the cases of an outbox', () => {
  expect(OUTBOX_CASES).toMatchSnapshot();
});

it('sends `enrichData` and `source` as its options say', async () => {
  const transport = fakeTransport(200);
  const listener = rememberingListener();
  const destination = () => DESTINATION;
  const standard = memoryOutbox({ transport, listener, destination });
  const other = memoryOutbox({ transport, listener, destination, enrichData: false, source: 'shop' });
  for (const outbox of [standard, other]) {
    outbox.offer([exposure('v1')]).confirm();
    await outbox.close(5000);
  }
  expect(transport.posts.map(({ payload }) => [payload.enrichData, payload.source])).toEqual([
    [true, undefined],
    [false, 'shop'],
  ]);
});

const COUNT = 5000;
const IDS = Array.from({ length: COUNT }, (_, n) => `visitor-${n}`);

async function start(
  how: CollectorOptions,
  options: Partial<OutboxOptions> = {},
  timeout = 10_000,
): Promise<{ collector: Collector; outbox: Outbox; listener: Remembered }> {
  const collector = await startCollector(how);
  const listener = rememberingListener();
  const outbox = memoryOutbox({
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
}

const idsOf = (collector: Collector): string[] => collector.events.map(({ visitorId }) => visitorId);

describe('with a real endpoint', () => {
  it('brings 5,000 events, offered one by one, exactly once and in order', async () => {
    const { collector, outbox } = await start({ delay: 20 });
    for (const id of IDS) {
      outbox.offer([exposure(id)]).confirm();
      await tick();
    }
    expect(await outbox.flush(20_000)).toMatchObject({ accepted: COUNT, delivered: COUNT, pending: 0 });
    expect(idsOf(collector)).toEqual(IDS);
  });

  it('brings them exactly once with a flush per response, and not with a POST for each', async () => {
    const { collector, outbox } = await start({ delay: 20 });
    const flushes: Promise<unknown>[] = [];
    for (const id of IDS) {
      outbox.offer([exposure(id)]).confirm();
      flushes.push(outbox.flush(20_000));
      await tick();
    }
    await Promise.all(flushes);
    expect(outbox.ledger()).toMatchObject({ accepted: COUNT, delivered: COUNT, pending: 0 });
    expect(idsOf(collector)).toEqual(IDS);
    expect(collector.requests.length).toBeLessThan(COUNT / 10);
  });

  it('brings them exactly once when every fifth POST is answered with 503', async () => {
    const { collector, outbox } = await start(
      { delay: 5, status: (n) => (n % 5 === 1 ? 503 : 200) },
      { maxBatchEvents: 100 },
    );
    for (const id of IDS) {
      outbox.offer([exposure(id)]).confirm();
      await tick();
    }
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: COUNT, pending: 0, rejected: 0 });
    expect(outbox.stats().retries).toBeGreaterThan(5);
    expect(idsOf(collector)).toEqual(IDS);
  });

  it('loses nothing while the endpoint is down, and says so once', async () => {
    const { collector, outbox, listener } = await start({});
    await collector.close();
    for (const [n, id] of IDS.entries()) {
      outbox.offer([exposure(id)]).confirm();
      if (n % 10 === 0) await tick();
    }
    await until(() => outbox.stats().retries > 3);
    expect(outbox.ledger()).toMatchObject({ pending: COUNT });
    expect(outbox.stats().lastError).toContain('ECONNREFUSED');
    await collector.reopen();
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: COUNT, pending: 0 });
    expect(idsOf(collector)).toEqual(IDS);
    expect(listener.errors).toHaveLength(1);
  });

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

  it.each(['reset', 'hang', 'garbage'] as const)('survives an endpoint that does this: %s', async (fault) => {
    const { collector, outbox } = await start({ behaviour: (n) => (n < 4 ? fault : 'answer') }, {}, 100);
    outbox.offer([exposure('v1'), conversion('v2')]).confirm();
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: 2, pending: 0 });
    expect(idsOf(collector)).toEqual(['v1', 'v2']);
  });

  it('halves a batch that is too large for the endpoint', async () => {
    const { collector, outbox } = await start({
      status: (_n, { text }) => (text.length > 5000 ? 413 : 200),
    });
    outbox.offer(IDS.slice(0, 300).map((id) => exposure(id))).confirm();
    expect(await outbox.flush(20_000)).toMatchObject({ delivered: 300, rejected: 0 });
    expect(idsOf(collector)).toEqual(IDS.slice(0, 300));
  });

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
    expect(await outbox.close(100)).toMatchObject({ dropped: 1, pending: 0, reasons: { closed: 1 } });
  });
});
