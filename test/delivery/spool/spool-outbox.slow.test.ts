/** The spool in hundreds of random histories, and with thousands of events. */
import { it } from 'vitest';
import { spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import { endpointFaults, endpointLoad } from '../endpoint-faults.js';
import { ledgerProperty, MANY_HISTORIES } from '../ledger.property.js';
import { outboxConformance } from '../outbox.conformance.js';
import { bounded, crowded, freshSpools } from './spool-kit.js';

const fresh = freshSpools();

outboxConformance('spoolOutbox', bounded(fresh), {
  outlives: true,
  only: /^ledger/,
  histories: MANY_HISTORIES,
});
endpointFaults('spoolOutbox', (options) => spoolOutbox(fresh())(options), { outlives: true });
endpointLoad('spoolOutbox', (options) => spoolOutbox(fresh())(options));

it('keeps its ledger where hardly anything fits into memory', () => ledgerProperty(crowded, MANY_HISTORIES));
