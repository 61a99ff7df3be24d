/** The outbox over a real Redis, by each kind of client. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { redisOutbox } from '../../src/redis.js';
import { hasRedis, startRedis, type RedisServer } from '../support/redis.js';
import { endpointFaults } from './endpoint-faults.js';
import { ledgerProperty } from './ledger.property.js';
import { outboxConformance } from './outbox.conformance.js';

describe.skipIf(!hasRedis)('over Redis', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.port);
  });
  afterAll(async () => {
    client?.disconnect();
    await server?.remove();
  });

  let outboxes = 0;
  const fresh = (): string => `convert-${(outboxes += 1)}`;

  outboxConformance('redisOutbox', (options) => redisOutbox(client, { prefix: fresh() })(options), {
    outlives: true,
  });

  endpointFaults('redisOutbox', (options) => redisOutbox(client, { prefix: fresh() })(options), {
    outlives: true,
  });

  it('keeps its ledger', async () => {
    await ledgerProperty((options) => redisOutbox(client, { prefix: fresh() })(options));
  });
});
