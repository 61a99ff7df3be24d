/** A Redis of one's own for a variant, on a socket in its folder; it ends with the process. Debian: `redis-server`. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBuild } from './build.js';

const EXECUTABLE = process.env.REDIS_SERVER_PATH ?? 'redis-server';

export function hasRedis() {
  try {
    execFileSync(EXECUTABLE, ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** The option `delivery`. Loaded only here: other variants are measured without a client of Redis. */
export async function redisDelivery(folder) {
  const { redisOutbox } = await fromBuild('redis');
  return { outbox: redisOutbox(await startRedis(folder)) };
}

/** A client of one. As most have it: an append-only file, synced every second. */
export async function startRedis(folder) {
  const { Redis } = await import('ioredis');
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'redis.sock');
  const options = {
    '--port': '0',
    '--unixsocket': path,
    '--dir': folder,
    '--save': '',
    '--appendonly': 'yes',
  };
  // It ends when this process does, however that ends: with its standard input.
  const watched = '"$@" & cat; kill -9 $!';
  const command = ['-c', watched, 'sh', EXECUTABLE, ...Object.entries(options).flat()];
  spawn('sh', command, { stdio: ['pipe', 'ignore', 'ignore'] }).unref();
  const client = new Redis(path, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  return client;
}
