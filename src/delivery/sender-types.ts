/** What a sender is given, what it offers, and whom it tells. */
import type { Backoff } from '../utils/backoff.js';
import type { ConvertError } from '../utils/errors.js';
import type { PayloadOptions, SerialisedEvent } from './payload.js';
import type { Breaker, Destination, Transport } from './types.js';

export interface SenderOptions {
  readonly transport: Transport;
  /** Returns the address to post to; undefined while there is none or nothing may be sent. Never throws. */
  readonly destination: () => Destination | undefined;
  readonly payload: PayloadOptions;
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly backoff: Backoff;
  readonly random: () => number;
}

/** An event that a sender can send. */
export interface Sendable extends SerialisedEvent {
  /** The time at which the event was accepted, in milliseconds since the epoch. */
  readonly at: number;
}

/** The owner of a sender, which is told what became of its events. */
export interface SenderSink<T> {
  delivered(batch: readonly T[]): void;
  rejected(batch: readonly T[], reason: 'refused' | 'too-large'): void;
  /** Called for events that are too old to be sent. */
  expired(batch: readonly T[]): void;
  /** Called for events that were cancelled while their POST was in flight, if that POST was not accepted. */
  cancelled(batch: readonly T[]): void;
  /** Called when delivery begins to fail. Called again only after a success in between. */
  failed(error: ConvertError): void;
  /** Called when delivery works again, with the number of POSTs that failed before. */
  recovered(failedPosts: number): void;
  /** True while a flush waits: the sender does not linger, cuts backoffs short, and keeps the process alive. */
  isFlushing(): boolean;
}

export interface Sender<T> {
  readonly posts: number;
  readonly retries: number;
  readonly lastError: string | undefined;
  /** The state of the sender in a few words, to be printed. */
  readonly state: string;
  readonly breaker: Breaker;
  /** Bytes of the waiting events, without the events of batches that were posted and failed. */
  readonly queuedBytes: number;
  /** Returns the oldest event that waits or is in flight. */
  oldest(): T | undefined;
  /** Returns all events that wait or are in flight, in the order in which they are sent. */
  events(): T[];
  /** Returns the waiting events that newer events may overtake, since the endpoint refused or failed them before. */
  postponed(): T[];
  push(event: T): void;
  /**
   * Plans an attempt to post the events that were pushed. Nothing is posted before the caller's synchronous code has
   * ended.
   */
  start(): void;
  /**
   * Posts the waiting events as soon as possible. A flush that waits cuts a backoff short, but only once within the
   * length of that backoff, however many flushes there are: an app that flushes for each response must not hammer an
   * endpoint that is down. With `last`, the backoff is cut short in any case.
   */
  hurry(options?: { last: boolean }): void;
  /**
   * Removes and returns waiting events that another process sends. A POST in flight goes on, and is repeated if it
   * fails.
   */
  takeBack(isGone: (event: T) => boolean): T[];
  /**
   * Removes and returns waiting events that no process is to send. If a POST in flight holds such events and fails, it
   * is repeated without them.
   */
  cancel(isGone: (event: T) => boolean): T[];
  /** Ends sending for good. Waiting events stay in the sender until they are taken back. */
  stop(): void;
}
