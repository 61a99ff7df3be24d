/**
 * Puts events into the Redis stream, in commits of all events that came within some milliseconds. While Redis fails,
 * the events are given to the sender of this process.
 */
import { type QueuedEvent, takeBytes } from '../../../delivery/queued-event.js';
import { Bypass } from './bypass.js';
import { MAX_ERASED } from './erased-visitors.js';
import { compareIds, type RedisStream, type StreamPart } from './event-stream.js';

export interface StreamProducerOptions extends StreamPart {
  /** Milliseconds of failure after which events go without Redis; undefined if this process sends no events. */
  readonly bypassAfter: number | undefined;
  /** These events are in Redis under this id. */
  readonly stored: (events: readonly QueuedEvent[], id: string) => void;
  /** This commit is in Redis, but its events were sent from here all the same. */
  readonly needless: (commit: { id: string; size: number }) => void;
  /** Redis knows that visitors of these hashes are erased, up to this commit. */
  readonly erased: (hashes: readonly string[], upTo: string) => void;
  /** The bytes of all events in Redis. */
  readonly heard: (bytes: number) => void;
}

/** Milliseconds between two commits. */
const COMMIT_INTERVAL = 3;
/** The largest commit: with a slow Redis commits grow up to this, with a fast one they stay small. */
const COMMIT_BYTES = 512 * 1024;
/** Milliseconds that Redis may take for the last commit, and the share of the time to the close. */
const LAST_LIMIT = 1_000;
const LAST_SHARE = 0.3;
/** Attempts that may be without an answer: the client keeps a copy of the commit for each. */
const MAX_OPEN = 3;
/** Commits that are remembered after they were stored. */
const MAX_RECENT = 1_000;
/** Milliseconds: how often to ask for the project. */
const PROJECT_POLL = 100;

interface Commit {
  readonly number: number;
  readonly events: readonly QueuedEvent[];
  /**
   * Visitors who were erased since. The commit stays as it is, since Redis may have it; if it is bypassed, their
   * events are dropped.
   */
  readonly erased: Set<string>;
}

/** Erased visitors that Redis does not know of. */
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
  /** By performance.now(). */
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
  /** Our commits in Redis that were not read back here, by number. */
  readonly #recent = new Map<number, Recent>();
  readonly #erasures = new Set<PendingErasure>();
  #isLast = false;
  /** After the close, an answer of Redis changes nothing. */
  #isClosed = false;

  constructor(options: StreamProducerOptions) {
    this.#options = options;
    this.#bypass = new Bypass(options.bypassAfter);
  }

  /** Bytes that wait for Redis. */
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
   * Drops the events of these visitors that wait, and resolves once Redis knows of the erasure: before it gets any
   * event that was kept later. Rejects if Redis does not answer in time.
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

  /** Stores the kept events soon. */
  plan(): void {
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

  /** Stores at once, unless Redis fails and is left alone for a while. */
  hurry(): void {
    if (this.#options.health.isFailing) this.plan();
    else this.start();
  }

  /**
   * Stores for the last time: events that Redis does not take within a share of these milliseconds are sent from
   * here.
   */
  finish(closesIn: number): void {
    this.#isLast = true;
    if (this.#options.health.isFailing) this.#sendWithoutRedis();
    this.start();
    this.#options.timers.later(Math.min(LAST_LIMIT, closesIn * LAST_SHARE), () => this.#sendWithoutRedis());
  }

  start(): void {
    const stream = this.#options.stream();
    if (this.#storing !== undefined || !this.#hasWork) return;
    this.#committedAt = performance.now();
    if (this.#open >= MAX_OPEN) this.#bypassIfDue();
    if (stream === undefined || this.#open >= MAX_OPEN) return this.plan();
    // Events that are kept from now on come after the erasure; a commit that is made already comes before it.
    const isNext = this.#commit === undefined && this.#erasures.size > 0;
    this.#storing = (isNext ? this.#tellErased(stream) : this.#store(stream)).finally(() => {
      this.#storing = undefined;
      this.plan();
    });
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    await this.#storing;
  }

  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#erasures) reject(closed());
    this.#erasures.clear();
  }

  /** A commit of ours was read back here. Returns true if its events were sent already and are not to be sent again. */
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

  /** An answer that comes after the time limit counts, too. */
  async #append(stream: RedisStream, { number, events }: Commit): Promise<void> {
    this.#open += 1;
    try {
      const askedAt = performance.now();
      const { id, size, bytes, previous, last } = await stream.append(number, events[0]!.at, events);
      if (this.#isClosed) return;
      this.#options.heard(bytes);
      this.check(last, askedAt);
      // Commits of ours after that one are lost. If Redis knows none of ours any more, that says nothing.
      if (previous !== undefined) this.#missing((each) => each.number > previous && each.number < number);
      if (this.#confirm(number, id) === 'needless') this.#options.needless({ id, size });
    } finally {
      this.#open -= 1;
    }
  }

  /** `last` is the id of the last commit in Redis, which was asked at this time, by performance.now(). */
  check(last: string, askedAt: number): void {
    this.#missing(({ id, at }) => at < askedAt && compareIds(id, last) > 0);
  }

  /** After a failover, or if it was emptied, Redis may not have commits that it had confirmed. */
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
