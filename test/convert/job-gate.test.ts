import { afterEach, describe, expect, it, vi } from 'vitest';
import { JobGate } from '../../src/convert/job-gate.js';
import type { Outbox } from '../../src/delivery/types.js';
import { collector, collectorPerTest, create } from './setup.js';

collectorPerTest();

const gateTo = (outbox: Partial<Outbox>): JobGate => new JobGate(outbox as Outbox);

describe('jobs in a loop', () => {
  it('E1: are committed while a loop awaits nothing but forVisitor', async () => {
    const convert = create();
    for (let n = 0; n < 1000; n++) {
      const visitor = await convert.forVisitor(`v${n}`);
      visitor.runExperience('homepage-hero');
      visitor.trackConversion('purchase');
    }
    expect(convert.stats().delivery.accepted).toBeGreaterThanOrEqual(1800);
    expect(await convert.flush()).toMatchObject({ accepted: 2000, delivered: 2000, dropped: 0 });
    expect(convert.stats().jobs.waits).toBe(0);
  });

  it.each(['one after the other', 'all at once'])(
    'E1: drop nothing while the endpoint answers, and wait for room: %s',
    async (how) => {
      const convert = create({ delivery: { maxQueueBytes: 100_000, linger: 0 } });
      const job = async (n: number): Promise<void> => {
        const visitor = await convert.forVisitor(`v${n}`);
        visitor.runExperience('homepage-hero');
        visitor.trackConversion('purchase');
      };
      const numbers = Array.from({ length: 3000 }, (_, n) => n);
      if (how === 'all at once') await Promise.all(numbers.map(job));
      else for (const n of numbers) await job(n);
      expect(await convert.flush({ timeout: 30_000 })).toMatchObject({ delivered: 6000, dropped: 0 });
      expect(convert.stats().jobs.waits).toBeGreaterThan(0);
      expect(collector.events).toHaveLength(6000);
    },
  );
});

describe('JobGate', () => {
  afterEach(() => void vi.useRealTimers());

  it('E1: lets a job begin after 5 s though the outbox is full, in order, and counts the waits', async () => {
    vi.useFakeTimers();
    const gate = gateTo({ isHalfFull: () => true });
    const begun: number[] = [];
    for (let n = 0; n < 3; n++) void gate.enter()?.then(() => begun.push(n));
    await vi.advanceTimersByTimeAsync(4_900);
    expect(begun).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(begun).toEqual([0, 1, 2]);
    expect(gate.waits).toBe(3);
    // An endpoint that is down stops no more jobs, until there was room again.
    expect(gate.enter()).toBeUndefined();
  });

  it('E1: lets jobs begin as soon as there is room', async () => {
    vi.useFakeTimers();
    let isFull = true;
    const gate = gateTo({ isHalfFull: () => isFull });
    const begun: number[] = [];
    for (let n = 0; n < 200; n++) void gate.enter()?.then(() => begun.push(n));
    await vi.advanceTimersByTimeAsync(100);
    isFull = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(begun).toHaveLength(200);
    expect(gate.waits).toBe(200);
    expect(gate.enter()).toBeUndefined();
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it.each([
    ['has no such method', {}],
    [
      'throws',
      {
        isHalfFull: () => {
          throw new Error('boom');
        },
      },
    ],
  ])('E1: does not wait for an outbox that %s', (_what, outbox) => {
    expect(gateTo(outbox).enter()).toBeUndefined();
  });
});
