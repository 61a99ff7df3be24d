/**
 * The test that hostile requests get answers as they should be. `FUZZ_COUNT` and `FUZZ_SEED` send others than it would.
 */
import { expect, it } from 'vitest';
import { FRAMEWORK_NAMES, fuzz } from './run.js';

export function hostileRequests(few: number, frameworks = FRAMEWORK_NAMES): void {
  const count = Number(process.env.FUZZ_COUNT ?? few);
  const seed = Number(process.env.FUZZ_SEED ?? 1);

  it.each(frameworks)('get answers that are as they should be: %s', async (framework) => {
    const { statuses, events, failures } = await fuzz({ framework, count, seed });
    expect(failures).toEqual([]);
    // Else they had reached nothing.
    expect(statuses[200]).toBeGreaterThan(count * 0.7);
    expect(events).toBeGreaterThan(count * 0.1);
  });
}
