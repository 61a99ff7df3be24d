/** Two versions of this package side by side, in a small case; the slow tier has more of them. */
import { describe } from 'vitest';
import { hasRedis } from '../support/redis.js';
import { twoVersionsSuite } from './two-versions-suite.js';

describe.skipIf(!hasRedis)('F7: two versions with other formats', () => {
  twoVersionsSuite([{ first: 'current', place: 'a spool' }], 8);
});
