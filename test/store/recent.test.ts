import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recent } from '../../src/store/recent.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('what was used lately', () => {
  it('is kept up to a size; what was not used for longest goes first', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__');
    const step = fc.oneof(
      fc.record({ call: fc.constant('set' as const), key, value: fc.nat() }),
      fc.record({ call: fc.constantFrom('get' as const, 'take' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, max) => {
        const real = recent<number>({ max });
        // The one that was used last at the end.
        let model: { key: string; value: number }[] = [];
        for (const each of steps) {
          const known = model.find((entry) => entry.key === each.key);
          if (each.call !== 'set') expect(real[each.call](each.key)).toBe(known?.value);
          else real.set(each.key, each.value);
          if (known || each.call === 'set') model = model.filter((entry) => entry !== known);
          if (each.call === 'set') model.push({ key: each.key, value: each.value });
          else if (each.call === 'get' && known) model.push(known);
          model = model.slice(-max);
          expect(real.size).toBe(model.length);
        }
        for (const entry of model) expect(real.take(entry.key)).toBe(entry.value);
        expect(real.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('is forgotten when it was not set again in time, however often it was read', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const kept = recent<number>({ max: 10, age: 60 });
    kept.set('read', 1);
    kept.set('set', 1);
    vi.advanceTimersByTime(35);
    expect(kept.get('read')).toBe(1);
    kept.set('set', 2);
    vi.advanceTimersByTime(40);
    expect(kept.get('read')).toBeUndefined();
    expect(kept.take('read')).toBeUndefined();
    expect(kept.get('set')).toBe(2);
    expect(kept.size).toBe(1);
  });
});
