import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fifoQueue } from '../../src/delivery/fifo-queue.js';

it('gives back what was pushed, in order, like an array would', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ take: fc.integer({ min: 0, max: 1500 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = fifoQueue<number>();
      const model: number[] = [];
      let next = 0;
      for (const each of steps) {
        if ('push' in each) {
          for (let n = 0; n < each.push; n += 1) {
            queue.push(next);
            model.push(next);
            next += 1;
          }
        } else {
          let left = each.take;
          expect(queue.take(() => left-- > 0)).toEqual(model.splice(0, each.take));
        }
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});
