/**
 * Keeps events in a Redis that any number of processes share. Each process puts its events there, takes events of any
 * process out again, and sends them.
 */
import { randomBytes } from 'node:crypto';
import { StorageHealth, type HealthTexts } from '../../../delivery/storage-health.js';
import { type OutboxCore, QueueBackendBase } from '../../../delivery/queue-backend.js';
import { type QueuedEvent, wereKept } from '../../../delivery/queued-event.js';
import { codeOf, ConvertError } from '../../../utils/errors.js';
import { hashOf } from '../../../utils/node/hash.js';
import { TimerGroup } from '../../../utils/node/timers.js';
import type { RunScript } from '../client.js';
import { RedisStream } from './event-stream.js';
import { FlushRanges } from './flush-ranges.js';
import { StreamConsumer } from './stream-consumer.js';
import { StreamProducer } from './stream-producer.js';

export interface RedisBackendOptions {
  readonly run: RunScript;
  /** Closes the connection, if it was made for this outbox. Never rejects. */
  readonly close: () => Promise<void>;
  readonly prefix: string;
  /** True if this process sends events, too; false if it only puts them into Redis. */
  readonly drain: boolean;
  /** Bytes of events that may wait in Redis. */
  readonly maxBytes: number;
  /** Bytes of events that may wait in memory. */
  readonly memoryBytes: number;
  readonly beat: number;
  readonly lease: number;
  readonly answerLimit: number;
  readonly bypassAfter: number;
}

/** The time between two attempts to use a Redis that fails, in milliseconds. */
const REDIS_BACKOFF = { min: 250, max: 5_000 };
/** Milliseconds between two questions to Redis how many bytes it holds, while there is no room. */
const SIZE_INTERVAL = 1_000;

/**
 * The time that Redis gets for the last events, before a close: this share of the time until the close. A process that
 * can send them itself waits for so many milliseconds at most.
 */
const LAST_SHARE = 0.3;
const LAST_LIMIT = 1_000;
/** Milliseconds of a close without an answer, at least, after which Redis is not waited for any more. */
const SILENCE = 500;

const met = (code: string): string => `Redis failed (${code})`;
const otherFormats =
  'Redis holds events in the format of another version of this package; they are left to it';
/** Milliseconds between two questions whether other versions keep events in other formats there. */
const FORMATS_INTERVAL = 60_000;
const WRITING: HealthTexts = {
  failing: (code) =>
    `events can not be written to Redis (${code}): they wait in memory until it works again, and are lost with ` +
    'the process',
  worksAgain: 'events are written to Redis again',
  met,
  otherFormats,
};
const READING: HealthTexts = {
  failing: (code) => `events can not be read from Redis (${code}): they wait there until it works again`,
  worksAgain: 'events are read from Redis again',
  met,
  otherFormats,
};

export class RedisBackend extends QueueBackendBase {
  override readonly outlives = true;
  readonly maxBytes: number;
  readonly #options: RedisBackendOptions;
  readonly #name = randomBytes(9).toString('base64url');
  readonly #timers = new TimerGroup();
  readonly #producer: StreamProducer;
  readonly #consumer: StreamConsumer | undefined;
  readonly #flushRanges: FlushRanges;
  readonly #writing: StorageHealth;
  readonly #reading: StorageHealth;
  #stream: RedisStream | undefined;
  /** Bytes of all events of the project in Redis, as far as this process knows. */
  #bytes = 0;
  #isAsking = false;
  /** The number of answers of Redis, but for those that say nothing of its events. */
  #answers = 0;
  /** True if Redis has not answered since the close began: it is not waited for any more. */
  #isSilent = false;

  constructor(core: OutboxCore, options: RedisBackendOptions) {
    super(core);
    this.#options = options;
    this.maxBytes = options.memoryBytes;
    this.#flushRanges = new FlushRanges(core.flushes);
    this.#writing = new StorageHealth(core.ledger, REDIS_BACKOFF, WRITING);
    this.#reading = new StorageHealth(core.ledger, REDIS_BACKOFF, READING);
    const { answerLimit } = options;
    const common = { core, timers: this.#timers, stream: () => this.#streamNow(), answerLimit };
    this.#producer = new StreamProducer({
      ...common,
      health: this.#writing,
      bypassAfter: options.drain ? options.bypassAfter : undefined,
      stored: (events, id) => this.#stored(events, id),
      needless: (commit) => this.#consumer?.discard(commit),
      erased: (hashes, upTo) => this.#consumer?.learn(hashes.map((hash) => ({ hash, upTo, serial: 0 }))),
      heard: (bytes) => this.#heard(bytes),
    });
    if (!options.drain) return;
    this.#consumer = new StreamConsumer({
      ...options,
      ...common,
      health: this.#reading,
      producer: this.#name,
      flushRanges: this.#flushRanges,
      isNeedless: ({ number, id }) => this.#producer.read(number, id),
      heard: ({ bytes, last }, askedAt) => {
        this.#heard(bytes);
        this.#producer.check(last, askedAt);
      },
    });
    this.#consumer.look(0);
  }

  override hasRoom(bytes: number, share: number): boolean {
    if (this.#bytes + this.#producer.bytes + bytes <= this.#options.maxBytes * share) return true;
    this.#askForRoom();
    return false;
  }

  keep(event: QueuedEvent): void {
    this.#producer.keep(event);
  }

  kept(): void {
    this.#producer.plan();
  }

  override finalized(batch: readonly QueuedEvent[]): void {
    this.#consumer?.finalized(batch);
  }

  override cancelled(events: readonly QueuedEvent[]): void {
    this.#consumer?.finalized(events);
  }

  override async erase(visitorIds: ReadonlySet<string>): Promise<void> {
    const hashes = [...visitorIds].map(hashOf);
    const ended = this.#consumer?.erasing(hashes);
    try {
      await this.#producer.erase(visitorIds, hashes);
    } catch (error) {
      throw new ConvertError(
        'CONVERT_SPOOL',
        `Redis was not told that a visitor was forgotten (${codeOf(error)}): events that wait there may be sent; ` +
          'call it again',
        { cause: error },
      );
    } finally {
      ended?.();
    }
  }

  override isOurs(): boolean {
    return this.#consumer?.isOurs() ?? true;
  }

  override hurry(closesIn?: number): void {
    if (closesIn === undefined) this.#producer.hurry();
    else this.#finish(closesIn);
    this.#consumer?.look(0);
  }

  override volatile(): number {
    return this.core.ledger.pending - (this.#consumer?.safe ?? 0);
  }

  override oldest(): QueuedEvent | undefined {
    return this.#producer.oldest;
  }

  override otherFormats(): number {
    return this.#reading.formats;
  }

  override stopReading(): void {
    this.#consumer?.stop();
  }

  override async close(): Promise<void> {
    if (this.#isSilent) return;
    await this.#producer.idle();
    await this.#consumer?.end();
  }

  override closed(): void {
    this.#producer.close();
    this.#consumer?.close();
    this.#writing.end();
    this.#reading.end();
    this.#timers.stop();
    this.core.ledger.spool(this.#consumer?.safe ?? 0);
    void this.#options.close();
  }

  /** Begins the last commit, and asks Redis for a sign of life, before the close in `closesIn` milliseconds. */
  #finish(closesIn: number): void {
    const { drain } = this.#options;
    const before = this.#answers;
    const isFailing = this.#writing.isFailing || this.#reading.isFailing;
    this.#producer.finish();
    if (drain && isFailing) this.#producer.giveUp();
    this.#streamNow()
      ?.size()
      .then(
        (bytes) => this.#heard(bytes),
        () => undefined,
      );
    const share = closesIn * LAST_SHARE;
    const limit = drain ? Math.min(LAST_LIMIT, share) : share;
    if (drain) this.#timers.later(limit, () => this.#producer.giveUp());
    this.#timers.later(Math.max(SILENCE, limit), () => {
      if (this.#answers > before) return;
      this.#isSilent = true;
      this.#endFlushes();
    });
  }

  /**
   * Ends the waits for a Redis that does not answer: for events that it has, and, if this process sends none, for those
   * that it has not taken.
   */
  #endFlushes(): void {
    this.#flushRanges.release(() => true);
    if (!this.#options.drain) this.core.flushes.dissolve();
  }

  #heard(bytes: number): void {
    this.#bytes = bytes;
    this.#answers += 1;
  }

  #streamNow(): RedisStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const project = this.core.project();
    if (project === undefined) return undefined;
    const { run, prefix } = this.#options;
    this.#stream = new RedisStream(run, { prefix, project, producer: this.#name });
    this.#askForFormats(this.#stream);
    return this.#stream;
  }

  #stored(events: readonly QueuedEvent[], id: string): void {
    const { ledger, flushes } = this.core;
    ledger.spool(events.length);
    wereKept(events);
    for (const event of events) {
      this.core.release(event.bytes);
      if (this.#consumer === undefined) flushes.leave(event.epoch);
      else this.#flushRanges.push(event.epoch, id);
    }
    this.#consumer?.look();
  }

  #askForFormats(stream: RedisStream): void {
    stream.otherFormats().then(
      (count) => this.#reading.otherFormats(count),
      () => undefined,
    );
    this.#timers.later(FORMATS_INTERVAL, () => this.#askForFormats(stream));
  }

  /**
   * Asks Redis how many bytes it holds, since other processes may have made room. A process that refuses all events
   * would not hear of it otherwise.
   */
  #askForRoom(): void {
    const stream = this.#streamNow();
    if (this.#isAsking || stream === undefined) return;
    this.#isAsking = true;
    stream
      .size()
      .then(
        (bytes) => (this.#bytes = bytes),
        () => undefined,
      )
      .finally(() => this.#timers.later(SIZE_INTERVAL, () => (this.#isAsking = false)));
  }
}
