/** Visitor state over real Redis servers, and all the clients. */
import { describe, it } from 'vitest';
import { storeConformance } from '../../src/testing.js';
import { redisStore } from '../../src/redis.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  describe('redisStore is a store', () => {
    storeConformance(it, (place) => redisStore(shared.client, { prefix: place, ephemeralAge: 400 }), {
      shared: true,
      ephemeralAge: 400,
    });
  });
});
