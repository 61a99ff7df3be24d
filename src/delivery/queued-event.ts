/**
 * Defines an event that an outbox has accepted and that waits to be sent, and the age from which events are not sent.
 */
import type { FlushEpoch } from './flush-tracker.js';
import type { SerialisedEvent } from './payload.js';

export class QueuedEvent implements SerialisedEvent {
  readonly visitorId: string;
  readonly head: string;
  readonly text: string;
  readonly bytes: number;
  /** The data that the backend keeps with the event, if the backend needs any. */
  slot: unknown = undefined;
  /** The callback `kept` of `Offer.confirm`. `wereKept` calls it once. */
  onKept: (() => void) | undefined = undefined;

  constructor(
    { visitorId, head, text, bytes }: SerialisedEvent,
    readonly epoch: FlushEpoch,
    /** The time at which the event was accepted, in milliseconds since the epoch. */
    readonly at: number,
  ) {
    this.visitorId = visitorId;
    this.head = head;
    this.text = text;
    this.bytes = bytes;
  }
}

/**
 * Calls `onKept` of these events. To be called once the events outlive this process, or once they are delivered or
 * given up.
 */
export function wereKept(events: readonly QueuedEvent[]): void {
  for (const event of events) {
    const { onKept } = event;
    if (onKept === undefined) continue;
    event.onKept = undefined;
    onKept();
  }
}

/**
 * Removes and returns the first of these events, until they have at least `enough` bytes together. It stops before an
 * event that was accepted after `until`, in milliseconds since the epoch. The first event is taken in any case.
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

/** Milliseconds. An event that is older is not sent: Convert would count it for the wrong day. */
export const MAX_AGE = 72 * 60 * 60 * 1000;

/**
 * True if an event that was accepted at that time is too old to be sent. Both times are in milliseconds since the
 * epoch.
 */
export function isTooOld(acceptedAt: number, now: number): boolean {
  return acceptedAt < now - MAX_AGE;
}
