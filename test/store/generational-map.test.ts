import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GenerationalMap } from '../../src/store/generational-map.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('what is kept by generations', () => {
  it('is there until it is taken, while there is time and room', () => {
    const step = fc.record({
      call: fc.constantFrom('add' as const, 'take' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
      value: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const real = new GenerationalMap<number>({ max: 400, age: 1000 });
        const model = new Map<string, number>();
        for (const { call, key, value } of steps) {
          expect(real.take(key)).toBe(model.get(key));
          model.delete(key);
          if (call === 'add') {
            real.add(key, value);
            model.set(key, value);
          }
          expect(real.size).toBe(model.size);
        }
      }),
    );
  });

  it.each([1, 2, 7, 17, 100, 5000])('is at most %i, and the youngest', (max) => {
    const kept = new GenerationalMap<number>({ max, age: 1000 });
    for (let n = 0; n < 3 * max; n++) {
      kept.add(`key ${n}`, n);
      expect(kept.size).toBeLessThanOrEqual(max);
      expect(kept.size).toBeGreaterThanOrEqual(Math.min(n + 1, Math.floor((3 / 4) * max)));
    }
    for (let n = Math.ceil(2.25 * max) + 1; n < 3 * max; n++) expect(kept.take(`key ${n}`)).toBe(n);
    expect(kept.take('key 0')).toBeUndefined();
  });

  it('goes when its time is over, and not before', () => {
    const kept = new GenerationalMap<number>({ max: 1000, age: 800 });
    for (let n = 0; n <= 100; n++) {
      kept.add(`key ${n}`, n);
      vi.advanceTimersByTime(10);
    }
    // 1,010 ms have passed.
    for (let n = 0; n <= 10; n++) expect(kept.take(`key ${n}`)).toBeUndefined();
    for (let n = 21; n <= 100; n++) expect(kept.take(`key ${n}`)).toBe(n);
    kept.add('last', 1);
    vi.advanceTimersByTime(1000);
    expect(kept.take('last')).toBeUndefined();
    expect(kept.size).toBe(0);
  });

  it('is searched in few places, however much of it was taken again', () => {
    const kept = new GenerationalMap<number>({ max: 16, age: 1000 });
    for (let n = 0; n < 1000; n++) {
      kept.add(`key ${n}`, n);
      // One in a hundred stays.
      if (n % 100 > 0) expect(kept.take(`key ${n}`)).toBe(n);
      expect(kept.generations).toBeLessThanOrEqual(10);
    }
    const stays = new GenerationalMap<number>({ max: 1600, age: 1e6 });
    for (let n = 0; n < 20_000; n++) {
      stays.add(`key ${n}`, n);
      if (n % 100 > 0) expect(stays.take(`key ${n}`)).toBe(n);
      else vi.advanceTimersByTime(1e6 / 4 + 1);
      expect(stays.generations).toBeLessThanOrEqual(10);
    }
  });
});
