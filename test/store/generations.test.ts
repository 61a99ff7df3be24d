import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Generations } from '../../src/store/generations.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is kept by generations', () => {
  it('is there until it is taken, while there is time and room', () => {
    const step = fc.record({
      call: fc.constantFrom('add' as const, 'get' as const, 'take' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
      value: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const real = new Generations<number>({ max: 400, age: 1000 });
        const model = new Map<string, number>();
        for (const { call, key, value } of steps) {
          if (call === 'get') expect(real.get(key)).toBe(model.get(key));
          else expect(real.take(key)).toBe(model.get(key));
          if (call === 'take') model.delete(key);
          if (call === 'add') {
            real.add(key, value);
            model.set(key, value);
          }
          expect(real.size).toBe(model.size);
        }
      }),
    );
  });

  it.each([1, 2, 7, 100, 5000])('is at most %i, and the youngest', (max) => {
    const kept = new Generations<number>({ max, age: 1000 });
    for (let n = 0; n < 3 * max; n++) {
      kept.add(`key ${n}`, n);
      expect(kept.size).toBeLessThanOrEqual(max);
    }
    // All but the oldest generation.
    for (let n = Math.ceil(2.25 * max) + 1; n < 3 * max; n++) expect(kept.get(`key ${n}`)).toBe(n);
    expect(kept.get('key 0')).toBeUndefined();
  });

  it('goes when its time is over, and not much before', () => {
    const kept = new Generations<number>({ max: 100, age: 800 });
    for (let n = 0; n <= 100; n++) {
      kept.add(`key ${n}`, n);
      vi.advanceTimersByTime(10);
    }
    expect(kept.get('key 19')).toBeUndefined();
    expect(kept.take('key 19')).toBeUndefined();
    for (let n = 31; n <= 100; n++) expect(kept.get(`key ${n}`)).toBe(n);
    vi.advanceTimersByTime(800);
    expect(kept.get('key 100')).toBeUndefined();
    expect(kept.size).toBe(0);
  });
});
