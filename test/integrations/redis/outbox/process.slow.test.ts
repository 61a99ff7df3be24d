/** The outbox in Redis under processes that are killed by the dozen, and that share tens of thousands of events. */
import { describe } from 'vitest';
import { processLoad } from '../../../delivery/process-faults.js';
import { hasRedis, sharedRedis } from '../../../support/redis.js';
import { transpiledSources } from '../../../support/transpiled.js';
import { appendersAndDrainers, keepsIn } from './process-kit.js';

const source = transpiledSources();

describe.skipIf(!hasRedis)('over Redis', () => {
  const freshKeep = keepsIn(sharedRedis());

  processLoad('redisOutbox', source, async (lease) => freshKeep(lease));
  appendersAndDrainers(source, freshKeep, 5_000);
});
