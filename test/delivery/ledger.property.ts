/**
 * Random interleavings of everything that can happen to an outbox, and what must hold at each instant and in the end.
 */
import { setImmediate as tick } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { DeliveryLedger, Offer, OutboxListener } from '../../src/delivery/types.js';
import type { VisitorEvent } from '../../src/model/tracking-event.js';
import { conversion, DESTINATION, exposure, type FakePost, fakeTransport, networkError } from './fakes.js';
import type { MakeOutbox } from './outbox.conformance.js';

type Step =
  | { do: 'offer'; visitors: number[]; kind: 'exposure' | 'conversion' | 'too-large' }
  | { do: 'confirm'; which: number; lose: number }
  | { do: 'tick' }
  | { do: 'answer'; status: number }
  | { do: 'flush' }
  | { do: 'drop'; count: number }
  | { do: 'forget'; visitor: number }
  | { do: 'close' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      visitors: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
      kind: fc.constantFrom('exposure' as const, 'conversion' as const, 'too-large' as const),
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({ do: fc.constant('confirm' as const), which: fc.nat(4), lose: fc.nat(7) }),
  },
  { weight: 30, arbitrary: fc.constant({ do: 'tick' as const }) },
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      // 0 stands for a network error.
      status: fc.constantFrom(200, 204, 0, 500, 503, 408, 401, 400, 302, 413, 413),
    }),
  },
  { weight: 10, arbitrary: fc.constant({ do: 'flush' as const }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('drop' as const), count: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('forget' as const), visitor: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'close' as const }) },
);

const sum = (ledger: DeliveryLedger): number =>
  ledger.delivered + ledger.pending + ledger.spooled + ledger.rejected + ledger.dropped;

/** The number of random histories in the slow tier. */
export const MANY_HISTORIES = 300;

export async function ledgerProperty(make: MakeOutbox, histories = 20): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => play(make, steps)),
    { numRuns: histories },
  );
}

async function play(make: MakeOutbox, steps: readonly Step[]): Promise<void> {
  const transport = fakeTransport();
  const told = { delivered: 0, dropped: 0 };
  const listener: OutboxListener = {
    delivered: (count) => void ((told.delivered += count), check()),
    dropped: (count) => void ((told.dropped += count), check()),
    error: () => check(),
    recovered: () => check(),
  };
  const outbox = await make({
    transport,
    listener,
    destination: () => DESTINATION,
    maxQueueBytes: 4000,
    maxEventBytes: 300,
    maxBatchEvents: 8,
    lingerMs: 0,
    backoff: { min: 0, max: 0 },
  });

  let accepted = 0;
  let serial = 0;
  let closed = false;
  const offers: { offer: Offer; events: VisitorEvent[] }[] = [];
  /** By visitor, in order: what was confirmed, and what the endpoint took with a 2xx. */
  const confirmed = new Map<string, string[]>();
  const taken = new Map<string, string[]>();
  const gone = new Set<string>();
  /** Refused in a POST: given up if the search for refused events finds it, and delivered if not. */
  const suspect = new Set<string>();
  /** Under way as their visitor was forgotten: sent once more they must not be. */
  const doomed = new Set<string>();
  const forgets: Promise<unknown>[] = [];
  const flushes: Promise<unknown>[] = [];

  function check(): void {
    const ledger = outbox.ledger();
    expect(sum(ledger)).toBe(ledger.accepted);
    expect(ledger.pending).toBeGreaterThanOrEqual(0);
    expect(outbox.stats().queueBytes).toBeLessThanOrEqual(4000);
    const reasons = Object.values(ledger.reasons).reduce((all, count) => all + count, 0);
    expect(reasons).toBe(ledger.rejected + ledger.dropped);
  }
  function make_(kind: string, visitor: number): VisitorEvent {
    const id = String((serial += 1));
    if (kind === 'too-large') return exposure('x'.repeat(400), id);
    return kind === 'exposure' ? exposure(`v${visitor}`, id) : conversion(`v${visitor}`, { goalId: id });
  }
  function answer(post: FakePost, status: number): void {
    const events = post.payload.visitors.flatMap(({ visitorId, events }) =>
      events.map((event) => ({ visitorId, id: idOf(event) })),
    );
    if (!closed && status >= 200 && status < 300) {
      for (const { visitorId, id } of events) remember(taken, visitorId, id);
    } else if (status === 413 && events.length === 1) {
      for (const { id } of events) gone.add(id);
    } else {
      for (const { id } of events) if (doomed.has(id)) gone.add(id);
      if (status === 400 || status === 403 || status >= 500) for (const { id } of events) suspect.add(id);
    }
    post.answer(status === 0 ? networkError('ECONNRESET') : status);
  }
  function confirm(index: number, lose: number): void {
    const [entry] = offers.splice(index % offers.length, 1);
    if (!entry) return;
    const sent = entry.events.filter((event) => !entry.offer.refused.has(event));
    const lost = new Set(sent.filter((_, n) => n === lose));
    for (const event of sent) {
      if (!lost.has(event)) remember(confirmed, event.visitorId, idOf(event.event));
    }
    entry.offer.confirm(lost);
    entry.offer.confirm();
  }

  const act: { [Do in Step['do']]: (step: Extract<Step, { do: Do }>) => Promise<void> | void } = {
    offer({ visitors, kind }) {
      const events = visitors.map((visitor) => make_(kind, visitor));
      accepted += events.length;
      offers.push({ offer: outbox.offer(events), events });
    },
    confirm: ({ which, lose }) => confirm(which, lose),
    tick: () => tick(),
    answer({ status }) {
      const post = transport.open()[0];
      if (post) answer(post, status);
    },
    flush: () => void flushes.push(outbox.flush(30_000)),
    drop({ count }) {
      accepted += count;
      outbox.drop(count, 'consent');
    },
    forget({ visitor }) {
      const visitorId = `v${visitor}`;
      const isMine = (event: { visitorId: string }): boolean => event.visitorId === visitorId;
      const underWay = new Set(
        transport
          .open()
          .flatMap(({ payload }) =>
            payload.visitors.flatMap(({ events }) => events.map((each) => idOf(each))),
          ),
      );
      const delivered = taken.get(visitorId) ?? [];
      for (const id of confirmed.get(visitorId) ?? []) {
        if (!delivered.includes(id)) (underWay.has(id) ? doomed : gone).add(id);
      }
      for (const { events } of offers) for (const { event } of events.filter(isMine)) gone.add(idOf(event));
      // It may be closed meanwhile.
      forgets.push(Promise.resolve(outbox.forget?.([visitorId])).catch(() => undefined));
    },
    async close() {
      await outbox.close(0);
      closed = true;
    },
  };
  for (const each of steps) {
    await act[each.do](each as never);
    check();
    expect(transport.open().length).toBeLessThanOrEqual(closed ? 2 : 1);
  }

  // From here on all is well: whatever is left must arrive.
  while (offers.length > 0) confirm(0, -1);
  const last = outbox.flush(30_000);
  const isLeft = ({ pending, spooled }: DeliveryLedger): boolean => pending > 0 || (!closed && spooled > 0);
  while (isLeft(outbox.ledger())) {
    const post = transport.open()[0];
    if (post) answer(post, 200);
    await tick();
    check();
  }
  await Promise.all([...flushes, ...forgets, last]);

  const ledger = outbox.ledger();
  expect(ledger.accepted).toBe(accepted);
  expect(ledger.pending).toBe(0);
  expect(told).toEqual({ delivered: ledger.delivered, dropped: ledger.rejected + ledger.dropped });
  expect([...taken.values()].flat()).toHaveLength(ledger.delivered);
  if (!closed) {
    for (const [visitor, ids] of confirmed) {
      const arrived = taken.get(visitor) ?? [];
      expect(arrived).toEqual(
        ids.filter((id) => !gone.has(id) && (!suspect.has(id) || arrived.includes(id))),
      );
    }
  }
  await outbox.close(0);
}

function idOf({ data }: VisitorEvent['event']): string {
  return 'experienceId' in data ? data.experienceId : data.goalId;
}

function remember(map: Map<string, string[]>, visitorId: string, id: string): void {
  const ids = map.get(visitorId);
  if (ids) ids.push(id);
  else map.set(visitorId, [id]);
}
