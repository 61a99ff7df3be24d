/**
 * Puts events into the Redis stream, in commits of all events that came within some milliseconds. If Redis has failed
 * for too long, this process sends the events without Redis.
 *
 * The file has over 300 lines since it is one class and its types: storing, erasing and bypassing share one commit.
 */
import { type QueuedEvent, takeBytes } from '../../../delivery/queued-event.js';
import { Bypass } from './bypass.js';
import { MAX_ERASED } from './erased-visitors.js';
import { compareIds, type RedisStream, type StreamPart } from './event-stream.js';

export interface StreamProducerOptions extends StreamPart {
  /**
   * Milliseconds for which Redis fails before events are sent without it; undefined if this process sends no events.
   */
  readonly bypassAfter: number | undefined;
  /** Called when these events are in Redis, in the commit of this id. */
  readonly stored: (events: readonly QueuedEvent[], id: string) => void;
  /**
   * Called with a commit that is in Redis although this process has sent the commit's events without Redis: the commit
   * is to be deleted, so that its events are not sent a second time.
   */
  readonly needless: (commit: { id: string; size: number }) => void;
  /**
   * Called when Redis knows that the visitors of these hashes are erased: their events in commits up to the id `upTo`
   * are not to be sent.
   */
  readonly erased: (hashes: readonly string[], upTo: string) => void;
  /** Called with the bytes of all events in Redis. */
  readonly heard: (bytes: number) => void;
}

/** Milliseconds between two commits of events to Redis. */
const COMMIT_INTERVAL = 3;
/** The bytes of the largest commit. If Redis is slow, commits grow up to this size; if it is fast, they stay small. */
const COMMIT_BYTES = 512 * 1024;
/** The most attempts to store commits that may be without an answer: the client keeps a copy of the commit for each. */
const MAX_OPEN = 3;
/** The most commits that are remembered after they were stored. */
const MAX_RECENT = 1_000;
/** Milliseconds between two questions for the project, until it is known. */
const PROJECT_POLL = 100;

interface Commit {
  readonly number: number;
  readonly events: readonly QueuedEvent[];
  /**
   * Visitors who were erased after the commit was made. The commit stays as it is, since Redis may have it already. If
   * its events are sent without Redis, the events of these visitors are dropped.
   */
  readonly erased: Set<string>;
}

/** Erased visitors of whom Redis does not know yet. */
interface PendingErasure {
  readonly hashes: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A commit that Redis has confirmed. */
interface Recent {
  readonly number: number;
  readonly id: string;
  readonly events: number;
  /** The time, by performance.now(), at which Redis confirmed the commit. */
  readonly at: number;
}

export class StreamProducer {
  readonly #options: StreamProducerOptions;
  #buffer: QueuedEvent[] = [];
  #bufferBytes = 0;
  #next = 0;
  /** The commit that was made and is not known to be in Redis. */
  #commit: Commit | undefined;
  #storing: Promise<void> | undefined;
  #open = 0;
  #committedAt = -Infinity;
  #isDue = false;
  readonly #bypass: Bypass;
  /** The commits of this process that are in Redis and were not read back here, by number. */
  readonly #recent = new Map<number, Recent>();
  readonly #erasures = new Set<PendingErasure>();
  #isLast = false;
  #isGivenUp = false;
  /** True after the close: an answer of Redis changes nothing any more. */
  #isClosed = false;

  constructor(options: StreamProducerOptions) {
    this.#options = options;
    this.#bypass = new Bypass(options.bypassAfter);
  }

  /** Bytes of the events that are not in Redis yet. */
  get bytes(): number {
    return this.#bufferBytes;
  }

  get oldest(): QueuedEvent | undefined {
    return this.#commit?.events[0] ?? this.#buffer[0];
  }

  keep(event: QueuedEvent): void {
    this.#buffer.push(event);
    this.#bufferBytes += event.bytes;
  }

  /**
   * Drops the waiting events of these visitors. Resolves once Redis knows of the erasure; Redis is told before it gets
   * any event that was kept later. Rejects if Redis does not answer in time.
   */
  async erase(visitorIds: ReadonlySet<string>, hashes: readonly string[]): Promise<void> {
    const isGone = ({ visitorId }: QueuedEvent): boolean => visitorIds.has(visitorId);
    this.#drop(this.#buffer.filter(isGone));
    this.#buffer = this.#buffer.filter((event) => !isGone(event));
    for (const id of visitorIds) this.#commit?.erased.add(id);
    if (this.#isClosed) throw closed();
    const { timers, answerLimit } = this.#options;
    const told = new Promise<void>((resolve, reject) => {
      this.#erasures.add({ hashes, resolve, reject });
    });
    this.start();
    await timers.within(answerLimit, told);
  }

  /** Plans a commit of the kept events. */
  plan(): void {
    if (this.#isGivenUp) this.#sendWithoutRedis();
    if (this.#isDue || this.#storing !== undefined || !this.#hasWork) return;
    this.#isDue = true;
    const { health, timers, stream } = this.#options;
    const wait = health.isFailing ? health.delay : COMMIT_INTERVAL;
    const due = this.#committedAt + wait - performance.now();
    timers.later(stream() === undefined ? PROJECT_POLL : Math.max(0, due), () => {
      this.#isDue = false;
      this.start();
    });
  }

  /** Begins a commit of the kept events at once, unless Redis fails and is left alone for a while. */
  hurry(): void {
    if (this.#options.health.isFailing) this.plan();
    else this.start();
  }

  /** Begins the last commit, before the close. If it fails, this process sends its events without Redis. */
  finish(): void {
    this.#isLast = true;
    this.start();
  }

  /** Called before the close, if Redis takes too long: events that are kept, now or later, are sent without Redis. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#sendWithoutRedis();
  }

  start(): void {
    const stream = this.#options.stream();
    if (this.#storing !== undefined || !this.#hasWork) return;
    this.#committedAt = performance.now();
    if (this.#open >= MAX_OPEN) this.#bypassIfDue();
    if (stream === undefined || this.#open >= MAX_OPEN) return this.plan();
    // Redis gets a commit that is made already before it is told of the erasure, and later events after that.
    const isNext = this.#commit === undefined && this.#erasures.size > 0;
    this.#storing = (isNext ? this.#tellErased(stream) : this.#store(stream)).finally(() => {
      this.#storing = undefined;
      this.plan();
    });
  }

  /** Resolves when no attempt to store events is under way. */
  async idle(): Promise<void> {
    await this.#storing;
  }

  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#erasures) reject(closed());
    this.#erasures.clear();
  }

  /**
   * Called with a commit of this process that was read back here. Returns true if its events were sent already and are
   * not to be sent again.
   */
  read(number: number, id: string): boolean {
    const isNeedless = this.#confirm(number, id) === 'needless';
    this.#recent.delete(number);
    return isNeedless;
  }

  #confirm(number: number, id: string): 'stored' | 'known' | 'needless' {
    if (this.#bypass.take(number)) return 'needless';
    const commit = this.#commit;
    if (commit?.number !== number) return 'known';
    this.#commit = undefined;
    for (const event of commit.events) this.#bufferBytes -= event.bytes;
    remember(this.#recent, number, { number, id, events: commit.events.length, at: performance.now() });
    this.#options.stored(commit.events, id);
    return 'stored';
  }

  get #hasWork(): boolean {
    return this.#commit !== undefined || this.#buffer.length > 0 || this.#erasures.size > 0;
  }

  async #store(stream: RedisStream): Promise<void> {
    const { health, timers, answerLimit } = this.#options;
    const commit = (this.#commit ??= {
      number: this.#next++,
      events: takeBytes(this.#buffer, COMMIT_BYTES),
      erased: new Set<string>(),
    });
    try {
      await timers.within(answerLimit, this.#append(stream, commit));
      this.#bypass.succeeded();
      health.succeeded();
    } catch (error) {
      this.#bypass.failed(this.#committedAt);
      health.failed(error);
      this.#bypassIfDue();
    }
  }

  async #tellErased(stream: RedisStream): Promise<void> {
    const { timers, answerLimit, erased } = this.#options;
    const asked = [...this.#erasures];
    const hashes = asked.flatMap((each) => each.hashes);
    try {
      const upTo = await timers.within(answerLimit, stream.erase(hashes, MAX_ERASED));
      erased(hashes, upTo);
      for (const { resolve } of asked) resolve();
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      for (const each of asked) this.#erasures.delete(each);
    }
  }

  /** Appends a commit to the stream. An answer that comes after the time limit counts, too. */
  async #append(stream: RedisStream, { number, events }: Commit): Promise<void> {
    this.#open += 1;
    try {
      const askedAt = performance.now();
      const { id, size, bytes, previous, last } = await stream.append(number, events[0]!.at, events);
      if (this.#isClosed) return;
      this.#options.heard(bytes);
      this.check(last, askedAt);
      // If Redis knows an earlier commit of this process (`previous`), the commits between that one and this one are
      // lost. If it knows none, nothing follows.
      if (previous !== undefined) this.#missing((each) => each.number > previous && each.number < number);
      if (this.#confirm(number, id) === 'needless') this.#options.needless({ id, size });
    } finally {
      this.#open -= 1;
    }
  }

  /**
   * Finds out whether Redis has lost commits of this process. `last` is the id of the last commit in Redis, which was
   * asked for it at the time `askedAt`, by performance.now().
   */
  check(last: string, askedAt: number): void {
    this.#missing(({ id, at }) => at < askedAt && compareIds(id, last) > 0);
  }

  /** Counts commits that Redis had confirmed and has lost: Redis may have failed over, or have been emptied. */
  #missing(isMissing: (recent: Recent) => boolean): void {
    const { core, health } = this.#options;
    let lost = 0;
    for (const each of this.#recent.values()) {
      if (!isMissing(each)) continue;
      lost += each.events;
      this.#recent.delete(each.number);
    }
    if (lost === 0) return;
    health.tell(`Redis has lost ${lost} events that it had taken: a failover, or it keeps nothing on disk`);
    core.ledger.spool(-lost);
    core.ledger.drop(lost, 'corrupt');
  }

  #bypassIfDue(): void {
    if (this.#isLast || this.#bypass.isDue) this.#sendWithoutRedis();
  }

  #drop(erased: readonly QueuedEvent[]): void {
    if (erased.length === 0) return;
    const { core } = this.#options;
    for (const { bytes } of erased) this.#bufferBytes -= bytes;
    core.finalize(erased, (count) => core.ledger.drop(count, 'forgotten'));
  }

  #sendWithoutRedis(): void {
    const { core } = this.#options;
    if (!this.#bypass.isAllowed) return;
    const commit = this.#commit;
    if (commit !== undefined) this.#bypass.add(commit.number);
    const isErased = ({ visitorId }: QueuedEvent): boolean => commit?.erased.has(visitorId) === true;
    const committed = commit?.events ?? [];
    this.#drop(committed.filter(isErased));
    const events = [...committed.filter((event) => !isErased(event)), ...this.#buffer];
    this.#commit = undefined;
    this.#buffer = [];
    this.#bufferBytes = 0;
    for (const event of events) core.sender.push(event);
    core.sender.start();
  }
}

const closed = (): Error => Object.assign(new Error('the outbox is closed'), { code: 'ECLOSED' });

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_RECENT) map.delete(oldest!);
}
