/** A transport without a network, a listener that remembers, and events to send. */
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type {
  Destination,
  DropReason,
  Outbox,
  OutboxFactory,
  OutboxListener,
  OutboxOptions,
  Transport,
  TransportAnswer,
} from '../../src/delivery/types.js';
import type { ConversionEvent, VisitorEvent } from '../../src/model/tracking-event.js';
import type { ConvertError } from '../../src/utils/errors.js';
import type { Payload } from '../support/collector.js';

export const DESTINATION: Destination = {
  accountId: '10035569',
  projectId: '10034190',
  url: 'http://collector.test/v1/track/10035569/10034190?secret=query',
};

export type Answer = number | (Pick<TransportAnswer, 'status'> & Partial<TransportAnswer>) | Error;

export interface FakePost {
  readonly url: string;
  readonly hold: boolean;
  readonly text: string;
  readonly payload: Payload;
  /** Ids of the visitors of all events, in order. */
  readonly visitors: string[];
  readonly at: number;
  answer(with_: Answer): void;
}

export interface FakeTransport extends Transport {
  readonly posts: FakePost[];
  /** POSTs that were not answered yet. */
  open(): FakePost[];
  /** Answers every POST from now on as it comes (and those that are open); undefined leaves them open. */
  always(answer: Answer | ((n: number) => Answer) | undefined): void;
  readonly closed: boolean;
  readonly released: number;
}

export function fakeTransport(first?: Answer | ((n: number) => Answer)): FakeTransport {
  const posts: FakePost[] = [];
  const open = new Set<FakePost>();
  let automatic = first;
  let closed = false;
  let released = 0;
  const answerTo = (n: number): Answer | undefined =>
    typeof automatic === 'function' ? automatic(n) : automatic;

  return {
    posts,
    open: () => [...open],
    get closed() {
      return closed;
    },
    get released() {
      return released;
    },
    always(answer) {
      automatic = answer;
      for (const post of open) {
        const with_ = answerTo(posts.indexOf(post) + 1);
        if (with_ !== undefined) post.answer(with_);
      }
    },
    post(url, text, hold) {
      return new Promise((resolve, reject) => {
        const payload = JSON.parse(text) as Payload;
        const post: FakePost = {
          url,
          hold,
          text,
          payload,
          visitors: payload.visitors.flatMap(({ visitorId, events }) => events.map(() => visitorId)),
          at: performance.now(),
          answer(with_) {
            open.delete(post);
            if (with_ instanceof Error) reject(with_);
            else if (typeof with_ === 'number') resolve({ status: with_, retryAfter: undefined });
            else resolve({ retryAfter: undefined, ...with_ });
          },
        };
        const n = posts.push(post);
        open.add(post);
        const with_ = answerTo(n);
        if (with_ !== undefined) post.answer(with_);
      });
    },
    release() {
      released += 1;
    },
    close() {
      closed = true;
    },
  };
}

export interface Remembered extends OutboxListener {
  readonly deliveries: number[];
  readonly drops: Partial<Record<DropReason, number>>;
  readonly errors: ConvertError[];
  readonly recoveries: string[];
}

export function rememberingListener(): Remembered {
  const remembered: Remembered = {
    deliveries: [],
    drops: {},
    errors: [],
    recoveries: [],
    delivered: (count) => void remembered.deliveries.push(count),
    dropped: (count, reason) => void (remembered.drops[reason] = (remembered.drops[reason] ?? 0) + count),
    error: (error) => void remembered.errors.push(error),
    recovered: (what) => void remembered.recoveries.push(what),
  };
  return remembered;
}

export function exposure(visitorId: string, experienceId = '1000'): VisitorEvent {
  return { visitorId, event: { eventType: 'bucketing', data: { experienceId, variationId: '5000' } } };
}

export function conversion(visitorId: string, data: Partial<ConversionEvent['data']> = {}): VisitorEvent {
  return { visitorId, event: { eventType: 'conversion', data: { goalId: '100322784', ...data } } };
}

export function networkError(code: string): Error {
  return Object.assign(new Error(`${code} while visitor-1 was sent`), { code });
}

/** Resolves once `condition` holds. */
export async function until(condition: () => boolean, timeout = 60_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await sleep(2);
  }
}

export interface Kit {
  readonly outbox: Outbox;
  readonly transport: FakeTransport;
  readonly listener: Remembered;
}

/** An outbox that retries at once, and is closed when the test is over. */
export function startOutbox(make: OutboxFactory, options: Partial<OutboxOptions> = {}): Kit {
  const transport = fakeTransport();
  const listener = rememberingListener();
  const outbox = make({
    transport,
    listener,
    destination: () => DESTINATION,
    backoff: { min: 0, max: 0 },
    ...options,
  });
  onTestFinished(async () => {
    await outbox.close(0);
  });
  return { outbox, transport, listener };
}

export const IDS = Array.from({ length: 5000 }, (_, n) => `visitor-${n}`);

/** An exposure of each, one by one. */
export function send({ outbox }: Kit, ids: readonly string[]): void {
  for (const id of ids) outbox.offer([exposure(id)]).confirm();
}

/** Nothing would be lost with the process. */
export const stored = ({ outbox }: Kit): Promise<void> => until(() => outbox.stats().volatile === 0);

export const visitorsOf = ({ posts }: FakeTransport): string[] => posts.flatMap(({ visitors }) => visitors);
