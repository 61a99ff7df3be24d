/**
 * The interface between an outbox, which accepts and counts events, and its backend, which keeps them until they are
 * sent.
 */
import type { FlushTracker } from './flush-tracker.js';
import type { Ledger } from './ledger.js';
import type { SerialisedEvent } from './payload.js';
import type { QueuedEvent } from './queued-event.js';
import type { Sender } from './sender.js';

/** The parts of an outbox that its backend uses. */
export interface OutboxCore {
  readonly ledger: Ledger;
  readonly flushes: FlushTracker;
  readonly sender: Sender<QueuedEvent>;
  /** `<account>-<project>`, once there is one. */
  project(): string | undefined;
  /** Bytes of the events that were accepted and are not finalized. */
  readonly queueBytes: number;
  /** Counts an event that comes from disk or Redis, not from an offer. */
  adopt(event: SerialisedEvent, at: number): QueuedEvent;
  /** Takes the bytes of events that another process finalizes off `queueBytes`. */
  release(bytes: number): void;
  /** This process is done with these events; `count` puts them into the ledger. */
  finalize(events: readonly QueuedEvent[], count: (events: number) => void): void;
  /** Drops events of erased visitors that wait for the sender; a POST in flight is not repeated with them. */
  cancel(isErased: (event: QueuedEvent) => boolean): void;
}

/** Keeps confirmed events until they are sent. */
export interface QueueBackend {
  /** True if kept events outlive the process: `wereKept` is called once they do. */
  readonly outlives: boolean;
  /** Bytes that may wait here; more events are refused. */
  readonly maxBytes: number;
  /** False if there is no room for one more event that may fill such a share of it, whatever `maxBytes` says. */
  hasRoom(bytes: number, share: number): boolean;
  keep(event: QueuedEvent): void;
  /** All events that were confirmed together were kept. */
  kept(): void;
  /** These events were delivered or given up: they are never sent again. */
  finalized(batch: readonly QueuedEvent[]): void;
  /**
   * Does what `finalized` does for erased visitors: their events stand anywhere in the queue, and older ones may wait.
   */
  cancelled(events: readonly QueuedEvent[]): void;
  /**
   * These visitors are erased: their events that were accepted up to that time, in milliseconds since the epoch, are
   * not given to the sender any more. The sender's own are cancelled by the outbox. See `Outbox.forget`.
   */
  erase(visitorIds: ReadonlySet<string>, at: number): void | Promise<void>;
  /** False while it is not known whether the events that were kept here are still ours to send. */
  isOurs(): boolean;
  /** A flush waits for all that was kept; with `closesIn`, the backend is closed after so many milliseconds. */
  hurry(closesIn?: number): void;
  /** Reads no more events of other processes, before the close: those that are in memory are still sent. */
  stopReading(): void;
  /** No more events come. The backend gets a second. */
  close(): Promise<void>;
  /**
   * The last call: events that outlive the process are counted as spooled, the others will be dropped, and nothing
   * changes any more.
   */
  closed(): void;
  /** The oldest event that was not given to the sender. */
  oldest(): QueuedEvent | undefined;
  /** The number of pending events that would be lost with the process. */
  volatile(): number;
}

/** A backend that keeps its events in the memory of the process, where nobody else sends them. */
export abstract class QueueBackendBase implements QueueBackend {
  readonly outlives: boolean = false;
  abstract readonly maxBytes: number;

  constructor(protected readonly core: OutboxCore) {}

  abstract keep(event: QueuedEvent): void;
  abstract kept(): void;

  hasRoom(_bytes: number, _share: number): boolean {
    return true;
  }

  finalized(_batch: readonly QueuedEvent[]): void {}

  cancelled(_events: readonly QueuedEvent[]): void {}

  erase(_visitorIds: ReadonlySet<string>, _at: number): void | Promise<void> {}

  isOurs(): boolean {
    return true;
  }

  hurry(_closesIn?: number): void {}

  stopReading(): void {}

  async close(): Promise<void> {}

  closed(): void {}

  oldest(): QueuedEvent | undefined {
    return undefined;
  }

  volatile(): number {
    return this.core.ledger.pending;
  }
}
