import type { QueuedEvent } from './outbox.js';

/** Removes and returns the first of these events, up to the one with which there are so many bytes. */
export function takeBytes(events: QueuedEvent[], most: number): readonly QueuedEvent[] {
  let count = 0;
  for (let bytes = 0; count < events.length && bytes < most; count++) bytes += events[count]!.bytes;
  return events.splice(0, count);
}
