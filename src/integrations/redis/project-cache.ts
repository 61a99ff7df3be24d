/**
 * Keeps the project configs in Redis, so that processes share them. A project has one key:
 *
 *     convert:{10035569-10034190-5d4140…}:config    body, digest, etag, at, checkedAt
 *
 * `at` is the time when Redis took the config, by the clock of Redis. The age that a reader is told is counted from it,
 * since the clocks of machines differ. `checkedAt`, by the clock of the writer, tells which of two configs is the newer
 * one, since a command that waited for a connection may come late. Replies hold only lists, texts and numbers, which
 * are the same in RESP2 and RESP3.
 */
import type { ProjectCache } from '../../project/cache/types.js';
import { MAX_CONFIG_BYTES } from '../../project/config-limits.js';
import { assertOptions, shape } from '../../utils/option-checks.js';
import { isKeyPrefix, script } from './client.js';
import { checkSource, connectTo, type RedisSource } from './connection.js';
import { asObject } from '../../utils/objects.js';

/** Options of `redisProjectCache()`. */
export interface RedisProjectCacheOptions {
  /** The prefix of the Redis keys. Default `convert`. */
  prefix?: string;
}

/** Milliseconds for which a config is kept that no process fetches any more: 30 days. */
const MAX_AGE = 30 * 24 * 60 * 60 * 1000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Reads a config. Answers digest, etag, age in milliseconds, and the text, which is empty if it is too large. Answers
 * an empty list if no config is stored.
 *
 * KEYS config. ARGV the most bytes of a text.
 */
const READ = script(`${NOW}
local found = redis.call('HMGET', KEYS[1], 'digest', 'etag', 'at')
if not (found[1] and found[2] and tonumber(found[3])) then return {} end
local age = string.format('%.0f', now - tonumber(found[3]))
if redis.call('HSTRLEN', KEYS[1], 'body') > tonumber(ARGV[1]) then return { found[1], found[2], age, '' } end
return { found[1], found[2], age, redis.call('HGET', KEYS[1], 'body') or '' }
`);

/**
 * Writes a config, unless a newer one is stored. A `checkedAt` in the future comes from a clock that is ahead. It
 * counts as now: otherwise it would keep other processes from writing.
 *
 * KEYS config. ARGV milliseconds to keep the config, digest, etag, text, checkedAt.
 */
const WRITE = script(`${NOW}
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'hash' then
  local newest = tonumber(redis.call('HGET', KEYS[1], 'checkedAt') or 0) or 0
  if newest > tonumber(ARGV[5]) then return 0 end
elseif kind ~= 'none' then
  redis.call('DEL', KEYS[1])
end
local at = string.format('%.0f', now)
local checkedAt = string.format('%.0f', math.min(now, tonumber(ARGV[5])))
redis.call('HSET', KEYS[1], 'digest', ARGV[2], 'etag', ARGV[3], 'at', at, 'checkedAt', checkedAt, 'body', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`);

const check = shape({ prefix: isKeyPrefix });

/**
 * Makes a cache for the option `projectCache`. With `{ url }`, the client is made, and closed with the Convert. Or
 * it is a connected client of ioredis or node-redis, which the app closes, after it has closed the Convert. Needs Redis
 * 6.2 or newer, or Valkey. Configs that no process fetches any more are kept for 30 days.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function redisProjectCache(client: RedisSource, options: RedisProjectCacheOptions = {}): ProjectCache {
  checkSource(client);
  assertOptions(check, options);
  const { prefix = 'convert' } = asObject(options);
  const { run, close } = connectTo(client);
  const config = (key: string): string => `${prefix}:{${key}}:config`;
  return {
    description: `Redis, keys ${prefix}:…`,
    async read(key, maxBytes = MAX_CONFIG_BYTES) {
      const answer = await run(READ, [config(key)], [String(maxBytes)]);
      const [digest, etag, age, body = ''] = answer as [
        digest?: string,
        etag?: string,
        age?: string,
        body?: string,
      ];
      if (digest === undefined) return undefined;
      return { body, digest, etag: etag || undefined, checkedAt: Date.now() - Number(age) };
    },
    async write(key, { body, digest, etag = '', checkedAt }) {
      await run(WRITE, [config(key)], [String(MAX_AGE), digest, etag, body, String(checkedAt)]);
    },
    close,
  };
}
