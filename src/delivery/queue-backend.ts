/**
 * Defines the interface between an outbox, which accepts and counts events, and its backend, which keeps the events
 * until they are sent.
 */
import type { FlushTracker } from './flush-tracker.js';
import type { Ledger } from './ledger.js';
import type { SerialisedEvent } from './payload.js';
import type { QueuedEvent } from './queued-event.js';
import type { Sender } from './sender-types.js';
import type { Transport } from './types.js';

/** The parts of an outbox that its backend may use. */
export interface OutboxCore {
  readonly ledger: Ledger;
  readonly flushes: FlushTracker;
  readonly sender: Sender<QueuedEvent>;
  /**
   * Makes another sender, for a backend that sends by itself. What becomes of its events is counted as of all others.
   * `isFlushing` as in `SenderSink`.
   */
  senderOver(transport: Transport, isFlushing: () => boolean): Sender<QueuedEvent>;
  /** Returns `<account id>-<project id>`; undefined until the project config has arrived. */
  project(): string | undefined;
  /** Bytes of the events that count against the limit of the queue: accepted, and neither finalized nor released. */
  readonly queueBytes: number;
  /**
   * Makes a `QueuedEvent` of an event that was read from disk or Redis. Its bytes count in `queueBytes`, and a flush
   * waits for it.
   */
  adopt(event: SerialisedEvent, at: number): QueuedEvent;
  /**
   * Subtracts bytes from `queueBytes`. Called for events that are in Redis alone now, that another process sends, or
   * that can not be read any more.
   */
  release(bytes: number): void;
  /** Ends these events for this process: `count` puts them into the ledger, and no flush waits for them any more. */
  finalize(events: readonly QueuedEvent[], count: (events: number) => void): void;
  /**
   * Drops events of erased visitors that wait in the sender. If a POST in flight holds such events and fails, it is
   * repeated without them.
   */
  cancel(isErased: (event: QueuedEvent) => boolean): void;
}

/** Keeps confirmed events until they are sent. */
export interface QueueBackend {
  /** True if kept events outlive the process once they are stored. The backend then calls `wereKept` for them. */
  readonly outlives: boolean;
  /** Bytes of events that may wait in the backend. Further events are refused. */
  readonly maxBytes: number;
  /**
   * False if the backend has no room for an event of so many bytes, even if `maxBytes` is not reached. `share` is the
   * share of the room that events of this kind may fill.
   */
  hasRoom(bytes: number, share: number): boolean;
  keep(event: QueuedEvent): void;
  /** Called after `keep` was called for all events that were confirmed together. */
  kept(): void;
  /** Called for events that were delivered or given up: they are never sent again. */
  finalized(batch: readonly QueuedEvent[]): void;
  /**
   * Called instead of `finalized` for dropped events of erased visitors. They may stand anywhere in the queue, and
   * older events may still wait.
   */
  cancelled(events: readonly QueuedEvent[]): void;
  /**
   * Erases visitors: from now on, events of theirs that were accepted up to the time `at` (milliseconds since the
   * epoch) are not given to the sender. The outbox itself cancels the events that the sender holds. See
   * `Outbox.forget`.
   */
  erase(visitorIds: ReadonlySet<string>, at: number): void | Promise<void>;
  /**
   * True if this process may send the events that it holds. False while the backend asks the disk or Redis whether
   * another process has taken these events over; the sender posts nothing meanwhile.
   */
  isOurs(): boolean;
  /**
   * Called when a flush waits for all kept events. With `closesIn`, the backend is closed after so many milliseconds.
   */
  hurry(closesIn?: number): void;
  /**
   * Called before the close: no more events are read from disk or Redis. The events that are in memory are still sent.
   */
  stopReading(): void;
  /** Closes the backend: no more events come. The outbox waits for the promise for one second at most. */
  close(): Promise<void>;
  /**
   * The last call of all. The backend counts the events that outlive the process as spooled; the outbox drops the
   * others afterwards. From now on the backend changes nothing.
   */
  closed(): void;
  /** Returns the oldest kept event that the sender does not have; undefined if there is none. */
  oldest(): QueuedEvent | undefined;
  /** Returns the number of pending events that would be lost if the process died now. */
  volatile(): number;
  /** Returns the number of other formats in which other versions of this package keep events in the same place. */
  otherFormats(): number;
}

/**
 * The base class of backends. Its defaults fit a backend that keeps its events in the memory of the process, where no
 * other process can send them.
 */
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

  otherFormats(): number {
    return 0;
  }
}
