import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.js';
import { gaps } from './demands.js';
import { FOUND } from './found.js';
import { judge } from './judge.js';
import { runParity } from './run.js';

describe('parity with the official SDK', () => {
  it.each(Object.entries(FOUND))('holds again for %s', (_name, found) => {
    judge(found, new Coverage());
  });

  it('holds for a hundred thousand decisions, whatever the config, the visitor and the state', () => {
    const { decisions, coverage, difference } = runParity({ seed: 1, decisions: 100_000 });
    if (difference !== undefined) throw new Error(difference);
    expect(decisions).toBeGreaterThanOrEqual(100_000);
    expect(gaps(coverage)).toEqual([]);
  }, 300_000);
});
