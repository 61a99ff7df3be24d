/** Wraps the Redis clients that an app may give as one function that runs a script. */
import { createHash } from 'node:crypto';
import { type Check, either, matching, withMethods } from '../../utils/option-checks.js';

/** ioredis: `Redis` (also with Sentinel) and `Cluster`. */
export interface IoRedisClient {
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(lua: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** node-redis (`redis`, `@redis/client`): client, pool, sentinel and cluster. */
export interface NodeRedisClient {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(lua: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A connected client of ioredis or node-redis. The app closes it; this package never does. */
export type RedisClient = IoRedisClient | NodeRedisClient;

/** A Lua script, which Redis runs as one step. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script. Rejects if the client does, and never throws. All keys have to be in one slot of a cluster. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  values: readonly string[],
) => Promise<unknown>;

export function scriptRunner(client: RedisClient): RunScript {
  const { bySha, byText } = callsOf(client);
  return async ({ lua, sha }, keys, values) => {
    try {
      return await bySha(sha, keys, values).catch((error: unknown) => {
        // Redis does not know the script at its first use, and after a restart of Redis.
        if (kindOf(error) !== 'NOSCRIPT') throw error;
        return byText(lua, keys, values);
      });
    } catch (error) {
      throw withCode(error);
    }
  };
}

/** Returns the word that an error of Redis begins with, for example OOM, READONLY or WRONGTYPE. */
function kindOf(error: unknown): string | undefined {
  return error instanceof Error ? /^([A-Z]{3,20})\b/.exec(error.message)?.[1] : undefined;
}

/**
 * Returns an error of Redis with its first word as `code`, which may be logged. Errors of connections have a code
 * already.
 */
function withCode(error: unknown): unknown {
  const code = kindOf(error);
  if (code === undefined || (error as { code?: unknown }).code !== undefined) return error;
  return Object.assign(new Error('Redis answered with an error', { cause: error }), { code });
}

/** Checks the option that takes a client. */
export const isRedisClient: Check = either(
  'a client of ioredis or of node-redis (`redis`)',
  withMethods('', 'evalsha', 'eval'),
  withMethods('', 'evalSha', 'eval'),
);

/** Checks the option that takes a prefix of keys. */
export const isKeyPrefix: Check = matching('letters, digits, and any of `:._-`', /^[\w:.-]{1,100}$/);

type Call = (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>;

/**
 * Returns the calls of a client that run a script. They are async, so that an error that the client throws becomes a
 * rejection.
 */
function callsOf(client: RedisClient): { bySha: Call; byText: Call } {
  if ('evalsha' in client) {
    return {
      bySha: async (sha, keys, values) => client.evalsha(sha, keys.length, ...keys, ...values),
      byText: async (lua, keys, values) => client.eval(lua, keys.length, ...keys, ...values),
    };
  }
  return {
    bySha: async (sha, keys, values) => client.evalSha(sha, { keys: [...keys], arguments: [...values] }),
    byText: async (lua, keys, values) => client.eval(lua, { keys: [...keys], arguments: [...values] }),
  };
}
