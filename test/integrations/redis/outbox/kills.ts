/** The test of a Redis that is killed while events come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { IDS, send, visitorsOf } from '../../../delivery/fakes.js';
import { connected, open, ownRedis } from './redis-kit.js';

/** @param kills at most 5 */
export function killedUnderLoad(kills: number): void {
  it(`killed ${kills} times under load: each event arrives, once`, async () => {
    const own = await ownRedis();
    const kit = open(connected(own.port), {}, { maxBatchEvents: 100, lingerMs: 5 });
    kit.transport.always(200);
    for (let kill = 0; kill < kills; kill++) {
      const ids = IDS.slice(kill * 1000, (kill + 1) * 1000);
      for (let n = 0; n < 1000; n += 20) {
        send(kit, ids.slice(n, n + 20));
        if (n === 500) await own.kill();
        await sleep(2);
      }
      await own.start();
    }
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: kills * 1000, pending: 0, dropped: 0 });
    expect(visitorsOf(kit.transport).sort()).toEqual(IDS.slice(0, kills * 1000).sort());
  }, 60_000);
}
