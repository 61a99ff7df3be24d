import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import type { DeliveryLedger } from '../../src/delivery/types.js';
import type { VisitorEvent } from '../../src/model/tracking-event.js';
import { endpointFaults } from './endpoint-faults.js';
import { DESTINATION, exposure, fakeTransport, rememberingListener } from './fakes.js';
import { ledgerProperty } from './ledger.property.js';
import { OUTBOX_CASES, outboxConformance } from './outbox.conformance.js';
import { packing } from './packing.js';

outboxConformance('memoryOutbox', (options) => memoryOutbox(options), { outlives: false });
endpointFaults('memoryOutbox', (options) => memoryOutbox(options), { outlives: false });

describe('where hardly anything is ready to be sent', () => {
  outboxConformance('a memoryOutbox that packs', packing, { outlives: false, only: /^forget/ });

  it('keeps its ledger', () => ledgerProperty(packing));

  it('sends what was packed as it was, in order, and each flush is over in time', async () => {
    const transport = fakeTransport();
    const outbox = packing({
      transport,
      listener: rememberingListener(),
      destination: () => DESTINATION,
      lingerMs: 0,
    });
    const sent: VisitorEvent[] = [];
    const flushes: Promise<DeliveryLedger>[] = [];
    for (let n = 0; n < 200; n++) {
      const segments = { country: 'DE', source: `tab\there "${n}" \u2028 \u{1F600}` };
      sent.push({ ...exposure(`v\u00fc${n}`), segments });
      outbox.offer([sent.at(-1)!]).confirm();
      if (n % 50 === 25) flushes.push(outbox.flush(30_000));
      await tick();
    }
    transport.always(200);
    for (const [index, flush] of flushes.entries()) {
      expect((await flush).delivered).toBeGreaterThanOrEqual(index * 50 + 26);
    }
    expect(await outbox.close(5000)).toMatchObject({ delivered: 200, pending: 0 });
    const arrived = transport.posts.flatMap(({ payload }) => payload.visitors);
    expect(arrived.map(({ visitorId, segments }) => ({ visitorId, segments }))).toEqual(
      sent.map(({ visitorId, segments }) => ({ visitorId, segments })),
    );
    expect(outbox.stats().queueBytes).toBe(0);
  });
});

it('runs all the cases of an outbox', () => {
  expect(OUTBOX_CASES).toMatchSnapshot();
});

it('sends `enrichData` and `source` as its options say', async () => {
  const transport = fakeTransport(200);
  const listener = rememberingListener();
  const destination = () => DESTINATION;
  const standard = memoryOutbox({ transport, listener, destination });
  const other = memoryOutbox({ transport, listener, destination, enrichData: false, source: 'shop' });
  for (const outbox of [standard, other]) {
    outbox.offer([exposure('v1')]).confirm();
    await outbox.close(5000);
  }
  expect(transport.posts.map(({ payload }) => [payload.enrichData, payload.source])).toEqual([
    [true, undefined],
    [false, 'shop'],
  ]);
});
