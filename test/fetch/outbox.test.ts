/** The outbox of hosts that end a request with its response: each flush sends by itself what may be sent. */
import { beforeEach, expect, it } from 'vitest';
import type { OutboxListener, Transport } from '../../src/delivery/types.js';
import { FlushedOutbox } from '../../src/fetch/outbox.js';
import type { VisitorEvent } from '../../src/model/tracking-event.js';

let posts: string[];
let answer: Transport['post'];
let told: string[];
let outbox: FlushedOutbox;

const eventOf = (visitorId: string): VisitorEvent => ({
  visitorId,
  event: { eventType: 'bucketing', data: { experienceId: '1', variationId: '2' } },
});
const offer = (...ids: string[]) => outbox.offer(ids.map(eventOf));

beforeEach(() => {
  posts = [];
  told = [];
  answer = async () => ({ status: 200, retryAfter: undefined });
  const listener: OutboxListener = {
    delivered: () => undefined,
    dropped: (count, reason) => void told.push(`${count} ${reason}`),
    error: ({ code }) => void told.push(code),
    recovered: () => void told.push('recovered'),
  };
  outbox = new FlushedOutbox({
    destination: () => ({ accountId: '1', projectId: '2', url: 'https://track.test/' }),
    listener,
    transport: () => ({
      post(url, body, keepAlive) {
        const { visitors } = JSON.parse(body) as { visitors: { visitorId: string }[] };
        posts.push(visitors.map(({ visitorId }) => visitorId).join(' '));
        return answer(url, body, keepAlive);
      },
      close() {},
    }),
  });
});

it('sends what is confirmed in one POST, and leaves to others what waits for their store', async () => {
  const waiting = offer('b');
  offer('a').confirm();
  offer('a2').confirm();
  await outbox.flush(60_000);
  expect(posts).toEqual(['a a2']);
  waiting.confirm();
  await outbox.flush(60_000);
  expect(posts).toEqual(['a a2', 'b']);
  expect(outbox.stats()).toMatchObject({ accepted: 3, delivered: 3, pending: 0, posts: 2, queueBytes: 0 });
});

it('waits for no POST of another flush, unless all are flushed', async () => {
  let end: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => (end = resolve));
  const taken = answer;
  answer = async (...given) => {
    answer = taken;
    await hanging;
    return taken(...given);
  };
  offer('a').confirm();
  const first = outbox.flush(60_000);
  offer('b').confirm();
  await outbox.flush(60_000);
  expect(outbox.ledger()).toMatchObject({ delivered: 1, pending: 1 });
  const late = offer('c');
  const all = outbox.flushAll(60_000);
  late.confirm();
  end();
  expect(await all).toMatchObject({ delivered: 3, pending: 0 });
  await first;
  expect(posts).toEqual(['a', 'b', 'c']);
});

it('tells once that the endpoint fails, and drops what could not be sent in time', async () => {
  answer = async () => ({ status: 503, retryAfter: undefined });
  for (const id of ['a', 'b']) {
    offer(id).confirm();
    await outbox.flush(300);
  }
  expect(told.toSorted()).toEqual(['1 closed', '1 closed', 'CONVERT_DELIVERY']);
  answer = async () => ({ status: 200, retryAfter: undefined });
  offer('c').confirm();
  expect(await outbox.flush(60_000)).toMatchObject({ delivered: 1, dropped: 2, pending: 0 });
  expect(told.at(-1)).toBe('recovered');
});

it('forgets visitors whose events wait', async () => {
  const waiting = offer('b');
  offer('a', 'c').confirm();
  await outbox.forget(['a', 'b']);
  waiting.confirm();
  await outbox.flush(60_000);
  expect(posts).toEqual(['c']);
  expect(outbox.ledger()).toMatchObject({ delivered: 1, dropped: 2, reasons: { forgotten: 2 } });
});

it('takes nothing after the close, which drops what never was confirmed', async () => {
  offer('b');
  offer('a').confirm();
  expect(await outbox.close(50)).toMatchObject({ delivered: 1, dropped: 1, reasons: { closed: 1 } });
  expect(offer('c').refused.size).toBe(1);
});
