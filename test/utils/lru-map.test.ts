import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LruMap } from '../../src/utils/lru-map.js';

it('what was used lately is kept up to a size; what was not used for longest goes first', () => {
  const step = fc.record({
    call: fc.constantFrom('put' as const, 'find' as const, 'remove' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__'),
    value: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, max) => {
      const real = new LruMap<number>({ max });
      // The one that was used last at the end.
      let model: { key: string; value: number }[] = [];
      for (const { call, key, value } of steps) {
        const known = model.find((entry) => entry.key === key);
        const found = real.find(key);
        expect(found?.value).toBe(known?.value);
        if (call === 'find') continue;
        model = model.filter((entry) => entry !== known);
        if (call === 'remove') {
          if (found) real.remove(found);
        } else {
          if (found) {
            found.value = value;
            real.use(found);
          } else real.add(key, value);
          model = [...model, { key, value }].slice(-max);
        }
        expect(real.size).toBe(model.length);
      }
      for (const { key, value } of model) expect(real.find(key)?.value).toBe(value);
    }),
    { numRuns: 500 },
  );
});
