/** The outbox in memory in hundreds of random histories, and with thousands of events. */
import { describe, it } from 'vitest';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { endpointLoad } from './endpoint-faults.js';
import { ledgerProperty, MANY_HISTORIES } from './ledger.property.js';
import { outboxConformance } from './outbox.conformance.js';
import { packing } from './packing.js';

outboxConformance('memoryOutbox', (options) => memoryOutbox(options), {
  outlives: false,
  only: /^ledger/,
  histories: MANY_HISTORIES,
});
endpointLoad('memoryOutbox', (options) => memoryOutbox(options));

describe('where hardly anything is ready to be sent', () => {
  it('keeps its ledger', () => ledgerProperty(packing, MANY_HISTORIES));
});
