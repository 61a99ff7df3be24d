/** Keeps visitor state in Redis, for any number of processes. */
import { documentStore } from '../../store/document-store.js';
import { RETENTION_OPTIONS, retentionOf, type RetentionOptions } from '../../store/retention.js';
import type { VisitorStore } from '../../store/types.js';
import { ConvertError } from '../../utils/errors.js';
import { assertOptions, either, oneOf, shape } from '../../utils/option-checks.js';
import { isKeyPrefix, isRedisClient, type RedisClient, scriptRunner } from './client.js';
import { redisDocuments } from './documents.js';
import { asObject } from '../../utils/objects.js';

export interface RedisStoreOptions extends RetentionOptions {
  /**
   * The prefix of the Redis keys: `{prefix}:{account}-{project}-{visitor}`. Default `convert`. With '' the keys are
   * those of the official SDK.
   */
  prefix?: string;
}

const check = shape({
  prefix: either('letters, digits, and any of `:._-`, or nothing', isKeyPrefix, oneOf('')),
  ...RETENTION_OPTIONS,
});

/**
 * Makes a store for the option `store`. The first write wins over all processes. It takes one round trip before the
 * handler for a returning visitor, and one after a response if something changed. The client is a connected client of
 * ioredis or node-redis. The app closes it, after it has closed the Convert. Needs Redis 6.2 or newer, or Valkey. Each
 * command uses one key, so any cluster will do.
 *
 * @example
 * ```js
 * const client = new Redis('redis://localhost');
 * const convert = createConvert({ sdkKey: '10035569/10034190', store: redisStore(client) });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): VisitorStore {
  const [wrong] = isRedisClient(client, 'client');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  assertOptions(check, options);
  const { prefix = 'convert' } = asObject(options);
  return documentStore(
    redisDocuments({
      run: scriptRunner(client),
      prefix: prefix === '' ? '' : `${prefix}:`,
      ...retentionOf(options),
    }),
  );
}
