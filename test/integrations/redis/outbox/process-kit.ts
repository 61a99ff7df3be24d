/** Outboxes in Redis for tests that run them in processes of their own. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  HEALTHY_LEASE,
  idsOf,
  type Keep,
  LEASE,
  named,
  processBench,
} from '../../../delivery/process-bench.js';
import type { sharedRedis } from '../../../support/redis.js';

type Shared = ReturnType<typeof sharedRedis>;

/** Each has a stream of its own. Call it at the top of a `describe`. */
export function keepsIn(shared: Shared): (lease?: number) => Keep {
  let keeps = 0;
  return (lease = LEASE): Keep => {
    const prefix = `convert-${(keeps += 1)}`;
    const internals = { beat: LEASE / 8, lease };
    return {
      code: (folder) => `
        import { Redis } from 'ioredis';
        import { redisOutbox } from ${JSON.stringify(join(folder, 'integrations/redis/outbox/redis-outbox.js'))};
        const client = new Redis(${shared.port});
        const options = { prefix: ${JSON.stringify(prefix)}, drain: !name.startsWith('a') };
        const kept = (given) => {
          const outbox = redisOutbox(client, options, ${JSON.stringify(internals)})(given);
          return {
            ...outbox,
            close: (timeout) => outbox.close(timeout).finally(() => client.disconnect()),
          };
        };`,
      async rest() {
        return (await shared.client.xrange(`${prefix}:{1-2}:events`, '-', '+')).map(([id]) => id);
      },
    };
  };
}

export function appendersAndDrainers(
  source: string,
  freshKeep: (lease?: number) => Keep,
  each: number,
): void {
  it('brings what two processes append by two others that drain, each exactly once', async () => {
    const keep = freshKeep(HEALTHY_LEASE);
    const { collector, run } = await processBench(source, keep, { delay: 20 });
    const appends = ['a0', 'a1'].map((name) =>
      run(
        name,
        `while (sent < ${each}) { send(20); await sleep(0); }
         const { spooled, pending } = await outbox.flush(20_000);
         await outbox.close(5000);
         say(spooled, pending);`,
      ),
    );
    const drains = ['d0', 'd1'].map((name) =>
      run(name, `process.once('SIGTERM', () => outbox.close(5000));`),
    );
    await collector.waitFor(({ events }) => events.length === 2 * each);
    for (const { ended } of appends) expect((await ended).output.trim()).toBe(`${each} 0`);
    for (const drain of drains) drain.kill('SIGTERM');
    for (const { ended } of drains) expect((await ended).code).toBe(0);
    expect(idsOf(collector).sort()).toEqual([...named('a0', each), ...named('a1', each)].sort());
    expect(await keep.rest()).toEqual([]);
  });
}
