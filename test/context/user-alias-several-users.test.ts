/** Several users who log in in one browser, each with a device of their own: over all stores. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { lmdbStore } from '../../src/lmdb.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { redisStore } from '../../src/redis.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { type Collector, startCollector } from '../support/collector.js';
import { Device, MINUTE } from '../support/device.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';
import '../support/loaded.js';

const login =
  (userId: string) =>
  async (context: ConvertContext): Promise<void> => {
    context.runExperience('homepage-hero');
    await context.identify(userId);
  };

function keepUsersApart(makeStore: () => ConvertOptions['store']): void {
  let collector: Collector;
  let convert: Convert;
  beforeEach(async () => {
    collector = await startCollector();
    convert = createConvert({
      project: testProject(),
      endpoints: { track: collector.origin },
      delivery: { linger: 5 },
      session: false,
      store: makeStore(),
      storeTimeout: 10_000,
    });
  });
  afterEach(async () => {
    await convert.close({ timeout: 100 });
    await collector.close();
  });

  it('A10: become visitors of their own, on their own devices', async () => {
    const kiosk = new Device(convert, 'kiosk');
    const phones = [];
    for (const user of ['ann', 'ben', 'cid']) {
      await kiosk.request(login(user));
      const phone = new Device(convert);
      await phone.request(login(user));
      phone.rest(40 * MINUTE);
      phones.push(phone);
    }
    const buy = (context: ConvertContext): void => void context.trackConversion('purchase');
    const ids = [];
    for (const phone of phones) ids.push(await phone.request(buy));
    expect(ids[0]).toBe('kiosk');
    expect(new Set(ids).size).toBe(3);
    await convert.flush();
    expect(collector.conversions().map(({ visitorId }) => visitorId)).toEqual(ids);
  });

  it('A10: the second user gets a visitor of their own, and the browser takes it over with its next visit', async () => {
    const kiosk = new Device(convert, 'kiosk');
    await kiosk.request(login('ann'));
    expect(kiosk.cookies.has('cv_vid_next')).toBe(false);
    expect(await kiosk.request(login('ben'))).toBe('kiosk');
    const [, own] = kiosk.cookies.get('cv_vid_next')!.split('.');
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
    await kiosk.request(login('ben'));
    expect(kiosk.cookies.get('cv_vid_next')).toMatch(new RegExp(`^1\\.${own}\\.`));
    kiosk.rest(40 * MINUTE);
    expect(await kiosk.request()).toBe(own);
    // Whoever logs in now is a third user, or the first one again.
    await kiosk.request(login('cid'));
    expect(kiosk.cookies.get('cv_vid_next')).not.toMatch(new RegExp(`^1\\.(?:kiosk|${own})\\.`));
    await kiosk.request(login('ann'));
    expect(kiosk.cookies.get('cv_vid_next')).toMatch(/^1\.kiosk\./);
    await kiosk.request(login('ben'));
    expect([...kiosk.cookies]).toEqual([['cv_vid', own]]);
  });

  it('A10: a device that is to become another visitor belongs to its user, too', async () => {
    const [phone, laptop] = [new Device(convert, 'phone'), new Device(convert, 'laptop')];
    await phone.request(login('ann'));
    await laptop.request(login('ann'));
    await laptop.request(login('ben'));
    expect(laptop.cookies.get('cv_vid_next')).not.toMatch(/^1\.(?:phone|laptop)\./);
  });

  it('A10: of two users who log in at the same time, one gets the visitor', async () => {
    const [one, other] = [new Device(convert, 'both'), new Device(convert, 'both')];
    await Promise.all([one.request(login('ann')), other.request(login('ben'))]);
    const next = [one, other].map((device) => device.cookies.get('cv_vid_next'));
    expect(next.filter((each) => each === undefined)).toHaveLength(1);
  });

  it('A11: who knows the id of a browser gets neither the visitor of who logs in there next nor their login', async () => {
    const kiosk = new Device(convert, 'known');
    await kiosk.request(login('mallory'));
    await kiosk.request(login('victim'));
    const phone = new Device(convert);
    await phone.request(login('victim'));
    const [, own] = phone.cookies.get('cv_vid_next')!.split('.');
    expect(own).not.toBe('known');
    await convert.forget('known');
    const laptop = new Device(convert);
    await laptop.request(login('victim'));
    expect(laptop.cookies.get('cv_vid_next')).toMatch(new RegExp(`^1\\.${own}\\.`));
  });
}

const root = temporaryFolder('users', afterAll);
let places = 0;

describe.each<[string, () => ConvertOptions['store']]>([
  ['in memory', () => memoryStore()],
  ['of the kind of the official SDK', () => new Map()],
  ['in LMDB', () => lmdbStore(`${root}/${(places += 1)}`)],
])('several users of one browser, with a store %s,', (_name, makeStore) => keepUsersApart(makeStore));

describe.skipIf(!hasRedis)('several users of one browser, with a store in Redis,', () => {
  const shared = sharedRedis();
  keepUsersApart(() => redisStore(shared.client, { prefix: `users-${(places += 1)}` }));
});
