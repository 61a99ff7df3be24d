import { type QueuedEvent, takeBytes } from '../../../delivery/queued-event.js';
import { MAX_FORGOTTEN } from './erased-visitors.js';
import { compareIds, type RedisStream, type StreamPart } from './event-stream.js';

export interface StreamProducerOptions extends StreamPart {
  /** Milliseconds of failure after which events go without Redis; undefined where this process sends nothing. */
  readonly bypassAfter: number | undefined;
  /** They are in Redis under this id. */
  readonly stored: (events: readonly QueuedEvent[], id: string) => void;
  /** It is in Redis, and was sent from here all the same. */
  readonly needless: (commit: { id: string; size: number }) => void;
  /** Redis knows that visitors of these hashes were forgotten, up to this commit. */
  readonly forgotten: (hashes: readonly string[], upTo: string) => void;
  /** Of all that is in Redis. */
  readonly heard: (bytes: number) => void;
}

/** Milliseconds between two commits. */
const COMMIT_INTERVAL = 3;
/** What is waiting for a slow Redis goes in large ones; a fast one makes small ones. */
const COMMIT_BYTES = 512 * 1024;
/** Milliseconds that Redis may take for the last one. */
const LAST_LIMIT = 1_000;
const LAST_SHARE = 0.3;
/** Attempts that may be without an answer: each is a copy of a commit, in the client. */
const MAX_OPEN = 3;
/** Commits of which it is remembered what became of them. */
const MAX_RECENT = 1_000;
/** Milliseconds: how often to ask for the project. */
const PROJECT_POLL = 100;

interface Commit {
  readonly number: number;
  readonly events: readonly QueuedEvent[];
  /** Visitors who were forgotten since: it stays what it is, for Redis may have it, but goes no other way with them. */
  readonly forgotten: Set<string>;
}

/** Visitors of whom Redis does not know that they were forgotten. */
interface Forgetting {
  readonly hashes: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A commit that Redis has said it has. */
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
  /** Made, and not known to be in Redis. */
  #commit: Commit | undefined;
  #storing: Promise<void> | undefined;
  #open = 0;
  #committedAt = -Infinity;
  #isDue = false;
  /** By performance.now(). */
  #failingSince: number | undefined;
  /** Numbers of commits that may be in Redis, too, and were sent from here. */
  readonly #bypassed = new Set<number>();
  /** Of ours, not read back here, by number. */
  readonly #recent = new Map<number, Recent>();
  readonly #forgettings = new Set<Forgetting>();
  #isLast = false;
  /** What Redis says after that changes nothing here. */
  #isClosed = false;

  constructor(options: StreamProducerOptions) {
    this.#options = options;
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
   * Takes visitors out of what waits, and resolves once Redis knows of it: before it gets anything that was kept later. Rejects
   * where it does not hear of it in time.
   */
  async forget(visitorIds: ReadonlySet<string>, hashes: readonly string[]): Promise<void> {
    const isGone = ({ visitorId }: QueuedEvent): boolean => visitorIds.has(visitorId);
    this.#drop(this.#buffer.filter(isGone));
    this.#buffer = this.#buffer.filter((event) => !isGone(event));
    for (const id of visitorIds) this.#commit?.forgotten.add(id);
    if (this.#isClosed) throw closed();
    const { timers, answerLimit } = this.#options;
    const told = new Promise<void>((resolve, reject) => {
      this.#forgettings.add({ hashes, resolve, reject });
    });
    this.start();
    await timers.within(answerLimit, told);
  }

  /** Sees to it that what was kept is stored soon. */
  plan(): void {
    if (this.#isDue || this.#storing !== undefined || !this.#hasWork) return;
    this.#isDue = true;
    const { trouble, timers, stream } = this.#options;
    const wait = trouble.isFailing ? trouble.delay : COMMIT_INTERVAL;
    const due = this.#committedAt + wait - performance.now();
    timers.later(stream() === undefined ? PROJECT_POLL : Math.max(0, due), () => {
      this.#isDue = false;
      this.start();
    });
  }

  /** Stores at once, unless Redis is left alone for a while. */
  hurry(): void {
    if (this.#options.trouble.isFailing) this.plan();
    else this.start();
  }

  /** Stores at once, for the last time: what Redis does not take in a part of these milliseconds goes without it. */
  finish(closesIn: number): void {
    this.#isLast = true;
    if (this.#options.trouble.isFailing) this.#bypass();
    this.start();
    this.#options.timers.later(Math.min(LAST_LIMIT, closesIn * LAST_SHARE), () => this.#bypass());
  }

  start(): void {
    const stream = this.#options.stream();
    if (this.#storing !== undefined || !this.#hasWork) return;
    this.#committedAt = performance.now();
    if (this.#open >= MAX_OPEN) this.#bypassIfDue();
    if (stream === undefined || this.#open >= MAX_OPEN) return this.plan();
    // What is kept now is of after it; what is on its way, of before.
    const isNext = this.#commit === undefined && this.#forgettings.size > 0;
    this.#storing = (isNext ? this.#tellForgotten(stream) : this.#store(stream)).finally(() => {
      this.#storing = undefined;
      this.plan();
    });
  }

  /** Until what is being stored is, or is not. */
  async idle(): Promise<void> {
    await this.#storing;
  }

  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#forgettings) reject(closed());
    this.#forgettings.clear();
  }

  /** A commit of ours was read here under this id. True where it was sent already, and is not to be sent again. */
  read(number: number, id: string): boolean {
    const isNeedless = this.#confirm(number, id) === 'needless';
    this.#recent.delete(number);
    return isNeedless;
  }

  #confirm(number: number, id: string): 'stored' | 'known' | 'needless' {
    if (this.#bypassed.delete(number)) return 'needless';
    const commit = this.#commit;
    if (commit?.number !== number) return 'known';
    this.#commit = undefined;
    for (const event of commit.events) this.#bufferBytes -= event.bytes;
    remember(this.#recent, number, { number, id, events: commit.events.length, at: performance.now() });
    this.#options.stored(commit.events, id);
    return 'stored';
  }

  get #hasWork(): boolean {
    return this.#commit !== undefined || this.#buffer.length > 0 || this.#forgettings.size > 0;
  }

  async #store(stream: RedisStream): Promise<void> {
    const { trouble, timers, answerLimit } = this.#options;
    const commit = (this.#commit ??= {
      number: this.#next++,
      events: takeBytes(this.#buffer, COMMIT_BYTES),
      forgotten: new Set<string>(),
    });
    try {
      await timers.within(answerLimit, this.#append(stream, commit));
      this.#failingSince = undefined;
      trouble.worksAgain();
    } catch (error) {
      this.#failingSince ??= this.#committedAt;
      trouble.failed(error);
      this.#bypassIfDue();
    }
  }

  async #tellForgotten(stream: RedisStream): Promise<void> {
    const { timers, answerLimit, forgotten } = this.#options;
    const asked = [...this.#forgettings];
    const hashes = asked.flatMap((each) => each.hashes);
    try {
      const upTo = await timers.within(answerLimit, stream.forget(hashes, MAX_FORGOTTEN));
      forgotten(hashes, upTo);
      for (const { resolve } of asked) resolve();
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      for (const each of asked) this.#forgettings.delete(each);
    }
  }

  /** What comes late counts, too. */
  async #append(stream: RedisStream, { number, events }: Commit): Promise<void> {
    this.#open += 1;
    try {
      const askedAt = performance.now();
      const { id, size, bytes, previous, last } = await stream.append(number, events[0]!.at, events);
      if (this.#isClosed) return;
      this.#options.heard(bytes);
      this.check(last, askedAt);
      // Others may have added more since. Where Redis does not know any more which was ours, that says nothing.
      if (previous !== undefined) this.#missing((each) => each.number > previous && each.number < number);
      if (this.#confirm(number, id) === 'needless') this.#options.needless({ id, size });
    } finally {
      this.#open -= 1;
    }
  }

  /** Redis says which one was the last that it took, of all; it was asked at this time, by performance.now(). */
  check(last: string, askedAt: number): void {
    this.#missing(({ id, at }) => at < askedAt && compareIds(id, last) > 0);
  }

  /** A Redis that failed over, or was emptied, may not have what it had said it has. */
  #missing(isMissing: (recent: Recent) => boolean): void {
    const { core, trouble } = this.#options;
    let lost = 0;
    for (const each of this.#recent.values()) {
      if (!isMissing(each)) continue;
      lost += each.events;
      this.#recent.delete(each.number);
    }
    if (lost === 0) return;
    trouble.tell(`Redis has lost ${lost} events that it had taken: a failover, or it keeps nothing on disk`);
    core.ledger.spool(-lost);
    core.ledger.drop(lost, 'corrupt');
  }

  #bypassIfDue(): void {
    const { bypassAfter = Infinity } = this.#options;
    const failingFor = performance.now() - (this.#failingSince ?? Infinity);
    if (this.#isLast || failingFor >= bypassAfter) this.#bypass();
  }

  #drop(forgotten: readonly QueuedEvent[]): void {
    if (forgotten.length === 0) return;
    const { core } = this.#options;
    for (const { bytes } of forgotten) this.#bufferBytes -= bytes;
    core.finalize(forgotten, (count) => core.ledger.drop(count, 'forgotten'));
  }

  #bypass(): void {
    const { bypassAfter, core } = this.#options;
    if (bypassAfter === undefined) return;
    const commit = this.#commit;
    if (commit !== undefined) {
      this.#bypassed.add(commit.number);
      const [oldest] = this.#bypassed;
      if (this.#bypassed.size > MAX_RECENT) this.#bypassed.delete(oldest!);
    }
    const isForgotten = ({ visitorId }: QueuedEvent): boolean => commit?.forgotten.has(visitorId) === true;
    const committed = commit?.events ?? [];
    this.#drop(committed.filter(isForgotten));
    const events = [...committed.filter((event) => !isForgotten(event)), ...this.#buffer];
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
