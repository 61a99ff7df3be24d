/** Every kind of client that an app may give, and a cluster for those that can. */
import { createClient, createCluster } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { createClient as createClient1 } from 'redis-client1';
import { vi } from 'vitest';
import type { RedisClient } from '../../src/redis.js';
import { type RedisServer, startRedis } from './redis.js';

type Connect = (port: number) => Promise<{ client: RedisClient; end: () => unknown }>;

export const CLIENTS: Record<string, Connect> = {
  async 'ioredis 6'(port) {
    const made = new Redis(port);
    return { client: made, end: () => made.disconnect() };
  },
  async 'ioredis 5'(port) {
    const made = new Redis5(port);
    return { client: made, end: () => made.disconnect() };
  },
  async 'ioredis with a prefix of keys'(port) {
    const made = new Redis(port, { keyPrefix: 'shop:' });
    return { client: made, end: () => made.disconnect() };
  },
  async 'node-redis'(port) {
    const made = createClient({ url: `redis://127.0.0.1:${port}` });
    await made.connect();
    return { client: made, end: () => made.destroy() };
  },
  async 'node-redis 4'(port) {
    const made = createClient1({ url: `redis://127.0.0.1:${port}` });
    await made.connect();
    return { client: made, end: () => made.disconnect() };
  },
  async 'node-redis, RESP 2'(port) {
    const made = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 2 });
    await made.connect();
    return { client: made, end: () => made.destroy() };
  },
};
export const CLUSTERS: Record<string, Connect> = {
  async ioredis(port) {
    const made = new Cluster([{ port, host: '127.0.0.1' }]);
    return { client: made, end: () => made.disconnect() };
  },
  async 'node-redis'(port) {
    const made = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] });
    await made.connect();
    return { client: made, end: () => made.destroy() };
  },
};
/** Of one node, which has all slots. */
export async function startCluster(): Promise<RedisServer> {
  const server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  const admin = new Redis(server.port);
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await vi.waitUntil(
    async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    30_000,
  );
  admin.disconnect();
  return server;
}
