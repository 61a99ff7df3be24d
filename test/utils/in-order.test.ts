import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InOrder } from '../../src/utils/in-order.js';

it('runs a function at once if there is nothing to wait for', () => {
  const seen: number[] = [];
  const order = new InOrder();
  order.run(1, (value) => void seen.push(value));
  order.run(2, (value) => void seen.push(value));
  expect(seen).toEqual([1, 2]);
});

it('runs functions in their order, whichever value comes first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 8 }).chain((waits) =>
        fc.record({
          waits: fc.constant(waits),
          arrivals: fc.shuffledSubarray([...waits.keys()], { minLength: waits.length }),
        }),
      ),
      async ({ waits, arrivals }) => {
        const seen: number[] = [];
        const order = new InOrder();
        const arrive = new Map<number, () => void>();
        for (const [index, isLate] of waits.entries()) {
          const late = new Promise<number>((resolve) => arrive.set(index, () => resolve(index)));
          order.run(isLate ? late : index, (value) => void seen.push(value));
        }
        const first = waits.indexOf(true);
        const atOnce = [...waits.keys()].slice(0, first < 0 ? waits.length : first);
        expect(seen).toEqual(atOnce);
        for (const index of arrivals) {
          arrive.get(index)!();
          await new Promise((done) => setImmediate(done));
          expect(seen).toEqual([...seen.keys()]);
        }
        expect(seen).toHaveLength(waits.length);
        order.run('last', () => void seen.push(waits.length));
        expect(seen).toHaveLength(waits.length + 1);
      },
    ),
  );
});
