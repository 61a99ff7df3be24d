/** An event that an outbox has accepted and that waits to be sent. */
import type { FlushEpoch } from './flush-tracker.js';
import type { SerialisedEvent } from './payload.js';

/** An event that the outbox accepted. */
export class QueuedEvent implements SerialisedEvent {
  readonly visitorId: string;
  readonly head: string;
  readonly text: string;
  readonly bytes: number;
  /** The slot of the event in its backend, if the backend has slots. */
  slot: unknown = undefined;
  /** See `Offer.confirm`; called by `wereKept`, once. */
  onKept: (() => void) | undefined = undefined;

  constructor(
    { visitorId, head, text, bytes }: SerialisedEvent,
    readonly epoch: FlushEpoch,
    /** When the event was accepted, in milliseconds since the epoch. */
    readonly at: number,
  ) {
    this.visitorId = visitorId;
    this.head = head;
    this.text = text;
    this.bytes = bytes;
  }
}

/** These events would outlive this process now, or it is done with them. */
export function wereKept(events: readonly QueuedEvent[]): void {
  for (const event of events) {
    const { onKept } = event;
    if (onKept === undefined) continue;
    event.onKept = undefined;
    onKept();
  }
}

/**
 * Removes and returns the first of these events: up to the one with which there are `enough` bytes, and no event that
 * was accepted after `until`, in milliseconds since the epoch. The first event is taken in any case.
 */
export function takeBytes(events: QueuedEvent[], enough: number, until = Infinity): readonly QueuedEvent[] {
  let count = 0;
  for (let bytes = 0; count < events.length && bytes < enough; count++) {
    const event = events[count]!;
    if (count > 0 && event.at > until) break;
    bytes += event.bytes;
  }
  return events.splice(0, count);
}

/** Milliseconds. Older events are not sent: Convert would count them for the wrong day. */
export const MAX_AGE = 72 * 60 * 60 * 1000;

/** Both in milliseconds since the epoch. */
export function isTooOld(acceptedAt: number, now: number): boolean {
  return acceptedAt < now - MAX_AGE;
}
