import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCache } from '../../../src/request/user-agent/user-agent-cache.js';

describe('the cache', () => {
  it('never holds more than two generations, and always what was set last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 }))),
        (limit, steps) => {
          const cache = createCache<number>(limit);
          for (const [write, number] of steps) {
            const key = String(number);
            if (write) cache.set(key, number);
            expect([undefined, number]).toContain(cache.get(key));
            if (write) expect(cache.get(key)).toBe(number);
            expect(cache.size).toBeLessThanOrEqual(2 * limit);
          }
        },
      ),
    );
  });
});
