import { afterEach, describe, expect, it, vi } from 'vitest';
import { TimerGroup, unrefTimeout, withTimeout } from '../../../src/utils/node/timers.js';

afterEach(() => vi.restoreAllMocks());

const never = new Promise<never>(() => {});

/** Whether the timers that `work` starts keep the process alive. */
function refsOf(work: () => void): boolean[] {
  const spy = vi.spyOn(globalThis, 'setTimeout');
  work();
  const timers = spy.mock.results.map(({ value }) => value as NodeJS.Timeout);
  const refs = timers.map((timer) => timer.hasRef());
  for (const timer of timers) clearTimeout(timer);
  spy.mockRestore();
  return refs;
}

describe('withTimeout', () => {
  it('gives what the promise gives, in time', async () => {
    await expect(withTimeout(10_000, Promise.resolve(1))).resolves.toBe(1);
    await expect(withTimeout(10_000, 2)).resolves.toBe(2);
    const reason = new Error('it fails');
    await expect(withTimeout(10_000, Promise.reject(reason))).rejects.toBe(reason);
  });

  it('rejects after that, with ETIMEDOUT or the error that is asked for', async () => {
    await expect(withTimeout(1, never)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const late = new Error('late');
    await expect(withTimeout(1, never, { error: () => late })).rejects.toBe(late);
  });

  it('keeps the process alive if it is asked to', () => {
    expect(refsOf(() => void withTimeout(10_000, never))).toEqual([false]);
    expect(refsOf(() => void withTimeout(10_000, never, { keepAlive: true }))).toEqual([true]);
  });
});

describe('unrefTimeout', () => {
  it('keeps no process alive, and takes no long delay for a short one', () => {
    const spy = vi.spyOn(globalThis, 'setTimeout');
    const timer = unrefTimeout(() => {}, Number.MAX_SAFE_INTEGER);
    expect(timer.hasRef()).toBe(false);
    expect(spy.mock.calls[0]?.[1]).toBe(2 ** 31 - 1);
    clearTimeout(timer);
  });
});

describe('a group of timers', () => {
  it('ends together', async () => {
    const timers = new TimerGroup();
    const work = vi.fn();
    timers.later(1, work);
    timers.every(1, work);
    const cancel = timers.later(1, work);
    cancel();
    timers.stop();
    timers.later(1, work);
    await new Promise((done) => setTimeout(done, 20));
    expect(work).not.toHaveBeenCalled();
  });

  it('limits a wait', async () => {
    const timers = new TimerGroup();
    await expect(timers.within(10_000, Promise.resolve(1))).resolves.toBe(1);
    await expect(timers.within(1, never)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });
});
