/** Keeps visitor state in Redis, for any number of processes. */
import { documentStore } from '../../store/document-store.js';
import { RETENTION_OPTIONS, retentionOf, type RetentionOptions } from '../../store/retention.js';
import type { VisitorStore } from '../../store/types.js';
import { assertOptions, either, oneOf, shape } from '../../utils/option-checks.js';
import { isKeyPrefix } from './client.js';
import { checkSource, connectTo, type RedisSource } from './connection.js';
import { redisDocuments } from './documents.js';
import { asObject } from '../../utils/objects.js';

/** Options of `redisStore()`. */
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
 * handler for a returning visitor, and one after a response if something changed. With `{ url }`, the client is made by
 * ioredis or @redis/client, whichever is installed, and closed with the Convert. Or it is a connected client of ioredis
 * or node-redis, which the app closes, after it has closed the Convert (`closeWith(server, { after })`). Needs Redis
 * 6.2 or newer, or Valkey. Each command uses one key, so any cluster will do.
 *
 * @example
 * ```js
 * const store = redisStore({ url: 'redis://localhost' });
 * const convert = createConvert({ sdkKey: '10035569/10034190', store });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function redisStore(client: RedisSource, options: RedisStoreOptions = {}): VisitorStore {
  checkSource(client);
  assertOptions(check, options);
  const { prefix = 'convert' } = asObject(options);
  const { run, close } = connectTo(client);
  return documentStore(
    redisDocuments({
      run,
      close,
      prefix: prefix === '' ? '' : `${prefix}:`,
      ...retentionOf(options),
    }),
  );
}
