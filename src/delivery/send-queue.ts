/**
 * Keeps the events that wait to be posted, in order: first a batch in which refused events are searched for, then
 * batches that are posted again, then events that are in no batch yet.
 */
import { type Certainty, Isolation } from './isolation.js';
import type { SerialisedEvent } from './payload.js';

export interface BatchLimits {
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
}

/** A batch of fewer events is searched together with some others. */
const FEW = 8;

export class SendQueue<T extends SerialisedEvent> {
  /** Events that are in no batch yet, the oldest first. */
  readonly #events: T[] = [];
  #bytes = 0;
  /** Batches that failed and are to be posted again. The last one in the array goes first. */
  readonly #batches: T[][] = [];
  /** The search for refused events in the batch that is posted next; undefined if there is none. */
  #isolation: Isolation<T> | undefined;
  /** The events of `#isolation` that `takeBatch` returned last. */
  #taken: ReadonlySet<T> = new Set();

  constructor(private readonly limits: BatchLimits) {}

  /** Bytes of the events that are in no batch yet. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#batches.length === 0 && this.#isolation === undefined;
  }

  /** True if a batch, or a part of one, is to be posted again. */
  get hasBatch(): boolean {
    return this.#batches.length > 0 || this.#isolation !== undefined;
  }

  /** The search for refused events that is under way. */
  get isolation(): Isolation<T> | undefined {
    return this.#isolation;
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
    const part = this.#isolation?.next() ?? [];
    this.#taken = new Set(part);
    if (part.length > 0) return part;
    this.#isolation = undefined;
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
    this.#batches.push(...batches.filter((batch) => batch.length > 0));
  }

  /** Begins to search for refused events in this batch. `takeBatch` returns parts of it until the search is over. */
  isolate(batch: readonly T[], certainty: Certainty, round: number): void {
    this.#isolation = new Isolation(batch, certainty, round);
    this.#taken = new Set();
  }

  /**
   * Begins to search the batch that failed last, which may hold refused events. A batch of few events is joined by
   * events of other visitors, so that the endpoint has some to take. A single event is not searched.
   */
  isolateNext(round: number): void {
    const batch = this.takeBatch(0);
    if (batch.length < FEW) batch.push(...this.#takeOthers(batch));
    if (batch.length > 1) this.isolate(batch, 'doubtful', round);
    else this.putBack([batch]);
  }

  /** Ends the search for refused events if it has decided on each event. */
  endIsolation(): void {
    this.#taken = new Set();
    if (this.#isolation?.undecided.length === 0) this.#isolation = undefined;
  }

  /**
   * Gives up the search for refused events, and returns those that are neither delivered nor given up, in order,
   * without the part that `takeBatch` returned last.
   */
  abandonIsolation(): T[] {
    const undecided = this.#isolated();
    this.#isolation = undefined;
    return undecided;
  }

  /** Removes and returns some events that are in no batch yet, of visitors who have none in this batch. */
  #takeOthers(batch: readonly T[]): T[] {
    const visitors = new Set(batch.map(({ visitorId }) => visitorId));
    const others = this.#events.filter(({ visitorId }) => !visitors.has(visitorId));
    const taken = new Set(others.slice(0, FEW - batch.length));
    this.#removeWaiting((event) => taken.has(event));
    return [...taken];
  }

  /** Returns the events that newer events may overtake, since they are posted again. */
  postponed(): T[] {
    return [...this.#isolated(), ...this.#batches.toReversed().flat()];
  }

  #isolated(): T[] {
    return this.#isolation?.undecided.filter((event) => !this.#taken.has(event)) ?? [];
  }

  /** Removes and returns the events for which `isGone` returns true, wherever they are in the queue. */
  remove(isGone: (event: T) => boolean): T[] {
    if (this.#isolated().some(isGone)) this.putBack([this.abandonIsolation()]);
    const gone: T[] = [];
    const stays = (event: T): boolean => !isGone(event) || (gone.push(event), false);
    const batches = this.#batches.splice(0).map((batch) => batch.filter(stays));
    this.#batches.push(...batches.filter((batch) => batch.length > 0));
    this.#removeWaiting((event) => !stays(event));
    return gone;
  }

  #removeWaiting(isGone: (event: T) => boolean): void {
    const rest = this.#events.splice(0).filter((event) => !isGone(event));
    this.#bytes = 0;
    for (const event of rest) this.push(event);
  }

  oldest(): T | undefined {
    return this.#isolated()[0] ?? this.#batches.at(-1)?.[0] ?? this.#events[0];
  }

  /** Returns all waiting events, in the order in which they are posted. */
  all(): T[] {
    return [...this.postponed(), ...this.#events];
  }
}
