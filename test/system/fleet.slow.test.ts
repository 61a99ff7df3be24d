/** A fleet under fifteen hundred visitors. */
import { describe } from 'vitest';
import { hasRedis, sharedRedis } from '../support/redis.js';
import { fleetSuite } from './fleet-kit.js';

describe.skipIf(!hasRedis)('a fleet on one Redis', () => {
  fleetSuite(sharedRedis(), { processes: 4, visitors: 1_500, concurrency: 40 });
});
