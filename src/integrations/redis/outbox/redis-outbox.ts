/**
 * Makes the outbox that keeps its events in Redis, which any number of processes share. The events outlive the
 * processes.
 */
import { createOutbox } from '../../../delivery/outbox.js';
import { DEFAULT_QUEUE_BYTES, type OutboxFactory } from '../../../delivery/types.js';
import { ConvertError } from '../../../utils/errors.js';
import { assertOptions, between, flag, shape } from '../../../utils/option-checks.js';
import { isKeyPrefix, isRedisClient, type RedisClient, scriptRunner } from '../client.js';
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
 * Makes an outbox for the option `delivery.outbox`. The client is a connected client of ioredis or node-redis. The app
 * closes it, after it has closed the Convert. Needs Redis 6.2 or newer, or Valkey, with a `maxmemory-policy` that
 * evicts no events (`noeviction`, or `volatile-*`). `internals` is for tests.
 *
 * @example
 * ```js
 * const client = new Redis('redis://localhost');
 * const convert = createConvert({ sdkKey: '10035569/10034190', delivery: { outbox: redisOutbox(client) } });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function redisOutbox(
  client: RedisClient,
  options: RedisOutboxOptions = {},
  internals: RedisInternals = {},
): OutboxFactory {
  const [wrong] = isRedisClient(client, 'client');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', wrong);
  assertOptions(check, options);
  const { drain = true, prefix = 'convert', maxBytes = 256 * MIB } = asObject(options);
  const { beat = 2_000, lease = 10_000, answerLimit = 5_000, bypassAfter = 15_000 } = internals;
  const run = scriptRunner(client);
  return (given) =>
    createOutbox(
      given,
      (core) =>
        new RedisBackend(core, {
          run,
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
}
