import { expect, it } from 'vitest';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { endpointFaults } from './endpoint-faults.js';
import { DESTINATION, exposure, fakeTransport, rememberingListener } from './fakes.js';
import { OUTBOX_CASES, outboxConformance } from './outbox.conformance.js';

outboxConformance('memoryOutbox', (options) => memoryOutbox(options), { outlives: false });
endpointFaults('memoryOutbox', (options) => memoryOutbox(options), { outlives: false });

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
