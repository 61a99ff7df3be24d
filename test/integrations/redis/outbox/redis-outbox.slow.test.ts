/** The outbox over a real Redis in more random histories, and with thousands of events. */
import { describe } from 'vitest';
import type { OutboxFactory } from '../../../../src/delivery/types.js';
import { redisOutbox } from '../../../../src/redis.js';
import { endpointFaults, endpointLoad } from '../../../delivery/endpoint-faults.js';
import { outboxConformance } from '../../../delivery/outbox.conformance.js';
import { hasRedis, sharedRedis } from '../../../support/redis.js';
import { fresh } from './redis-kit.js';

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  outboxConformance('redisOutbox', (options) => redisOutbox(shared.client, { prefix: fresh() })(options), {
    outlives: true,
    only: /^ledger/,
    // Each step may be some ways to Redis and back.
    histories: 60,
  });
  const make: OutboxFactory = (options) => redisOutbox(shared.client, { prefix: fresh() })(options);
  endpointFaults('redisOutbox', make, { outlives: true });
  endpointLoad('redisOutbox', make);
});
