/** `visitor.cookie.signed` over whole requests: who counts, which cookies are set, and what is stored. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Convert, createConvert } from '../../../src/convert/convert.js';
import { memoryStore } from '../../../src/index.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import type { CommitOptions } from '../../../src/store/types.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { Device, MINUTE } from '../../support/device.js';
import { FakeResponse, tick, visit } from '../../support/http.js';
import { testProject } from '../../support/project.js';

const [OLD, NEW, OTHER] = ['the secret of last year', 'the secret of this year', 'the secret of a stranger'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MADE_UP = '11111111-1111-4111-8111-111111111111';

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

function create({ visitor, ...options }: ConvertOptions = {}): Convert {
  const log = (message: string): void => void logged.push(message);
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    delivery: { linger: 5 },
    logger: { error: log, warn: log },
    session: false,
    secrets: NEW,
    visitor: { ...visitor, cookie: { signed: true, ...visitor?.cookie } },
    ...options,
  });
  open.push(convert);
  return convert;
}

const named = (lines: readonly string[]): string[] => lines.map((line) => line.split('=')[0]!);

/** One request with this `Cookie` header. */
async function send(
  convert: Convert,
  cookie: string,
  headers: Record<string, string> = {},
  response = new FakeResponse(),
) {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  const context = await visit(convert, { cookie }, response);
  context.runExperience('homepage-hero');
  response.writeHead();
  await tick();
  return { id: context.visitorId, lines: response.cookies, convert };
}

/** The cookies of a visitor whom this Convert knows. */
async function known(convert: Convert): Promise<{ id: string; signature: string; device: Device }> {
  const device = new Device(convert);
  const id = await device.request();
  return { id, signature: device.cookies.get('cv_sig')!, device };
}

it('A12: the id of a new visitor gets a signature, in a cookie that scripts can not read', async () => {
  const { id, device } = await known(create({ visitor: { cookie: { domain: 'shop.example', maxAge: 60 } } }));
  expect(id).toMatch(UUID);
  expect(device.lines).toEqual([
    `cv_vid=${id}; Max-Age=60; Domain=shop.example; Path=/; Secure; SameSite=Lax`,
    expect.stringMatching(
      /^cv_sig=1\.[0-9a-z]{25}; Max-Age=60; Domain=shop\.example; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ),
  ]);
  expect(await device.request()).toBe(id);
  expect(device.lines).toEqual([]);
});

it('A12: an id without a valid signature is replaced, and nothing is stored or sent of it', async () => {
  const store = memoryStore();
  const convert = create({ store });
  const { id, signature } = await known(convert);
  const stranger = await known(create({ secrets: OTHER }));
  for (const signed of ['', `cv_sig=${signature}`, 'cv_sig=1.', `cv_sig=${stranger.signature}`]) {
    const { id: given, lines } = await send(convert, `cv_vid=${MADE_UP}; ${signed}`);
    expect(given).toMatch(UUID);
    expect([MADE_UP, id]).not.toContain(given);
    expect(named(lines)).toEqual(['cv_vid', 'cv_sig']);
  }
  for (const wrong of [signature.slice(2), `2.${signature.slice(2)}`, `${signature}0`, stranger.signature])
    expect((await send(convert, `cv_vid=${id}; cv_sig=${wrong}`)).id).not.toBe(id);
  expect(store.read(`1001-2002-${MADE_UP}`)).toBeUndefined();
  await convert.flush();
  expect(collector.exposures().map(({ visitorId }) => visitorId)).not.toContain(MADE_UP);
});

it('A12: a rotated secret keeps its visitors: the id stays, and is signed anew', async () => {
  const { id, device } = await known(create({ secrets: OLD }));
  const rotated = device.at(create({ secrets: [NEW, OLD] }));
  expect(await rotated.request()).toBe(id);
  expect(named(rotated.lines)).toEqual(['cv_sig']);
  expect(await rotated.request()).toBe(id);
  expect(rotated.lines).toEqual([]);
  const after = rotated.at(create({ secrets: NEW }));
  expect(await after.request()).toBe(id);
  expect(await device.at(create({ secrets: NEW })).request()).not.toBe(id);
});

it('A12: a rotated secret is seen where a head that needs no cookie is not looked at', async () => {
  /** As Express has them: headers may be set early, at less cost than a listener. */
  class EarlyResponse extends FakeResponse {
    setEarly(name: string, value: string): void {
      this.headers.set(name, value);
    }
  }
  const { id, signature } = await known(create({ secrets: OLD }));
  const convert = create({ secrets: [NEW, OLD] });
  const cookie = `cv_vid=${id}; cv_sig=${signature}`;
  // The first head is looked at in any case.
  for (const _ of [1, 2])
    expect(named((await send(convert, cookie, {}, new EarlyResponse())).lines)).toEqual(['cv_sig']);
});

it('A12: of several cookies the first id counts that any signature fits', async () => {
  const convert = create();
  const [one, other] = [await known(convert), await known(convert)];
  const signatures = `cv_sig=old; cv_sig=${other.signature}; cv_sig=${one.signature}`;
  expect((await send(convert, `cv_vid=${MADE_UP}; cv_vid=${one.id}; ${signatures}`)).id).toBe(one.id);
  expect((await send(convert, `cv_vid=${one.id}; cv_vid=${other.id}; ${signatures}`)).id).toBe(one.id);
  const lone = `cv_vid=${one.id}; cv_vid=${other.id}; cv_sig=${other.signature}`;
  expect((await send(convert, lone)).id).toBe(other.id);
});

it('A12: the lines that replace an id leave no older cookie before it', async () => {
  const convert = create({ visitor: { cookie: { domain: 'shop.example' } } });
  const { id, lines } = await send(convert, `cv_vid=${MADE_UP}`);
  expect(lines.map((line) => line.split(';', 1)[0])).toEqual([
    'cv_vid=',
    'cv_sig=',
    `cv_vid=${id}`,
    expect.stringMatching(/^cv_sig=1\./),
  ]);
  expect(lines.slice(0, 2).join()).not.toContain('Domain');
});

it('A12: sets no signature where no cookie is set', async () => {
  const convert = create();
  expect((await send(convert, '', { 'Cache-Control': 'public' })).lines).toEqual([]);
  const rotated = await known(create({ secrets: OLD }));
  const both = create({ secrets: [NEW, OLD] });
  const cookie = `cv_vid=${rotated.id}; cv_sig=${rotated.signature}`;
  expect((await send(both, cookie, { 'Cache-Control': 'public' })).lines).toEqual([]);
});

describe('A12: a withdrawal', () => {
  const consent = { cookie: 'ok', granted: 'yes', denied: 'no' };

  it('takes both cookies, with Domain and without', async () => {
    const convert = create({ consent, visitor: { cookie: { domain: 'shop.example' } } });
    const device = new Device(convert);
    device.cookies.set('ok', 'yes');
    await device.request();
    device.cookies.set('ok', 'no');
    await device.request();
    expect(named(device.lines)).toEqual(['cv_vid', 'cv_vid', 'cv_sig', 'cv_sig']);
    expect(device.lines.filter((line) => line.includes('Domain=shop.example'))).toHaveLength(2);
    expect(device.lines.every((line) => line.includes('Max-Age=0'))).toBe(true);
    const alone = await send(convert, 'ok=no; cv_sig=anything');
    expect(new Set(named(alone.lines))).toEqual(new Set(['cv_vid', 'cv_sig']));
  });

  it('deletes the state of the id that is signed, and of no other', async () => {
    const store = memoryStore();
    const convert = create({ consent, store });
    const device = new Device(convert);
    device.cookies.set('ok', 'yes');
    const id = await device.request();
    await device.request();
    const key = `1001-2002-${id}`;
    await send(convert, `ok=no; cv_vid=${id}`);
    expect(store.read(key)).toBeDefined();
    await send(convert, `ok=no; cv_vid=${id}; cv_sig=${device.cookies.get('cv_sig')}`);
    await tick();
    expect(store.read(key)).toBeUndefined();
  });
});

describe('A12: the id that a device takes over after a login', () => {
  const login = (context: { identify: (userId: string) => Promise<void> }) => context.identify('ann');

  it('is signed before and after', async () => {
    const convert = create();
    const [phone, laptop] = [await known(convert), await known(convert)];
    await phone.device.request(login);
    await laptop.device.request(login);
    expect(laptop.device.cookies.get('cv_vid_next')).toMatch(
      new RegExp(`^1\\.${phone.id}\\.[0-9a-z]+\\.${phone.signature.slice(2)}$`),
    );
    laptop.device.rest(40 * MINUTE);
    expect(await laptop.device.request()).toBe(phone.id);
    expect([...laptop.device.cookies]).toEqual([
      ['cv_vid', phone.id],
      ['cv_sig', phone.signature],
    ]);
    expect(await laptop.device.request()).toBe(phone.id);
  });

  it('is none that a stranger wrote', async () => {
    const convert = create();
    const { id, signature } = await known(convert);
    for (const value of [
      `${id}.0`,
      `${id}.0.`,
      `${id}.0.${'0'.repeat(25)}`,
      `${MADE_UP}.0.${signature.slice(2)}`,
    ])
      expect((await send(convert, `cv_vid_next=${value}`)).id).toMatch(UUID);
    for (const value of [`${id}.0`, `${MADE_UP}.0.${signature.slice(2)}`]) {
      const answer = await send(convert, `cv_vid_next=${value}`);
      expect([id, MADE_UP]).not.toContain(answer.id);
    }
  });

  it('is signed anew after a rotation', async () => {
    const store = memoryStore();
    const before = create({ secrets: OLD, store });
    const [phone, laptop] = [await known(before), await known(before)];
    await phone.device.request(login);
    await laptop.device.request(login);
    const rotated = laptop.device.at(create({ secrets: [NEW, OLD], store }));
    expect(await rotated.request()).toBe(laptop.id);
    expect(named(rotated.lines)).toEqual(['cv_sig', 'cv_vid_next']);
    const after = rotated.at(create({ secrets: NEW, store }));
    after.rest(40 * MINUTE);
    expect(await after.request()).toBe(phone.id);
  });

  it('stays readable if the option is turned off', async () => {
    const store = memoryStore();
    const convert = create({ store });
    const [phone, laptop] = [await known(convert), await known(convert)];
    await phone.device.request(login);
    await laptop.device.request(login);
    const off = laptop.device.at(create({ store, visitor: { cookie: { signed: false } } }));
    off.rest(40 * MINUTE);
    expect(await off.request()).toBe(phone.id);
  });
});

it('A13: what is stored of a signed id is kept from its first request on', async () => {
  const kept = memoryStore();
  const lives: CommitOptions[] = [];
  const store = {
    ...kept,
    commit(...args: Parameters<typeof kept.commit>) {
      lives.push(args[2]);
      return kept.commit(...args);
    },
  };
  const convert = create({ store });
  const device = new Device(convert);
  await device.request((context) => context.visitorId);
  await device.request();
  const unsigned = create({ store, visitor: { cookie: { signed: false } } });
  await send(unsigned, `cv_vid=${MADE_UP}`);
  expect(lives.map(({ ephemeral }) => ephemeral)).toEqual([false, true]);
});

it('A12: ids of the app that look like ids of the cookie need no warning', async () => {
  const id = (): string => MADE_UP;
  await send(create({ visitor: { id } }), '');
  expect(logged).toEqual([]);
  await send(create({ visitor: { id, cookie: { signed: false } } }), '');
  expect(logged).toEqual([expect.stringContaining('or set `visitor.cookie.signed: true`')]);
});

it('A12: a cookie that names a user counts for nobody beside ids of the app', async () => {
  const convert = create({ visitor: { id: () => undefined } });
  const { id } = await send(convert, `cv_vid=${MADE_UP}`);
  expect(id).not.toBe(MADE_UP);
});

it('A12: the cookie may have another name', async () => {
  const { device } = await known(create({ visitor: { cookie: { name: 'vid', signed: { name: 'sig' } } } }));
  expect([...device.cookies.keys()]).toEqual(['vid', 'sig']);
});
