/** `convert-middleware/redis`: what a fleet of processes shares. */
export { redisOutbox, type RedisOutboxOptions } from './delivery/redis-outbox.js';
export { redisStore, type RedisStoreOptions } from './store/redis-store.js';
export { redisProjectCache, type RedisProjectCacheOptions } from './project/redis-cache.js';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis/client.js';
