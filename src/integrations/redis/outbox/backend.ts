/** Keeps events in a Redis that any number of processes share, and sends what is there, unless others do. */
import { randomBytes } from 'node:crypto';
import { HealthReporter, type HealthTexts } from '../../../delivery/health-reporter.js';
import type { OutboxCore, QueueBackend } from '../../../delivery/outbox.js';
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
  readonly prefix: string;
  /** This process sends, too. */
  readonly drain: boolean;
  /** Bytes that may wait in Redis. */
  readonly maxBytes: number;
  /** Bytes that may wait in memory. */
  readonly memoryBytes: number;
  readonly beat: number;
  readonly lease: number;
  readonly answerLimit: number;
  readonly bypassAfter: number;
}

/** Milliseconds between two attempts on a Redis that fails. */
const REDIS_BACKOFF = { min: 250, max: 5_000 };
/** Milliseconds between two looks at how full it is, where there is no room. */
const SIZE_INTERVAL = 1_000;

const met = (code: string): string => `Redis failed (${code})`;
const WRITING: HealthTexts = {
  failing: (code) =>
    `events can not be written to Redis (${code}): they wait in memory until it works again, and are lost with the process`,
  worksAgain: 'events are written to Redis again',
  met,
};
const READING: HealthTexts = {
  failing: (code) => `events can not be read from Redis (${code}): they wait there until it works again`,
  worksAgain: 'events are read from Redis again',
  met,
};

export class RedisBackend implements QueueBackend {
  readonly outlives = true;
  readonly #core: OutboxCore;
  readonly #options: RedisBackendOptions;
  readonly #producer = randomBytes(9).toString('base64url');
  readonly #timers = new TimerGroup();
  readonly #appender: StreamProducer;
  readonly #drainer: StreamConsumer | undefined;
  readonly #awaited: FlushRanges;
  readonly #writing: HealthReporter;
  readonly #reading: HealthReporter;
  #stream: RedisStream | undefined;
  /** What all processes have there, as far as is known. */
  #bytes = 0;
  #isAsking = false;

  constructor(core: OutboxCore, options: RedisBackendOptions) {
    this.#core = core;
    this.#options = options;
    this.#awaited = new FlushRanges(core.flushes);
    this.#writing = new HealthReporter(core.ledger, REDIS_BACKOFF, WRITING);
    this.#reading = new HealthReporter(core.ledger, REDIS_BACKOFF, READING);
    const { answerLimit } = options;
    const common = { core, timers: this.#timers, stream: () => this.#streamNow(), answerLimit };
    this.#appender = new StreamProducer({
      ...common,
      trouble: this.#writing,
      bypassAfter: options.drain ? options.bypassAfter : undefined,
      stored: (events, id) => this.#stored(events, id),
      needless: (commit) => this.#drainer?.discard(commit),
      forgotten: (hashes, upTo) => this.#drainer?.learn(hashes.map((hash) => ({ hash, upTo, serial: 0 }))),
      heard: (bytes) => (this.#bytes = bytes),
    });
    if (!options.drain) return;
    this.#drainer = new StreamConsumer({
      ...options,
      ...common,
      trouble: this.#reading,
      producer: this.#producer,
      awaited: this.#awaited,
      isNeedless: ({ number, id }) => this.#appender.read(number, id),
      heard: ({ bytes, last }, askedAt) => {
        this.#bytes = bytes;
        this.#appender.check(last, askedAt);
      },
    });
    this.#drainer.look(0);
  }

  hasRoom(bytes: number, share: number): boolean {
    if (this.#bytes + this.#appender.bytes + bytes <= this.#options.maxBytes * share) return true;
    this.#askForRoom();
    return false;
  }

  keep(event: QueuedEvent): void {
    this.#appender.keep(event);
  }

  kept(): void {
    this.#appender.plan();
  }

  finalized(batch: readonly QueuedEvent[]): void {
    this.#drainer?.settle(batch);
  }

  cancelled(events: readonly QueuedEvent[]): void {
    this.#drainer?.settle(events);
  }

  async forget(visitorIds: ReadonlySet<string>): Promise<void> {
    const hashes = [...visitorIds].map(hashOf);
    const told = this.#drainer?.forgetting(hashes);
    try {
      await this.#appender.forget(visitorIds, hashes);
    } catch (error) {
      throw new ConvertError(
        'CONVERT_SPOOL',
        `Redis was not told that a visitor was forgotten (${codeOf(error)}): events that wait there may be sent; call it again`,
        { cause: error },
      );
    } finally {
      told?.();
    }
  }

  isOurs(): boolean {
    return this.#drainer?.isOurs() ?? true;
  }

  hurry(closesIn?: number): void {
    if (closesIn === undefined) this.#appender.hurry();
    else this.#appender.finish(closesIn);
    this.#drainer?.look(0);
  }

  volatile(): number {
    return this.#core.ledger.pending - (this.#drainer?.safe ?? 0);
  }

  oldest(): QueuedEvent | undefined {
    return this.#appender.oldest;
  }

  async close(): Promise<void> {
    this.#drainer?.stop();
    await this.#appender.idle();
    await this.#drainer?.end();
  }

  closed(): void {
    this.#appender.close();
    this.#drainer?.close();
    this.#writing.end();
    this.#reading.end();
    this.#timers.stop();
    this.#core.ledger.spool(this.#drainer?.safe ?? 0);
  }

  #streamNow(): RedisStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const project = this.#core.project();
    if (project === undefined) return undefined;
    const { run, prefix } = this.#options;
    return (this.#stream = new RedisStream(run, { prefix, project, producer: this.#producer }));
  }

  #stored(events: readonly QueuedEvent[], id: string): void {
    const { ledger, flushes: waiting } = this.#core;
    ledger.spool(events.length);
    wereKept(events);
    for (const event of events) {
      this.#core.release(event.bytes);
      if (this.#drainer === undefined) waiting.leave(event.epoch);
      else this.#awaited.push(event.epoch, id);
    }
    this.#drainer?.look();
  }

  /** Others may have made some; who only refuses never hears of it. */
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
