import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type FlushEpoch, createFlushTracker } from '../../src/delivery/flush-tracker.js';

const NEVER = 600_000;

/** A wait, modelled without any epochs: it remembers the events that were open when it began. */
interface ModelWait {
  readonly open: Set<number>;
  over: boolean;
}

it.each([1, 3, 1000])(
  'waits for what joined before, and for nothing else (merged after %d)',
  async (after) => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), pick: fc.constant(0) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), pick: fc.nat(1000) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), pick: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('give up' as const), pick: fc.constant(0) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const waiting = createFlushTracker(() => {}, after);
        const open = new Map<number, FlushEpoch>();
        const waits: ModelWait[] = [];
        let events = 0;
        for (const { do: what, pick } of steps) {
          if (what === 'join') open.set((events += 1), waiting.join());
          if (what === 'leave' && open.size > 0) {
            const [event, epoch] = [...open][pick % open.size]!;
            open.delete(event);
            waiting.leave(pick % 2 === 0 ? epoch : waiting.of(epoch));
            for (const wait of waits) wait.open.delete(event);
          }
          if (what === 'wait') {
            const wait: ModelWait = { open: new Set(open.keys()), over: false };
            waits.push(wait);
            void waiting.wait(NEVER).then(() => (wait.over = true));
          }
          // Its time is over at once.
          if (what === 'give up') await waiting.wait(0);
          await Promise.resolve();
          await Promise.resolve();
          expect(waits.map(({ over }) => over)).toEqual(waits.map(({ open: left }) => left.size === 0));
        }
        waiting.dissolve();
      }),
      { numRuns: 300 },
    );
  },
);

it('keeps a few epochs only, however many flushes there were', async () => {
  const waiting = createFlushTracker(() => {}, 10);
  const joined: FlushEpoch[] = [];
  for (let n = 0; n < 1000; n++) {
    joined.push(waiting.join());
    await waiting.wait(0);
  }
  expect(new Set(joined.map((epoch) => waiting.of(epoch))).size).toBeLessThan(12);
});
