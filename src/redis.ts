/** `convert-middleware/redis`: what a fleet of processes shares. */
export { redisOutbox, type RedisOutboxOptions } from './delivery/redis-outbox.js';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis/client.js';
