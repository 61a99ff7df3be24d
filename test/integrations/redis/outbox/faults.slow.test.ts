/** Redis that is killed again and again while events come. */
import { describe } from 'vitest';
import { hasRedis } from '../../../support/redis.js';
import { killedUnderLoad } from './kills.js';

describe.skipIf(!hasRedis)('Redis', () => killedUnderLoad(5));
