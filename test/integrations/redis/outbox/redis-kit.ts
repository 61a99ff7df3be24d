/** Outboxes over Redis servers of one's own, through clients that fail as they are told. */
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import type { OutboxOptions } from '../../../../src/delivery/types.js';
import type { RedisInternals } from '../../../../src/integrations/redis/outbox/redis-outbox.js';
import {
  APPEND,
  ERASE,
  READ,
  RELEASE,
  RENEW,
  ACKNOWLEDGE,
  OTHER_FORMATS,
  SIZE,
} from '../../../../src/integrations/redis/outbox/scripts.js';
import {
  type IoRedisClient,
  type RedisClient,
  redisOutbox,
  type RedisOutboxOptions,
} from '../../../../src/redis.js';
import { DESTINATION, type Kit, startOutbox } from '../../../delivery/fakes.js';
import { type RedisServer, startRedis } from '../../../support/redis.js';

let outboxes = 0;
export const fresh = (): string => `convert-${(outboxes += 1)}`;
export const PROJECT = `{${DESTINATION.accountId}-${DESTINATION.projectId}}`;
/** Dead processes are found sooner than in production. */
export const INTERNALS = { beat: 50, lease: 400, answerLimit: 1_000 };

export function open(
  client: RedisClient,
  { prefix = fresh(), ...redis }: RedisOutboxOptions = {},
  options: Partial<OutboxOptions> = {},
  internals: RedisInternals = INTERNALS,
): Kit {
  return startOutbox(redisOutbox(client, { prefix, ...redis }, internals), { lingerMs: 0, ...options });
}

/** Tells nobody that it has no connection, as a test is about that. */
export function connected(port: number): Redis {
  const client = new Redis(port, { retryStrategy: () => 50 });
  client.on('error', () => undefined);
  onTestFinished(() => client.disconnect());
  return client;
}

export async function ownRedis(...options: string[]): Promise<RedisServer> {
  const server = await startRedis(...options);
  onTestFinished(() => server.remove());
  return server;
}

const SCRIPTS = { APPEND, ERASE, READ, RELEASE, RENEW, ACKNOWLEDGE, OTHER_FORMATS, SIZE };
export type ScriptName = keyof typeof SCRIPTS;

/** A client of which each call does what `around` makes of it. */
export function gated(
  client: Redis,
  around: (name: ScriptName, run: () => Promise<unknown>) => Promise<unknown>,
): IoRedisClient {
  const byHash = new Map(Object.entries(SCRIPTS).map(([name, { sha, lua }]) => [sha, { name, lua }]));
  return {
    evalsha(sha, keys, ...all) {
      const { name, lua } = byHash.get(sha)!;
      return around(name as ScriptName, () => client.eval(lua, keys, ...all));
    },
    eval: (lua, keys, ...all) => client.eval(lua, keys, ...all),
  };
}
