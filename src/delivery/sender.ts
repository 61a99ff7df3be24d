/**
 * Posts events to the tracking endpoint, one batch at a time, in order, until each event is delivered or rejected.
 *
 * A batch is taken out of the queue before it is posted and stays as it is: events that come meanwhile wait for the
 * next batch, and a batch that failed is posted again before any newer event. So no event is sent twice if no POST
 * fails. If a POST fails and it is not known whether it arrived, one batch at most is sent twice. The events of a
 * visitor stay in order.
 *
 * The file has over 300 lines since it is one class: every outcome of a POST changes the same state.
 */
import { HealthReporter } from '../utils/health-reporter.js';
import { AttemptPlan } from './attempt-plan.js';
import type { Isolation } from './isolation.js';
import { envelopeBytes } from './payload.js';
import { postBatch, type PostResult } from './post-batch.js';
import { deliveryError, type PostOutcome } from './post-outcome.js';
import { isTooOld } from './queued-event.js';
import {
  afterFailure,
  afterRefusal,
  cutShort,
  nextAttemptAt,
  NO_RETRY,
  postponedUntil,
} from './retry-schedule.js';
import { SendQueue } from './send-queue.js';
import { breakerOf, describeState, type SenderState } from './sender-state.js';
import type { Sendable, Sender, SenderOptions, SenderSink } from './sender-types.js';
import type { Breaker, Destination } from './types.js';

/** The number of refusals of one batch, in a row, that blame no event, until refused events are searched for. */
const REFUSALS = 3;

/** Milliseconds until the sender asks again whether there is a destination. */
const DESTINATION_POLL = 100;
/** Milliseconds by which a timer may fire too early, by performance.now(), without being set a second time. */
const TIMER_TOLERANCE = 0.5;

export function createSender<T extends Sendable>(options: SenderOptions, sink: SenderSink<T>): Sender<T> {
  return new BatchSender(options, sink);
}

class BatchSender<T extends Sendable> implements Sender<T> {
  posts = 0;
  retries = 0;
  lastError: string | undefined;
  readonly #queue: SendQueue<T>;
  readonly #state: SenderState = { post: 'none', retry: NO_RETRY, lifecycle: 'open' };
  readonly #health = new HealthReporter();
  readonly #plan = new AttemptPlan(() => this.#attempt());
  /** The batch of the POST in flight. */
  #batch: readonly T[] = [];
  /** Events of the batch in flight that are not posted again if the POST fails. */
  readonly #cancelled = new Set<T>();
  /** The number of refusals that blame no event since the last delivery or search. */
  #refusals = 0;
  /** The number of searches since the last delivery in which the endpoint refused everything. */
  #fruitless = 0;
  /** The time at which the last POST ended, by performance.now(). */
  #postEnd = -Infinity;

  constructor(
    private readonly options: SenderOptions,
    private readonly sink: SenderSink<T>,
  ) {
    this.#queue = new SendQueue(options);
  }

  get breaker(): Breaker {
    return breakerOf(this.#state);
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get state(): string {
    return describeState(this.#state, performance.now());
  }

  oldest(): T | undefined {
    return this.#batch[0] ?? this.#queue.oldest();
  }

  events(): T[] {
    return [...this.#batch, ...this.#queue.all()];
  }

  postponed(): T[] {
    return this.#queue.postponed();
  }

  push(event: T): void {
    this.#queue.push(event);
  }

  start(): void {
    // Under load an attempt is planned already, and only a full batch can bring it forward.
    if (this.#state.post === 'in-flight' || this.#plan.isNow) return;
    if (this.#plan.isPlanned && !this.#queue.isFull) return;
    this.#planAttempt();
  }

  hurry(how?: { last: boolean }): void {
    const now = performance.now();
    const { retry } = this.#state;
    if (how?.last && retry.notBefore > now) this.#state.retry = cutShort(retry, now);
    this.#planAttempt();
  }

  takeBack(isGone: (event: T) => boolean): T[] {
    return this.#queue.remove(isGone);
  }

  cancel(isGone: (event: T) => boolean): T[] {
    for (const event of this.#batch) if (isGone(event)) this.#cancelled.add(event);
    return this.#queue.remove(isGone);
  }

  stop(): void {
    this.#state.lifecycle = 'stopped';
    this.#plan.cancel();
  }

  /** Returns the time at which the next attempt is due, by performance.now(); undefined if there is none. */
  #nextAttempt(now: number): number | undefined {
    const { post, retry, lifecycle } = this.#state;
    if (lifecycle === 'stopped' || post === 'in-flight' || this.#queue.isEmpty) return undefined;
    const lingers = !this.#queue.hasBatch && !this.#queue.isFull;
    const lingerUntil = lingers ? this.#postEnd + this.options.lingerMs : -Infinity;
    return nextAttemptAt(retry, now, { isFlushing: this.sink.isFlushing(), lingerUntil });
  }

  #planAttempt(): void {
    const now = performance.now();
    const at = this.#nextAttempt(now);
    if (at !== undefined) this.#plan.set(at, now);
  }

  #attempt(): void {
    const now = performance.now();
    const at = this.#nextAttempt(now);
    if (at === undefined) return;
    if (at > now + TIMER_TOLERANCE) return this.#planAttempt();
    const { retry } = this.#state;
    if (retry.notBefore > now + TIMER_TOLERANCE) this.#state.retry = cutShort(retry, now);
    const destination = this.options.destination();
    if (!destination) {
      this.#state.retry = postponedUntil(this.#state.retry, now + DESTINATION_POLL);
      return this.#planAttempt();
    }
    const taken = this.#queue.takeBatch(envelopeBytes(destination, this.options.payload));
    const batch = withoutOld(taken, this.sink);
    if (batch.length > 0) void this.#send(batch, destination);
    else this.#planAttempt();
  }

  async #send(batch: T[], destination: Destination): Promise<void> {
    const state = this.#state;
    this.#batch = batch;
    state.post = 'in-flight';
    this.posts += 1;
    const result = await postBatch(batch, destination, this.options, this.sink.isFlushing());
    state.post = 'none';
    this.#batch = [];
    this.#postEnd = performance.now();
    // The outbox may have been closed during the POST.
    if (state.lifecycle === 'stopped') return;
    this.#ended(batch, result, destination);
    this.#cancelled.clear();
    this.#planAttempt();
  }

  /** Handles the outcome of a POST of a whole batch, or of a part of one in which refused events are searched for. */
  #ended(batch: T[], result: PostResult, destination: Destination): void {
    const { isolation } = this.#queue;
    const { outcome, blames } = result;
    const isRefused = outcome === 'isolate' || blames;
    if (isolation === undefined) {
      this.#handle[outcome](batch, result, destination);
      if (blames) this.#blame();
    } else if (outcome === 'delivered') {
      isolation.accepted(batch);
      this.#queue.endIsolation();
      // The endpoint works again only at the end of the search: before, some of its POSTs are expected to fail.
      if (this.#queue.isolation === undefined) return this.#handle.delivered(batch, result, destination);
      this.#state.retry = NO_RETRY;
      this.sink.delivered(batch);
    } else if (isRefused && !batch.some((event) => this.#cancelled.has(event))) {
      this.#partRefused(isolation, batch, result, destination);
    } else {
      // The answer says nothing of single events, so that the search would learn nothing from it.
      this.#queue.putBack([this.#queue.abandonIsolation()]);
      this.#handle[outcome](batch, result, destination);
    }
  }

  #partRefused(isolation: Isolation<T>, part: T[], result: PostResult, destination: Destination): void {
    const isProbe = !isolation.isProven;
    const verdict = isolation.refused(part);
    this.retries += 1;
    this.#queue.endIsolation();
    if (verdict !== 'endpoint') {
      // Before the endpoint has taken anything, it may be down: a POST of the search takes the place of a retry.
      if (isProbe && result.blames) this.#backOff(result);
      if (verdict.length > 0) this.sink.rejected(verdict, 'refused');
      this.#fail(result, destination);
      return;
    }
    const batch = this.#queue.abandonIsolation();
    this.#fruitless += 1;
    this.#refusals = 0;
    if (batch.length > 0) this.#handle[result.outcome](batch, result, destination);
  }

  /** Counts a refusal of the batch that is posted next. After the third one, refused events are searched for. */
  #blame(): void {
    this.#refusals += 1;
    if (this.#refusals < REFUSALS || !this.#queue.hasBatch) return;
    this.#queue.isolateNext(this.#fruitless);
    this.#refusals = 0;
  }

  readonly #handle: Readonly<
    Record<PostOutcome, (batch: T[], result: PostResult, destination: Destination) => void>
  > = {
    delivered: (batch) => {
      const { failures } = this.#health;
      this.lastError = undefined;
      this.#state.retry = NO_RETRY;
      this.#refusals = 0;
      this.#fruitless = 0;
      const isRecovery = this.#health.succeeded();
      this.sink.delivered(batch);
      if (isRecovery) this.sink.recovered(failures);
    },
    retry: (...args) => this.#tryAgain(...args),
    pause: (...args) => this.#tryAgain(...args),
    halve: (whole, result, destination) => {
      this.#state.retry = NO_RETRY;
      const batch = withoutCancelled(whole, this.#cancelled, this.sink);
      // Without the cancelled events, the batch may be small enough.
      if (batch.length < whole.length) return this.#sendAgain(batch);
      if (batch.length === 1) {
        this.#fail(result, destination);
        this.sink.rejected(batch, 'too-large');
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      this.#sendAgain(batch.slice(middle), batch.slice(0, middle));
      this.lastError = result.failure;
    },
    isolate: (whole, result, destination) => {
      this.#state.retry = NO_RETRY;
      this.#fail(result, destination);
      const batch = withoutCancelled(whole, this.#cancelled, this.sink);
      // An endpoint that has just refused all parts of a batch is not asked about the parts of the next one.
      if (batch.length > 1 && this.#fruitless === 0) {
        this.retries += 1;
        this.#queue.isolate(batch, 'certain', 0);
      } else if (batch.length > 0) this.sink.rejected(batch, 'refused');
    },
  };

  #tryAgain(batch: T[], result: PostResult, destination: Destination): void {
    this.#backOff(result);
    this.#sendAgain(withoutCancelled(batch, this.#cancelled, this.sink));
    this.#fail(result, destination);
  }

  #backOff({ outcome, retryAfter }: PostResult): void {
    const { backoff, random } = this.options;
    const failure = { backoff, now: this.#postEnd };
    this.#state.retry =
      outcome === 'pause'
        ? afterRefusal(this.#state.retry, failure)
        : afterFailure(this.#state.retry, { ...failure, random: random(), retryAfter });
  }

  #sendAgain(...batches: T[][]): void {
    const wanted = batches.filter((batch) => batch.length > 0);
    this.#queue.putBack(wanted);
    if (wanted.length > 0) this.retries += 1;
  }

  #fail({ outcome, failure }: PostResult, destination: Destination): void {
    this.lastError = failure;
    if (!this.#health.failed() || outcome === 'delivered') return;
    this.sink.failed(deliveryError(failure, outcome, destination.url));
  }
}

/**
 * Drops the events of a batch that are too old, and returns the others. Events get too old if the endpoint fails for
 * days.
 */
function withoutOld<T extends Sendable>(batch: T[], sink: SenderSink<T>): T[] {
  const now = Date.now();
  const isOld = ({ at }: T): boolean => isTooOld(at, now);
  if (!batch.some(isOld)) return batch;
  sink.expired(batch.filter(isOld));
  return batch.filter((event) => !isOld(event));
}

/** Hands back the events of a failed batch that were cancelled meanwhile, and returns the others. */
function withoutCancelled<T>(batch: T[], cancelled: ReadonlySet<T>, sink: SenderSink<T>): T[] {
  if (cancelled.size === 0) return batch;
  sink.cancelled(batch.filter((event) => cancelled.has(event)));
  return batch.filter((event) => !cancelled.has(event));
}
