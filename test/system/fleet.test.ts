/** A fleet in a small case: some visitors, so slow that the project changes under them. */
import { describe } from 'vitest';
import { hasRedis, sharedRedis } from '../support/redis.js';
import { fleetSuite } from './fleet-kit.js';

describe.skipIf(!hasRedis)('a fleet on one Redis', () => {
  fleetSuite(sharedRedis(), { visitors: 40, concurrency: 10, pause: 120 });
});
