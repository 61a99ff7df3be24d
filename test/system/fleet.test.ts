/** A fleet in a small case: two processes, and some visitors, so slow that the project changes under them. */
import { describe } from 'vitest';
import { hasRedis, sharedRedis } from '../support/redis.js';
import { fleetSuite } from './fleet-kit.js';

describe.skipIf(!hasRedis)('a fleet on one Redis', () => {
  fleetSuite(sharedRedis(), { processes: 2, visitors: 28, concurrency: 7, pause: 120 });
});
