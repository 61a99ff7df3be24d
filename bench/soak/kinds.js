import { hasRedis, redisDelivery } from '../support/redis.js';

/**
 * The outboxes that have to stand an outage, the bytes of events that each may have in memory, and who stores the rest.
 */
const MIB = 1024 * 1024;

const ALL = [
  {
    id: 'memory',
    title: 'in memory',
    bound: 64 * MIB,
    delivery: () => ({ maxQueueBytes: 64 * MIB }),
  },
  {
    id: 'spool',
    stores: true,
    title: 'spooled',
    bound: 4 * MIB,
    delivery: (folder) => ({ maxQueueBytes: 4 * MIB, spool: folder }),
  },
  {
    id: 'redis',
    stores: true,
    title: 'on Redis',
    bound: 4 * MIB,
    isThere: hasRedis,
    delivery: async (folder) => ({ maxQueueBytes: 4 * MIB, ...(await redisDelivery(folder)) }),
  },
];

export const KINDS = ALL.filter(({ isThere }) => isThere?.() ?? true);
