import type { QueuedEvent } from './queued-event.js';

/**
 * Removes and returns the first of these events, up to the one with which there are so many bytes, and before one that was
 * accepted after `until`, in milliseconds since the epoch. The first one in any case.
 */
export function takeBytes(events: QueuedEvent[], most: number, until = Infinity): readonly QueuedEvent[] {
  let count = 0;
  for (let bytes = 0; count < events.length && bytes < most; count++) {
    const event = events[count]!;
    if (count > 0 && event.at > until) break;
    bytes += event.bytes;
  }
  return events.splice(0, count);
}
