/** The compiled engine against the official SDK: what once differed, and a thousand random decisions. */
import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.js';
import { FOUND } from './found.js';
import { judge } from './judge.js';
import { runParity } from './run.js';

describe('parity with the official SDK', () => {
  it.each(Object.entries(FOUND))('holds again for %s', (_name, found) => {
    judge(found, new Coverage());
  });

  it('holds for a thousand decisions, whatever the config, the visitor and the state', () => {
    const { decisions, difference } = runParity({ seed: 1, decisions: 1_000, batch: 20 });
    if (difference !== undefined) throw new Error(difference);
    expect(decisions).toBeGreaterThanOrEqual(1_000);
  });
});
