/** Events that are on disk alone: each of them leaves its flush, whether it is read again or not. */
import { describe, expect, it } from 'vitest';
import { createFlushTracker, type FlushEpoch } from '../../../src/delivery/flush-tracker.js';
import { serialise } from '../../../src/delivery/payload.js';
import { QueuedEvent } from '../../../src/delivery/queued-event.js';
import { SpilledEvents } from '../../../src/delivery/spool/spilled-events.js';
import { exposure } from '../fakes.js';

const EVENT = serialise(exposure('v1'));

function spilled(...numbers: number[]): { events: SpilledEvents; epoch: FlushEpoch } {
  const flushes = createFlushTracker(() => undefined);
  const events = new SpilledEvents(flushes);
  const epoch = flushes.join();
  for (const number of numbers) events.push(number, new QueuedEvent(EVENT, epoch, 0));
  return { events, epoch };
}

describe('events that are on disk alone', () => {
  it('H2: are all taken in order, and none is missing', () => {
    const { events, epoch } = spilled(0, 1, 2);
    for (const number of [0, 1, 2]) {
      expect(events.take(number, EVENT.bytes)).toEqual({ epoch, missing: [] });
    }
    expect([events.count, events.bytes]).toEqual([0, 0]);
  });

  it('H2: are missing at the last one of their flush, if they were not found before it', () => {
    const { events, epoch } = spilled(0, 1, 2, 3, 4);
    events.take(0, EVENT.bytes);
    expect(events.take(3, EVENT.bytes)).toEqual({ epoch, missing: [] });
    const missing = [{ epoch, count: 2, bytes: 2 * EVENT.bytes }];
    expect(events.take(4, EVENT.bytes)).toEqual({ epoch, missing });
    expect([events.count, events.bytes]).toEqual([0, 0]);
  });

  it('H2: are missing at the first one that comes after their flush', () => {
    const { events, epoch } = spilled(0, 1);
    const missing = [{ epoch, count: 2, bytes: 2 * EVENT.bytes }];
    expect(events.take(2, EVENT.bytes)).toEqual({ epoch: undefined, missing });
    expect(events.count).toBe(0);
  });

  it('H2: are all missing if they are given up', () => {
    const { events, epoch } = spilled(0, 1, 2);
    expect(events.clear()).toEqual([{ epoch, count: 3, bytes: 3 * EVENT.bytes }]);
    expect([events.count, events.bytes]).toEqual([0, 0]);
  });
});
