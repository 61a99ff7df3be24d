/**
 * Keeps the events that wait to be posted, in order: first batches that are posted again, then events that are in no
 * batch yet.
 */
import type { SerialisedEvent } from './payload.js';

export interface BatchLimits {
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
}

export class SendQueue<T extends SerialisedEvent> {
  /** Events that are in no batch yet, the oldest first. */
  readonly #events: T[] = [];
  #bytes = 0;
  /** Batches that failed and are to be posted again. The last one in the array goes first. */
  readonly #batches: T[][] = [];

  constructor(private readonly limits: BatchLimits) {}

  /** Bytes of the events that are in no batch yet. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#batches.length === 0;
  }

  /** True if a batch is to be posted again. */
  get hasBatch(): boolean {
    return this.#batches.length > 0;
  }

  /** True if the events that are in no batch yet fill a batch. */
  get isFull(): boolean {
    const { maxBatchEvents, maxBatchBytes } = this.limits;
    return this.#events.length >= maxBatchEvents || this.#bytes >= maxBatchBytes;
  }

  push(event: T): void {
    this.#events.push(event);
    this.#bytes += event.bytes;
  }

  /** Removes and returns the next batch. `envelope` is the number of bytes that a POST has beside its events. */
  takeBatch(envelope: number): T[] {
    const again = this.#batches.pop();
    if (again !== undefined) return again;
    const { maxBatchEvents, maxBatchBytes } = this.limits;
    let count = 0;
    let bytes = envelope;
    for (const event of this.#events) {
      const fits = count < maxBatchEvents && bytes + event.bytes <= maxBatchBytes;
      if (!fits && count > 0) break;
      count += 1;
      bytes += event.bytes;
    }
    this.#bytes -= bytes - envelope;
    return this.#events.splice(0, count);
  }

  /** Puts batches back at the front of the queue. They are posted before all other events, the last of them first. */
  putBack(batches: readonly T[][]): void {
    this.#batches.push(...batches);
  }

  /** Removes and returns the events for which `isGone` returns true, wherever they are in the queue. */
  remove(isGone: (event: T) => boolean): T[] {
    const gone: T[] = [];
    const stays = (event: T): boolean => !isGone(event) || (gone.push(event), false);
    const batches = this.#batches.splice(0).map((batch) => batch.filter(stays));
    this.#batches.push(...batches.filter((batch) => batch.length > 0));
    const rest = this.#events.splice(0).filter(stays);
    this.#bytes = 0;
    for (const event of rest) this.push(event);
    return gone;
  }

  oldest(): T | undefined {
    return this.#batches.at(-1)?.[0] ?? this.#events[0];
  }

  /** Returns all waiting events, in the order in which they are posted. */
  all(): T[] {
    return [...this.#batches.toReversed().flat(), ...this.#events];
  }
}
