/** The outbox in Redis under processes that are killed, stopped, and share one stream. */
import { describe } from 'vitest';
import { processFaults } from '../../../delivery/process-faults.js';
import { hasRedis, sharedRedis } from '../../../support/redis.js';
import { transpiledSources } from '../../../support/transpiled.js';
import { appendersAndDrainers, keepsIn } from './process-kit.js';

const source = transpiledSources();

describe.skipIf(!hasRedis)('over Redis', () => {
  const freshKeep = keepsIn(sharedRedis());

  processFaults('redisOutbox', source, async (lease) => freshKeep(lease));
  appendersAndDrainers(source, freshKeep, 200);
});
