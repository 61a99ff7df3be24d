/**
 * Takes events to the tracking endpoint, one POST at a time, in order, until each is delivered or rejected.
 *
 * A batch is taken out of the queue before it is sent and stays what it is: what arrives meanwhile waits for the next
 * one, and a batch that failed goes again before anything newer. So nothing is sent twice on a healthy path, at most
 * one batch is doubled by a failure that leaves open whether it arrived, and the order per visitor is kept.
 */
import { type Backoff, backoffCeiling, backoffDelay, parseRetryAfter } from '../utils/backoff.js';
import { codeOf, type ConvertError } from '../utils/errors.js';
import { fifoQueue } from './fifo-queue.js';
import { buildPayload, envelopeBytes, type PayloadOptions, type SerialisedEvent } from './payload.js';
import { deliveryError, heedsRetryAfter, type PostOutcome, postOutcome } from './post-outcome.js';
import { isTooOld } from './queued-event.js';
import type { Breaker, Destination, Transport } from './types.js';

export interface SenderOptions {
  readonly transport: Transport;
  /** Never throws. */
  readonly destination: () => Destination | undefined;
  readonly payload: PayloadOptions;
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly backoff: Backoff;
  readonly random: () => number;
}

/** What a sender sends. */
export interface Sendable extends SerialisedEvent {
  /** When it was accepted, in milliseconds since the epoch. */
  readonly at: number;
}

export interface SenderSink<T> {
  delivered(batch: readonly T[]): void;
  rejected(batch: readonly T[], reason: 'refused' | 'too-large'): void;
  /** These are too old to be sent. */
  expired(batch: readonly T[]): void;
  /** These were withdrawn while they were under way, and did not arrive. */
  cancelled(batch: readonly T[]): void;
  /** Delivery began to fail. Called again only after a success in between. */
  failed(error: ConvertError): void;
  /** Delivery works again. */
  recovered(failedPosts: number): void;
  /** Somebody is waiting: send without lingering, cut backoffs short, and hold the process. */
  awaited(): boolean;
}

export interface Sender<T> {
  readonly posts: number;
  readonly retries: number;
  readonly lastError: string | undefined;
  readonly breaker: Breaker;
  /** Bytes of events that wait, without those of batches that were taken already. */
  readonly queuedBytes: number;
  /** Of all that wait or are under way. */
  oldest(): T | undefined;
  /** All that wait or are under way, in the order in which they are sent. */
  events(): T[];
  push(event: T): void;
  /** Sees to it that what was pushed will be sent. Does nothing in the caller's own tick. */
  start(): void;
  /**
   * Sends what waits as soon as it can be. While somebody waits, a backoff is cut short, at most once in its own
   * length however many wait: an app that flushes for each response must not hammer an endpoint that is down. `last`
   * cuts it always.
   */
  hurry(options?: { last: boolean }): void;
  /** Takes back what waits and is now somebody else's to send; what is under way stays. */
  takeBack(isGone: (event: T) => boolean): T[];
  /** As `forget`, of what nobody is to send: what is under way is not sent again, either. */
  cancel(isGone: (event: T) => boolean): T[];
  /** Sends nothing any more; what waits stays until it is forgotten. */
  stop(): void;
}

/** What became of one POST. */
interface Outcome {
  readonly verdict: PostOutcome;
  /** For the log: a status or the code of a network error. */
  readonly failure: string;
  readonly retryAfter: number | undefined;
}

/** How often to ask whether there is a destination by now. */
const DESTINATION_POLL = 100;

const SOON = -Infinity;

export function createSender<T extends Sendable>(options: SenderOptions, sink: SenderSink<T>): Sender<T> {
  const { transport, payload, maxBatchEvents, maxBatchBytes, lingerMs, backoff } = options;
  const queue = fifoQueue<T>();
  let queuedBytes = 0;
  /** Batches that were taken before and go before the queue; the last one first. */
  const again: T[][] = [];

  let posts = 0;
  let retries = 0;
  let lastError: string | undefined;

  let stopped = false;
  let inFlight: readonly T[] | undefined;
  /** Of these, what is not to be sent again. */
  let withdrawn: Set<T> | undefined;
  /** When `attempt` will run, by performance.now(): SOON in this turn of the loop, undefined while it isn't planned. */
  let plannedAt: number | undefined;
  let cancelPlan: () => void = () => {};

  let lastPostEnd = -Infinity;
  let failures = 0;
  let failing = false;
  /** Since delivery began to fail. */
  let failedPosts = 0;
  /** The backoff: no attempt before this. */
  let notBefore = -Infinity;
  let mayCutFrom = -Infinity;
  let backoffLength = 0;
  /** The backoff before this attempt was cut short. */
  let early = false;

  const isFull = (): boolean => queue.length >= maxBatchEvents || queuedBytes >= maxBatchBytes;

  function push(event: T): void {
    queue.push(event);
    queuedBytes += event.bytes;
  }

  function nextAttempt(now: number): number | undefined {
    if (stopped || inFlight !== undefined || (queue.length === 0 && again.length === 0)) return undefined;
    if (notBefore > now) return sink.awaited() ? Math.max(now, Math.min(notBefore, mayCutFrom)) : notBefore;
    if (again.length > 0 || isFull() || sink.awaited()) return now;
    return Math.max(now, lastPostEnd + lingerMs);
  }

  function plan(): void {
    const now = performance.now();
    const at = nextAttempt(now);
    if (at === undefined || (plannedAt !== undefined && plannedAt <= at)) return;
    cancelPlan();
    plannedAt = at <= now ? SOON : at;
    if (plannedAt === SOON) {
      // Not unref'd: it holds the process for one turn of the loop only, and an unref'd one waits until something
      // else wakes the loop.
      const immediate = setImmediate(attempt);
      cancelPlan = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(attempt, at - now).unref();
      cancelPlan = () => clearTimeout(timer);
    }
  }

  function attempt(): void {
    plannedAt = undefined;
    const now = performance.now();
    // A timer can fire a little early by this clock; half a millisecond is not worth another round.
    const at = nextAttempt(now);
    if (at === undefined) return;
    if (at > now + 0.5) {
      plan();
      return;
    }
    if (notBefore > now + 0.5) cutBackoff(now);
    const destination = options.destination();
    if (!destination) {
      notBefore = now + DESTINATION_POLL;
      mayCutFrom = Math.max(mayCutFrom, notBefore);
      plan();
      return;
    }
    const batch = stillFresh(again.pop() ?? takeBatch(destination));
    if (batch.length > 0) void send(batch, destination);
    else plan();
  }

  /** An endpoint may refuse us for days. */
  function stillFresh(batch: T[]): T[] {
    const now = Date.now();
    const isOld = ({ at }: T): boolean => isTooOld(at, now);
    if (!batch.some(isOld)) return batch;
    sink.expired(batch.filter(isOld));
    return batch.filter((event) => !isOld(event));
  }

  function cutBackoff(now: number): void {
    notBefore = now;
    mayCutFrom = now + backoffLength;
    early = true;
  }

  function takeBatch(destination: Destination): T[] {
    let count = 0;
    let bytes = envelopeBytes(destination, payload);
    return queue.take((event) => {
      const fits = count < maxBatchEvents && bytes + event.bytes <= maxBatchBytes;
      if (!fits && count > 0) return false;
      count += 1;
      bytes += event.bytes;
      queuedBytes -= event.bytes;
      return true;
    });
  }

  async function send(batch: T[], destination: Destination): Promise<void> {
    inFlight = batch;
    posts += 1;
    const outcome = await post(batch, destination);
    inFlight = undefined;
    lastPostEnd = performance.now();
    if (stopped) return;
    SETTLE[outcome.verdict](batch, outcome, destination);
    withdrawn = undefined;
    plan();
  }

  /** What of a batch that did not arrive is to be sent again. */
  function stillWanted(batch: T[]): T[] {
    const unwanted = withdrawn;
    if (unwanted === undefined) return batch;
    sink.cancelled(batch.filter((event) => unwanted.has(event)));
    return batch.filter((event) => !unwanted.has(event));
  }

  function sendAgain(...batches: T[][]): void {
    const wanted = batches.filter((batch) => batch.length > 0);
    again.push(...wanted);
    if (wanted.length > 0) retries += 1;
  }

  async function post(batch: readonly T[], destination: Destination): Promise<Outcome> {
    try {
      const body = buildPayload(batch, destination, payload);
      const { status, retryAfter, date } = await transport.post(destination.url, body, sink.awaited());
      return {
        verdict: postOutcome(status),
        failure: `answered ${status}`,
        retryAfter: heedsRetryAfter(status) ? parseRetryAfter(retryAfter, Date.now(), date) : undefined,
      };
    } catch (error) {
      return { verdict: 'retry', failure: `could not be reached (${codeOf(error)})`, retryAfter: undefined };
    }
  }

  const SETTLE: Readonly<
    Record<PostOutcome, (batch: T[], outcome: Outcome, destination: Destination) => void>
  > = {
    delivered(batch) {
      const failed = failedPosts;
      const isBack = failing;
      failing = false;
      failedPosts = 0;
      lastError = undefined;
      endBackoff();
      sink.delivered(batch);
      if (isBack) sink.recovered(failed);
    },
    retry(batch, outcome, destination) {
      // An attempt that came early says nothing new: else those who wait would make the wait longer.
      if (!early) failures += 1;
      const jittered = backoffDelay(backoff, failures, options.random());
      // The longer of the two: `Retry-After: 0` is no licence to hammer.
      const delay = Math.max(jittered, outcome.retryAfter ?? 0);
      backOff(batch, delay, Math.max(backoffCeiling(backoff, failures), delay));
      // Whoever waits, waits as long as the endpoint asked for.
      mayCutFrom = Math.max(mayCutFrom, lastPostEnd + (outcome.retryAfter ?? 0));
      fail(outcome, destination);
    },
    pause(batch, outcome, destination) {
      failures += 1;
      backOff(batch, backoff.max, backoff.max);
      fail(outcome, destination);
    },
    halve(whole, outcome, destination) {
      endBackoff();
      const batch = stillWanted(whole);
      // A smaller one than that which was too large.
      if (batch.length < whole.length) {
        sendAgain(batch);
        return;
      }
      if (batch.length === 1) {
        fail(outcome, destination);
        sink.rejected(batch, 'too-large');
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      sendAgain(batch.slice(middle), batch.slice(0, middle));
      lastError = outcome.failure;
    },
    reject(batch, outcome, destination) {
      endBackoff();
      fail(outcome, destination);
      sink.rejected(batch, 'refused');
    },
  };

  function backOff(batch: T[], delay: number, length: number): void {
    early = false;
    sendAgain(stillWanted(batch));
    notBefore = lastPostEnd + delay;
    backoffLength = length;
  }

  function endBackoff(): void {
    failures = 0;
    early = false;
    notBefore = -Infinity;
    mayCutFrom = -Infinity;
  }

  function fail({ verdict, failure }: Outcome, destination: Destination): void {
    lastError = failure;
    failedPosts += 1;
    if (failing || verdict === 'delivered') return;
    failing = true;
    sink.failed(deliveryError(failure, verdict, destination.url));
  }

  function forget(isGone: (event: T) => boolean): T[] {
    const gone: T[] = [];
    const stays = (event: T): boolean => !isGone(event) || (gone.push(event), false);
    const batches = again.splice(0).map((batch) => batch.filter(stays));
    again.push(...batches.filter((batch) => batch.length > 0));
    const rest = queue.take(() => true).filter(stays);
    queuedBytes = 0;
    rest.forEach(push);
    return gone;
  }

  return {
    get posts() {
      return posts;
    },
    get retries() {
      return retries;
    },
    get lastError() {
      return lastError;
    },
    get breaker() {
      if (failures === 0) return 'closed';
      return inFlight === undefined ? 'open' : 'half-open';
    },
    get queuedBytes() {
      return queuedBytes;
    },
    oldest: () => inFlight?.[0] ?? again.at(-1)?.[0] ?? queue.first(),
    events: () => [...(inFlight ?? []), ...again.toReversed().flat(), ...queue.items()],
    push,
    start() {
      // Under load an attempt is planned already, and only a full batch can bring it forward.
      if (inFlight !== undefined || plannedAt === SOON || (plannedAt !== undefined && !isFull())) return;
      plan();
    },
    hurry(how) {
      const now = performance.now();
      if (how?.last && notBefore > now) cutBackoff(now);
      plan();
    },
    takeBack: forget,
    cancel(isGone) {
      for (const event of inFlight ?? []) if (isGone(event)) (withdrawn ??= new Set()).add(event);
      return forget(isGone);
    },
    stop() {
      stopped = true;
      cancelPlan();
    },
  };
}
