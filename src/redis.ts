/** `convert-middleware/redis`: what a fleet of processes shares. */
export { redisOutbox, type RedisOutboxOptions } from './integrations/redis/outbox/redis-outbox.js';
export { redisStore, type RedisStoreOptions } from './integrations/redis/store.js';
export { redisProjectCache, type RedisProjectCacheOptions } from './integrations/redis/project-cache.js';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './integrations/redis/client.js';
export type { RedisAddress, RedisSource } from './integrations/redis/connection.js';
export type * from './convert/public-types.js';
