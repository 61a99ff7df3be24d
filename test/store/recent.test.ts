import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Lane, Recent } from '../../src/store/recent.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('what was used lately', () => {
  it('is kept up to a size of its lane; what was not used for longest goes first', () => {
    const step = fc.record({
      call: fc.constantFrom('put' as const, 'find' as const, 'remove' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__'),
      lane: fc.nat({ max: 1 }),
      value: fc.nat(),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), sizes, (steps, max) => {
        const real = new Recent<number>();
        const lanes = max.map((each) => new Lane<number>({ max: each }));
        // The one that was used last at the end.
        let model: { key: string; value: number; lane: number }[] = [];
        for (const { call, key, lane, value } of steps) {
          const known = model.find((entry) => entry.key === key);
          const found = real.find(key);
          expect(found?.value).toBe(known?.value);
          expect(found?.lane).toBe(known && lanes[known.lane]);
          if (call === 'find') continue;
          model = model.filter((entry) => entry !== known);
          if (call === 'remove') {
            if (found) real.remove(found);
          } else {
            if (found) {
              found.value = value;
              real.use(found, lanes[lane]!);
            } else real.add(key, value, lanes[lane]!);
            model.push({ key, value, lane });
            const inLane = model.filter((entry) => entry.lane === lane);
            const excess = new Set(inLane.slice(0, -max[lane]!));
            model = model.filter((entry) => !excess.has(entry));
          }
          expect(real.size).toBe(model.length);
          expect(lanes.map(({ size }) => size)).toEqual(
            [0, 1].map((each) => model.filter((entry) => entry.lane === each).length),
          );
        }
        for (const { key, value } of model) expect(real.find(key)?.value).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it('is forgotten when it was not used in time, however often it was found', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const kept = new Recent<number>();
    const lane = new Lane<number>({ max: 10, age: 60 });
    kept.add('found', 1, lane);
    kept.add('used', 1, lane);
    vi.advanceTimersByTime(35);
    expect(kept.find('found')?.value).toBe(1);
    kept.use(kept.find('used')!, lane);
    vi.advanceTimersByTime(40);
    expect(kept.find('found')).toBeUndefined();
    expect(kept.find('used')?.value).toBe(1);
    expect(kept.size).toBe(1);
    expect(lane.size).toBe(1);
  });
});
