/**
 * The project cache in Redis, which processes share: one of them fetches the config, and the others find it there. The keys
 * of a project, in one slot of a cluster:
 *
 *     convert:{10035569-10034190-5d4140…}:config    the text, what tells it from others, and when it was fetched
 *     convert:{10035569-10034190-5d4140…}:turn      whose turn it is to fetch: lapses with its holder
 *
 * Times are those of Redis, as the clocks of machines differ. Replies are lists, texts and numbers: the same in RESP2 and
 * RESP3.
 */
import { ConvertError } from '../errors.js';
import { assertOptions, shape } from '../options-check.js';
import { isKeyPrefix, isRedisClient, script, scriptRunner, type RedisClient } from '../redis/client.js';
import type { ProjectCache } from './cache-port.js';
import { MAX_CONFIG_BYTES } from './parse.js';

export interface RedisProjectCacheOptions {
  /** What the keys begin with. Default `convert`. */
  prefix?: string;
}

/** Milliseconds for which a config is kept that nobody fetches any more: 30 days. */
const KEPT = 30 * 24 * 60 * 60 * 1000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Answers digest, etag, age in milliseconds, and the text, empty where it is known or too large; an empty list where there
 * is none.
 *
 * KEYS config. ARGV the digest that is known, bytes of a text at most.
 */
const READ = script(`${NOW}
local found = redis.call('HMGET', KEYS[1], 'digest', 'etag', 'at')
if not (found[1] and found[2] and tonumber(found[3])) then return {} end
local age = string.format('%.0f', now - tonumber(found[3]))
if found[1] == ARGV[1] then return { found[1], found[2], age, '' } end
if redis.call('HSTRLEN', KEYS[1], 'body') > tonumber(ARGV[2]) then return { found[1], found[2], age, '' } end
return { found[1], found[2], age, redis.call('HGET', KEYS[1], 'body') or '' }
`);

/**
 * Only by whose turn it is, which ends with it: a command that waited for a connection may come late.
 *
 * KEYS config, turn. ARGV owner, milliseconds to keep it, digest, etag, text.
 */
const WRITE = script(`${NOW}
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local at = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'digest', ARGV[3], 'etag', ARGV[4], 'at', at, 'body', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
return 1
`);

/** KEYS turn. ARGV owner, milliseconds. */
const CLAIM = script(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif owner then
  redis.call('DEL', KEYS[1])
end
return 1
`);

const check = shape({ prefix: isKeyPrefix });

/**
 * For `projectCache`. The client is a connected one of ioredis or node-redis and stays the app's: close the Convert first.
 * Redis 6.2 or newer, or Valkey. Configs that are not fetched any more are kept for 30 days. Throws CONVERT_BAD_OPTION.
 */
export function redisProjectCache(client: RedisClient, options: RedisProjectCacheOptions = {}): ProjectCache {
  const [wrong] = isRedisClient(client, 'client');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  assertOptions(check, options);
  const { prefix = 'convert' } = options;
  const run = scriptRunner(client);
  const config = (key: string): string => `${prefix}:{${key}}:config`;
  const turn = (key: string): string => `${prefix}:{${key}}:turn`;
  return {
    description: `Redis, keys ${prefix}:…`,
    async read(key, known = '') {
      const answer = await run(READ, [config(key)], [known, String(MAX_CONFIG_BYTES)]);
      const [digest, etag, age, body] = answer as [
        digest?: string,
        etag?: string,
        age?: string,
        body?: string,
      ];
      if (digest === undefined) return undefined;
      return {
        digest,
        etag: etag || undefined,
        body: body || undefined,
        checkedAt: Date.now() - Number(age),
      };
    },
    async write(key, { body, digest, etag = '' }, owner) {
      await run(WRITE, [config(key), turn(key)], [owner, String(KEPT), digest, etag, body]);
    },
    async claim(key, owner, milliseconds) {
      return Number(await run(CLAIM, [turn(key)], [owner, String(milliseconds)])) === 1;
    },
  };
}
