/** An event that an outbox has accepted and that waits to be sent. */
import type { SerialisedEvent } from './payload.js';
import type { Cohort } from './flush-tracker.js';

/** An event that was taken. */
export class QueuedEvent implements SerialisedEvent {
  readonly visitorId: string;
  readonly head: string;
  readonly text: string;
  readonly bytes: number;
  /** Where a shelf has it, if it has several places. */
  place: unknown = undefined;
  /** See `Offer.confirm`; called by `wereKept`, once. */
  onKept: (() => void) | undefined = undefined;

  constructor(
    { visitorId, head, text, bytes }: SerialisedEvent,
    readonly cohort: Cohort,
    /** When it was accepted, in milliseconds since the epoch. */
    readonly at: number,
  ) {
    this.visitorId = visitorId;
    this.head = head;
    this.text = text;
    this.bytes = bytes;
  }
}

/** They would outlive this process now, or it is done with them. */
export function wereKept(events: readonly QueuedEvent[]): void {
  for (const event of events) {
    const { onKept } = event;
    if (onKept === undefined) continue;
    event.onKept = undefined;
    onKept();
  }
}
