/**
 * Makes the outbox that keeps its events in Redis, which any number of processes share. The events outlive the
 * processes.
 */
import { createOutbox } from '../../../delivery/outbox.js';
import { DEFAULT_QUEUE_BYTES, type OutboxFactory } from '../../../delivery/types.js';
import { assertOptions, between, flag, shape } from '../../../utils/option-checks.js';
import { isKeyPrefix } from '../client.js';
import { checkSource, connectTo, type RedisSource } from '../connection.js';
import { RedisBackend } from './backend.js';
import { asObject } from '../../../utils/objects.js';

export interface RedisOutboxOptions {
  /** False if this process only puts events into Redis, and another one sends them. Default true. */
  drain?: boolean;
  /** The prefix of the Redis keys. Default `convert`. */
  prefix?: string;
  /**
   * Bytes of events of one project that may wait in Redis. The last tenth is kept for conversions. If several processes
   * fill it at the same time, they may exceed it by the events that each of them has in memory at that moment. Default
   * 268435456 (256 MiB).
   */
  maxBytes?: number;
}

export interface RedisInternals {
  /** Milliseconds between two signs of life that a process gives Redis. Default 2,000. */
  beat?: number;
  /**
   * Milliseconds without a sign of life after which other processes may take over the events that a process has read.
   * Default 10,000.
   */
  lease?: number;
  /** Milliseconds that Redis may take for an answer before it counts as failing. Default 5,000. */
  answerLimit?: number;
  /**
   * Milliseconds for which Redis fails before events are sent to the tracking endpoint without it. Default 15,000: most
   * failovers take less.
   */
  bypassAfter?: number;
}

const MIB = 1024 ** 2;

const check = shape({
  drain: flag,
  prefix: isKeyPrefix,
  maxBytes: between(MIB, Number.MAX_SAFE_INTEGER, 'bytes'),
});

/**
 * Makes an outbox for the option `delivery.outbox`. With `{ url }`, the client is made by ioredis or @redis/client,
 * whichever is installed, and closed with the Convert. Or it is a connected client of ioredis or node-redis, which the
 * app closes, after it has closed the Convert (`closeWith(server, { after })`). Needs Redis 6.2 or newer, or Valkey,
 * with a `maxmemory-policy` that evicts no events (`noeviction`, or `volatile-*`). `internals` is for tests.
 *
 * @example
 * ```js
 * const outbox = redisOutbox({ url: 'redis://localhost' });
 * const convert = createConvert({ sdkKey: '10035569/10034190', delivery: { outbox } });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function redisOutbox(
  client: RedisSource,
  options: RedisOutboxOptions = {},
  internals: RedisInternals = {},
): OutboxFactory {
  checkSource(client);
  assertOptions(check, options);
  const { drain = true, prefix = 'convert', maxBytes = 256 * MIB } = asObject(options);
  const { beat = 2_000, lease = 10_000, answerLimit = 5_000, bypassAfter = 15_000 } = internals;
  return (given) => {
    const { run, close } = connectTo(client);
    return createOutbox(
      given,
      (core) =>
        new RedisBackend(core, {
          run,
          close,
          drain,
          prefix,
          maxBytes,
          memoryBytes: given.maxQueueBytes ?? DEFAULT_QUEUE_BYTES,
          beat,
          lease,
          answerLimit,
          bypassAfter,
        }),
    );
  };
}
