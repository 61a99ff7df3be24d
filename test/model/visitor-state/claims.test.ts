/** Claims that are pending: when they lapse, what is left without them, and who settles them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CLAIM_LEASE, ClaimLeases } from '../../../src/context/claim-leases.js';
import { applyChange } from '../../../src/model/visitor-state/apply-change.js';
import {
  experienceClaim,
  exposureClaim,
  goalClaim,
  transactionClaim,
  withoutClaims,
  withoutLapsedClaims,
} from '../../../src/model/visitor-state/claims.js';
import type { VisitorState } from '../../../src/model/visitor-state/types.js';
import type { VisitorStore } from '../../../src/store/types.js';

const STATE: VisitorState = {
  bucketing: { 7: 'x', 8: 'y' },
  goals: { buy: true, 'a:b': true },
  transactions: { buy: ['t1', 't2'] },
  locations: ['a'],
};

describe('a pending claim', () => {
  it.each([
    [experienceClaim('7'), { ...STATE, bucketing: { 8: 'y' } }],
    [goalClaim('a:b'), { ...STATE, goals: { buy: true } }],
    [transactionClaim('buy', 't1'), { ...STATE, transactions: { buy: ['t2'] } }],
    [exposureClaim('8'), { ...STATE, unexposed: ['8'] }],
    // The variation is gone meanwhile: there is nothing to expose.
    [exposureClaim('9'), STATE],
    // A store holds what it holds.
    ['transaction:[', STATE],
    ['constructor:x', STATE],
    ['nonsense', STATE],
  ])('that has lapsed was never made: %s', (name, expected) => {
    const state = { ...STATE, pending: { [name]: 1_000, [goalClaim('buy')]: 2_000 } };
    expect(withoutLapsedClaims(state, 999)).toBe(state);
    expect(withoutLapsedClaims(state, 1_000)).toEqual({
      ...expected,
      pending: { [goalClaim('buy')]: 2_000 },
    });
    expect(withoutLapsedClaims({ ...STATE, pending: { [name]: 1_000 } }, 1_000)).toEqual(expected);
  });

  it('H1: that has lapsed leaves the exposures of other experiences owed', () => {
    const lapse = (name: string, unexposed: string[]): VisitorState['unexposed'] =>
      withoutLapsedClaims({ ...STATE, unexposed, pending: { [name]: 1_000 } }, 1_000).unexposed;
    expect(lapse(exposureClaim('8'), ['7'])).toEqual(['7', '8']);
    expect(lapse(exposureClaim('8'), ['7', '8'])).toEqual(['7', '8']);
    expect(lapse(experienceClaim('8'), ['7', '8'])).toEqual(['7']);
  });

  it('is not that of somebody who makes it after it lapsed, and has no lease', () => {
    const first = applyChange(
      {},
      {
        claims: { 7: { variationId: 'x', exposed: true } },
        at: 0,
        pending: { claims: [experienceClaim('7')], until: 10 },
      },
    ).state;
    const { state, lost } = applyChange(first, {
      claims: { 7: { variationId: 'y', exposed: true } },
      at: 20,
    });
    expect([...lost]).toEqual([]);
    expect(state).toEqual({ bucketing: { 7: 'y' } });
    // Where the clock is not known, a claim stands.
    expect(applyChange(first, { claims: { 7: { variationId: 'y', exposed: true } } }).lost.size).toBe(1);
  });

  it('is taken back in a change, too', () => {
    const change = { goals: ['buy'], transactions: { buy: ['t1', 't2'] } };
    expect(withoutClaims(change, new Set([transactionClaim('buy', 't1')]))).toEqual({
      goals: ['buy'],
      transactions: { buy: ['t2'] },
    });
  });
});

describe('settling', () => {
  afterEach(() => void vi.useRealTimers());

  function start(): {
    settlements: ClaimLeases;
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
      settlements: new ClaimLeases(
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
    const { settlements, commits } = start();
    const kept = settlements.open(claims);
    await sleep(1);
    expect(commits).toEqual([]);
    kept();
    kept();
    expect(commits).toEqual([settled]);
  });

  it('waits as long as the event is in this process only, and the lease is renewed meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { settlements, commits } = start();
    const kept = settlements.open(claims);
    await vi.advanceTimersByTimeAsync(1_000);
    settlements.open({ ...claims, storeKey: 'other' })();
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
    const { settlements, commits } = start();
    const kept = settlements.open(claims);
    settlements.stop();
    kept();
    await vi.advanceTimersByTimeAsync(10 * CLAIM_LEASE);
    expect(commits).toEqual([]);
  });

  it('is tried again while the store fails, and given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { settlements, commits, errors, fail } = start();
    fail(true);
    settlements.open(claims)();
    await vi.advanceTimersByTimeAsync(2_500);
    expect(commits).toHaveLength(3);
    fail(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commits).toHaveLength(4);
    expect(errors).toEqual(['CONVERT_STORE', 'CONVERT_STORE', 'CONVERT_STORE']);
    fail(true);
    settlements.open(claims)();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(commits).toHaveLength(4 + 15);
  });
});
