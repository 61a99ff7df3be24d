/** When calls pause, and whose failures and answers count. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type BegunCall, CallHealth } from '../../src/ours-privacy/call-health.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const begin = (health: CallHealth): BegunCall => {
  const call = health.begin(150);
  if (typeof call === 'string') throw new Error(`paused: ${call}`);
  return call;
};
const failOnce = (health: CallHealth): void => void health.failed(begin(health), 'timeout');

it('pauses after three failures in a row, each of a call that began after the one before', () => {
  const health = new CallHealth();
  for (let n = 0; n < 2; n += 1) {
    const calls = Array.from({ length: 30 }, () => begin(health));
    const isFirst = calls.map((call) => health.failed(call, 'timeout'));
    expect([isFirst.filter(Boolean).length, health.pause]).toEqual([n === 0 ? 1 : 0, 0]);
  }
  const calls = Array.from({ length: 30 }, () => begin(health));
  health.failed(calls.pop()!, 'timeout');
  const { pause } = health;
  for (const call of calls) health.failed(call, 'timeout');
  expect([pause >= 250, pause <= 500, health.pause]).toEqual([true, true, pause]);
  expect(health.begin(150)).toBe('timeout');
});

it('lets one call find out whether the endpoint is back, and another one if nobody hears of that', () => {
  const health = new CallHealth();
  for (let n = 0; n < 3; n += 1) failOnce(health);
  vi.advanceTimersByTime(500);
  const lost = begin(health);
  vi.advanceTimersByTime(299);
  expect(health.begin(150)).toBe('timeout');
  vi.advanceTimersByTime(1);
  failOnce(health);
  const { pause } = health;
  expect(pause).toBeGreaterThanOrEqual(500);
  expect([health.failed(lost, 'timeout'), health.succeeded(lost), health.pause]).toEqual([
    false,
    false,
    pause,
  ]);
  vi.advanceTimersByTime(1_000);
  expect([health.succeeded(begin(health)), health.pause]).toEqual([true, 0]);
});

it('gives the pause that is asked for, to which calls under way add only what is asked for, too', () => {
  const health = new CallHealth();
  const calls = Array.from({ length: 4 }, () => begin(health));
  health.limited(begin(health), 100);
  health.limited(calls[0]!, undefined);
  health.failed(calls[1]!, 'timeout');
  expect(health.pause).toBe(100);
  health.limited(calls[2]!, 2_000);
  health.limited(calls[3]!, 50);
  expect([health.pause, health.begin(150)]).toEqual([2_000, 'rate-limited']);
  vi.advanceTimersByTime(2_000);
  // A wait of zero would have the calls hammer.
  health.limited(begin(health), 0);
  expect(health.pause).toBeGreaterThanOrEqual(250);
});
