/** Claims that are pending: when they lapse, and the state that is left without them. */
import { describe, expect, it } from 'vitest';
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
