/** The compiled engine against the official SDK on so many random decisions that every rare case is among them. */
import { describe, expect, it } from 'vitest';
import { gaps } from './demands.js';
import { runParity } from './run.js';

describe('parity with the official SDK', () => {
  it('holds for a hundred thousand decisions, whatever the config, the visitor and the state', () => {
    const { decisions, coverage, difference } = runParity({ seed: 1, decisions: 100_000 });
    if (difference !== undefined) throw new Error(difference);
    expect(decisions).toBeGreaterThanOrEqual(100_000);
    expect(gaps(coverage)).toEqual([]);
  }, 300_000);
});
