/**
 * A new version of this package is rolled out, or back, while the one before still runs: no event is lost or doubled,
 * and no visitor gets another variation, even if the new version writes everything in formats that the old one does not
 * know.
 */
import { describe } from 'vitest';
import { hasRedis } from '../support/redis.js';
import { twoVersionsSuite } from './two-versions-suite.js';

describe.skipIf(!hasRedis)('F7: two versions with other formats', () => {
  const cases = (['current', 'next'] as const).flatMap((first) =>
    (['Redis', 'a spool'] as const).map((place) => ({ first, place })),
  );
  twoVersionsSuite(cases, 40);
});
