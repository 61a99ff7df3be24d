/** What a consumer has read from the stream and holds in memory, while Redis loses it: a failover may do so. */
import { expect, it } from 'vitest';
import { send, until, visitorsOf } from '../../../delivery/fakes.js';
import { connected, fresh, open, ownRedis, PROJECT } from './redis-kit.js';

it('sends a commit from memory that Redis alone has lost', async () => {
  const own = await ownRedis();
  const prefix = fresh();
  const kit = open(connected(own.port), { prefix }, {}, { beat: 50, lease: 100_000, answerLimit: 1_000 });
  kit.transport.always(503);
  send(kit, ['x']);
  await until(() => kit.outbox.stats().retries > 0 && kit.outbox.stats().volatile === 0);
  const admin = connected(own.port);
  const key = `${prefix}:${PROJECT}:events`;
  const [[id]] = (await admin.xrange(key, '-', '+')) as unknown as [[string, string[]]];
  await admin.xack(key, 'drain', id);
  await admin.xdel(key, id);
  await until(() => kit.outbox.stats().volatile === 1);
  kit.transport.always(200);
  expect(await kit.outbox.flush(20_000)).toMatchObject({ delivered: 1, spooled: 0, pending: 0 });
  expect(visitorsOf(kit.transport)).toContain('x');
});
