/** The outbox in memory in hundreds of random histories, and with thousands of events. */
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { endpointLoad } from './endpoint-faults.js';
import { MANY_HISTORIES } from './ledger.property.js';
import { outboxConformance } from './outbox.conformance.js';

outboxConformance('memoryOutbox', (options) => memoryOutbox(options), {
  outlives: false,
  only: /^ledger/,
  histories: MANY_HISTORIES,
});
endpointLoad('memoryOutbox', (options) => memoryOutbox(options));
