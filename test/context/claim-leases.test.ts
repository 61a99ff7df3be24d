/** Leases of claims: how long one lasts, when its claim is settled, and what a failing store does to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CLAIM_LEASE, ClaimLeases } from '../../src/context/claim-leases.js';
import type { VisitorStore } from '../../src/store/types.js';

describe('settling', () => {
  afterEach(() => void vi.useRealTimers());

  function start(): {
    leases: ClaimLeases;
    commits: unknown[];
    errors: string[];
    fail: (is: boolean) => void;
  } {
    let fails = false;
    const [commits, errors]: [unknown[], string[]] = [[], []];
    const store: VisitorStore = {
      remote: true,
      read: () => undefined,
      delete: () => undefined,
      commit(key, change, options) {
        commits.push([key, change, options]);
        if (fails) throw new Error('down');
        return { state: {}, lost: new Set() };
      },
    };
    return {
      leases: new ClaimLeases(
        store,
        ({ code }) => void errors.push(code),
        () => 1_000,
      ),
      commits,
      errors,
      fail: (is) => (fails = is),
    };
  }
  const known = {};
  const claims = { storeKey: 'k', names: ['goal:buy'], ephemeral: true, known };
  const settled = ['k', { settled: ['goal:buy'] }, { ephemeral: true, known }];

  it('comes once the event is safe, once', async () => {
    const { leases, commits } = start();
    const kept = leases.open(claims);
    await sleep(1);
    expect(commits).toEqual([]);
    kept();
    kept();
    expect(commits).toEqual([settled]);
  });

  it('waits as long as the event is in this process only, and the lease is renewed meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { leases, commits } = start();
    const kept = leases.open(claims);
    await vi.advanceTimersByTimeAsync(1_000);
    leases.open({ ...claims, storeKey: 'other' })();
    expect(commits).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(CLAIM_LEASE);
    const renewed = { at: 1_000, pending: { claims: ['goal:buy'], until: 1_000 + CLAIM_LEASE } };
    const renewal = ['k', renewed, { ephemeral: true, known }];
    expect(commits.slice(1)).toEqual([renewal, renewal]);
    kept();
    expect(commits.at(-1)).toEqual(settled);
    await vi.advanceTimersByTimeAsync(10 * CLAIM_LEASE);
    expect(commits).toHaveLength(4);
  });

  it('ends with the instance: claims of events that were dropped lapse', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { leases, commits } = start();
    const kept = leases.open(claims);
    leases.stop();
    kept();
    await vi.advanceTimersByTimeAsync(10 * CLAIM_LEASE);
    expect(commits).toEqual([]);
  });

  it('is tried again while the store fails, and given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { leases, commits, errors, fail } = start();
    fail(true);
    leases.open(claims)();
    await vi.advanceTimersByTimeAsync(2_500);
    expect(commits).toHaveLength(3);
    fail(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commits).toHaveLength(4);
    expect(errors).toEqual(['CONVERT_STORE', 'CONVERT_STORE', 'CONVERT_STORE']);
    fail(true);
    leases.open(claims)();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commits).toHaveLength(4 + 15);
  });
});
