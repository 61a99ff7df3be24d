/** Users who have several devices: whose visitor id is whose, from when on, and what is counted. */
import { nodeDigests } from '../../src/utils/node/digests.js';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { userHasher } from '../../src/identity/user-hash.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { Device, MINUTE } from '../support/device.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { testProject } from '../support/project.js';

let collector: Collector;
let logged: string[];
const open: Convert[] = [];
beforeEach(async () => {
  collector = await startCollector();
  logged = [];
});
afterEach(async () => {
  for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
  await collector.close();
});

function create(options: ConvertOptions = {}): Convert {
  const log = (message: string): void => void logged.push(message);
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    delivery: { linger: 5 },
    logger: { error: log, warn: log },
    session: false,
    ...options,
  });
  open.push(convert);
  return convert;
}

const login =
  (userId: unknown) =>
  async (context: ConvertContext): Promise<void> => {
    context.runExperience('homepage-hero');
    await context.identify(userId as string);
  };
const exposed = async (convert: Convert): Promise<string[]> => {
  await convert.flush();
  return collector.exposures().map(({ visitorId }) => visitorId);
};

/** As over a network. */
function distant(kept = memoryStore()): VisitorStore {
  return {
    remote: true,
    read: async (key) => kept.read(key),
    commit: async (...commit) => kept.commit(...commit),
    delete: async (key) => kept.delete(key),
  };
}

describe.each([
  ['in memory', () => memoryStore()],
  ['that is remote', () => distant()],
])('with a store %s', (_name, makeStore) => {
  it('a second device of a user becomes the visitor that the first one was, with its next session', async () => {
    const convert = create({ store: makeStore() });
    const [phone, laptop] = [new Device(convert, 'phone'), new Device(convert)];
    expect(await phone.request(login('ann@shop.example'))).toBe('phone');
    expect([...phone.cookies.keys()]).toEqual(['cv_vid']);

    const generated = await laptop.request(login('ann@shop.example'));
    expect(laptop.cookies.get('cv_vid')).toBe(generated);
    expect(laptop.cookies.get('cv_vid_next')).toMatch(/^1\.phone\.[0-9a-z]+$/);
    // The journey goes on as it was.
    laptop.rest(29 * MINUTE);
    expect(await laptop.request()).toBe(generated);
    laptop.rest(29 * MINUTE);
    expect(await laptop.request((context) => context.trackConversion('purchase'))).toBe(generated);
    expect(laptop.cookies.get('cv_vid')).toBe(generated);

    laptop.rest(32 * MINUTE);
    let reason = '';
    expect(
      await laptop.request((context) => {
        reason = context.explain('homepage-hero').reason;
        context.runExperience('homepage-hero');
      }),
    ).toBe('phone');
    expect(reason).toBe('sticky');
    expect([...laptop.cookies]).toEqual([['cv_vid', 'phone']]);
    expect(await laptop.request()).toBe('phone');
    expect(await exposed(convert)).toEqual(['phone', generated]);
    expect(collector.conversions().map(({ visitorId }) => visitorId)).toEqual([generated]);
  });

  it('devices of two users stay apart, and who logs in as another one takes over nothing of the first', async () => {
    const convert = create({ store: makeStore() });
    const [one, other] = [new Device(convert, 'one'), new Device(convert, 'other')];
    await one.request(login('ann'));
    await other.request(login('bob'));
    expect(other.cookies.size).toBe(1);
    await other.request(login('ann'));
    expect(other.cookies.get('cv_vid_next')).toMatch(/^1\.one\./);
    // Bob is `other`, and so is this device.
    await other.request(login('bob'));
    expect([...other.cookies]).toEqual([['cv_vid', 'other']]);
  });

  it('a withdrawal takes the cookies and what links the user to the visitor', async () => {
    const store = makeStore();
    const convert = create({ store, consent: { cookie: 'ok', granted: 'yes', denied: 'no' } });
    const [one, other] = [new Device(convert, 'one'), new Device(convert, 'other')];
    for (const device of [one, other]) {
      device.cookies.set('ok', 'yes');
      await device.request(login('ann'));
    }
    for (const device of [one, other]) {
      device.cookies.set('ok', 'no');
      await device.request();
      await tick();
      expect([...device.cookies.keys()]).toEqual(['ok']);
    }
    const third = new Device(convert, 'third');
    third.cookies.set('ok', 'yes');
    await third.request(login('ann'));
    expect(third.cookies.has('cv_vid_next')).toBe(false);
  });
});

it('A11: a visitor who is forgotten takes no login away that leads to another visitor', async () => {
  const convert = create();
  const [phone, laptop] = [new Device(convert, 'phone'), new Device(convert, 'laptop')];
  await phone.request(login('ann'));
  await laptop.request(login('ann'));
  await convert.forget('laptop');
  const third = new Device(convert);
  await third.request(login('ann'));
  expect(third.cookies.get('cv_vid_next')).toMatch(/^1\.phone\./);
});

it('A10: the user of a visitor whose cookie was never set keeps no login to it', async () => {
  const store = memoryStore();
  const convert = create({ store });
  await new Device(convert).request(login('ann'), { 'Cache-Control': 'public' });
  expect(store.size).toBe(0);
  const phone = new Device(convert);
  await phone.request(login('ann'));
  expect([...phone.cookies.keys()]).toEqual(['cv_vid']);
});

it('A10: nothing is stored of a user whose visitor was lost with a head that we did not see', async () => {
  const store = memoryStore();
  const response = new FakeResponse();
  const context = await visit(create({ store }), {}, response);
  context.runExperience('homepage-hero');
  response.headersSent = true;
  await context.identify('ann');
  expect(store.size).toBe(0);
});

it('a visitor who is forgotten is no user’s any more', async () => {
  const convert = create();
  await new Device(convert, 'one').request(login('ann'));
  await convert.forget('one');
  const other = new Device(convert, 'other');
  await other.request(login('ann'));
  expect([...other.cookies]).toEqual([['cv_vid', 'other']]);
});

it('keeps no id of a user', async () => {
  const kept = memoryStore();
  const keys: string[] = [];
  const states: unknown[] = [];
  const convert = create({
    store: {
      ...kept,
      remote: false,
      commit(key, ...rest) {
        keys.push(key);
        const committed = kept.commit(key, ...rest);
        states.push(committed.state);
        return committed;
      },
    },
  });
  await new Device(convert, 'one').request(login('ann@shop.example'));
  expect(keys).toHaveLength(3);
  expect(JSON.stringify([keys, states])).not.toContain('ann');
});

describe('F5: with secrets', () => {
  const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];

  /** A store, with the text of all that was asked of it. */
  function recording() {
    const kept = memoryStore();
    const asked: string[] = [];
    const store: VisitorStore = {
      ...kept,
      remote: false,
      commit(key, ...rest) {
        const committed = kept.commit(key, ...rest);
        asked.push(JSON.stringify([key, committed.state]));
        return committed;
      },
    };
    return { store, asked, kept };
  }
  const plain = (text: string): string => createHash('sha256').update(text).digest('base64url');

  it('nothing in the store can be found by trying ids', async () => {
    const { store, asked } = recording();
    await new Device(create({ store, secrets: NEW }), 'one').request(login('4711'));
    expect(asked).toHaveLength(3);
    expect(asked.join()).not.toContain(plain('4711'));
    const other = recording();
    await new Device(create({ store: other.store }), 'one').request(login('4711'));
    expect(other.asked.join()).toContain(plain('4711'));
  });

  it.each([
    ['a rotation', OLD, [NEW, OLD]],
    ['secrets that are turned on', undefined, NEW],
  ])('%s forgets no login, and no visitor', async (_name, before, after) => {
    const { store, kept } = recording();
    await new Device(create({ store, secrets: before }), 'phone').request(login('ann'));
    const laptop = new Device(create({ store, secrets: after }));
    await laptop.request(login('ann'));
    expect(laptop.cookies.get('cv_vid_next')).toMatch(/^1\.phone\./);
    // The login is known by the first secret now: the older one may go.
    const convert = create({ store, secrets: NEW });
    const tablet = new Device(convert);
    await tablet.request(login('ann'));
    expect(tablet.cookies.get('cv_vid_next')).toMatch(/^1\.phone\./);

    await convert.forget('phone');
    for (const user of [...userHasher(nodeDigests, [NEW, OLD])('ann')])
      expect(kept.read(`1001-2002~user-${user}`)).toBeUndefined();
  });

  it('a visitor stays the user’s after a rotation', async () => {
    const store = memoryStore();
    const device = new Device(create({ store, secrets: OLD }), 'one');
    await device.request(login('ann'));
    const rotated = device.at(create({ store, secrets: [NEW, OLD] }));
    await rotated.request(login('ann'));
    expect([...rotated.cookies.keys()]).toEqual(['cv_vid']);
    const after = rotated.at(create({ store, secrets: NEW }));
    await after.request(login('ann'));
    expect([...after.cookies.keys()]).toEqual(['cv_vid']);
    await after.request(login('ben'));
    expect(after.cookies.has('cv_vid_next')).toBe(true);
  });
});

it('says in its cookie when the device was last here, once in two minutes', async () => {
  const convert = create();
  await new Device(convert, 'one').request(login('ann'));
  const other = new Device(convert, 'other');
  await other.request(login('ann'));
  const before = other.cookies.get('cv_vid_next');
  other.rest(MINUTE);
  const older = other.cookies.get('cv_vid_next');
  await other.request();
  expect(other.cookies.get('cv_vid_next')).toBe(older);
  other.rest(2 * MINUTE);
  await other.request();
  expect(parseInt(other.cookies.get('cv_vid_next')!.split('.')[2]!, 36)).toBeGreaterThanOrEqual(
    parseInt(before!.split('.')[2]!, 36),
  );
  // Of a server whose clock is ahead.
  other.rest(-10 * MINUTE);
  const ahead = other.cookies.get('cv_vid_next');
  await other.request();
  expect(other.cookies.get('cv_vid_next')).not.toBe(ahead);
});

it.each(['one', 'one.', '.1', 'a b.1', `${'x'.repeat(65)}.1`, 'one.zzzzzzzzz', 'one.-5', '../x.1'])(
  'ignores a cookie that is none of ours: %s',
  async (value) => {
    const device = new Device(create(), 'device');
    device.cookies.set('cv_vid_next', value);
    expect(await device.request()).toBe('device');
  },
);

it('a device without an id takes the one that waits', async () => {
  const device = new Device(create());
  device.cookies.set('cv_vid_next', `one.${Math.floor(Date.now() / MINUTE).toString(36)}`);
  expect(await device.request()).toBe('one');
  expect([...device.cookies]).toEqual([['cv_vid', 'one']]);
});

it('sets no cookie where a shared cache would hand it out, after the head, on HEAD and in a preview', async () => {
  const convert = create();
  await new Device(convert, 'one').request(login('ann'));
  const other = new Device(convert, 'other');
  await other.request(login('ann'), { 'Cache-Control': 'public' });
  expect(other.cookies.size).toBe(1);

  const response = new FakeResponse();
  const late = await visit(convert, { cookie: 'cv_vid=late' }, response);
  late.runExperience('homepage-hero');
  response.writeHead();
  await late.identify('ann');
  expect(response.cookies).toEqual([]);
});

it('does nothing for those who are known otherwise, without consent, and without an id', async () => {
  const app = create({ visitor: { id: () => 'u1' } });
  await new Device(app).request(login('ann'));
  expect(logged).toEqual([expect.stringContaining('identify() is for visitors who are known by our cookie')]);

  const asked = create({ consent: () => 'unknown' as const });
  const device = new Device(asked, 'one');
  await device.request(login('ann'));
  expect([...device.cookies.keys()]).toEqual(['cv_vid']);

  logged = [];
  const convert = create();
  for (const userId of [undefined, null, '', {}, NaN, 'x'.repeat(300)])
    await new Device(convert, 'one').request(login(userId));
  expect(logged).toEqual([expect.stringContaining('identify() was given no id of a user')]);
});

it('fails open where the store fails', async () => {
  const kept = memoryStore();
  const convert = create({
    store: {
      ...kept,
      remote: false,
      commit: (key, ...rest) =>
        key.includes('~user-') ? Promise.reject(new Error('down')) : kept.commit(key, ...rest),
    },
  });
  const device = new Device(convert, 'one');
  expect(await device.request(login('ann'))).toBe('one');
  expect(logged.join()).toContain('the visitor store failed to identify a user');
});
