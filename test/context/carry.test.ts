/** Carrying a visitor out of a page, and counting what comes back with the text. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Convert, ConvertOptions, MemoryStore, VisitorState } from '../../src/index.js';
import { memoryStore } from '../../src/index.js';
import { incoming } from '../identity/support.js';
import { FakeResponse, tick } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { collector, collectorPerTest, create, logged } from '../convert/setup.js';

collectorPerTest();

const secrets = 'a secret of the test';
const UUID = '3f0c8a52-6b1d-4a5e-9c77-0d2f4b8e6a11';
const DAY = 24 * 60 * 60 * 1000;
const BY_COOKIE: ConvertOptions = { consent: { cookie: 'consent', granted: 'yes' }, secrets };

afterEach(() => void vi.useRealTimers());

interface Page {
  readonly cookie?: string;
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  readonly site?: string;
}

/** One page whose handler reads the text; returns it when the page is written and committed. */
async function page(convert: Convert, given: Page = {}) {
  const { cookie = `consent=yes; cv_vid=${UUID}`, url = '/', method = 'GET', userAgent, site } = given;
  const response = new FakeResponse();
  for (const [name, value] of Object.entries(given.headers ?? {})) response.headers.set(name, value);
  const headers = {
    cookie,
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
    ...(site !== undefined && { 'sec-fetch-site': site }),
  };
  const context = await convert.open(incoming(headers, { url, method }), response);
  const text = context.carry();
  const field = context.hiddenField();
  const header = context.header();
  response.writeHead();
  response.close();
  await tick();
  await tick();
  return { text, field, header, context, response };
}

const paid = async (convert: Convert, text: unknown, options?: Parameters<Convert['forVisitor']>[1]) => {
  const visitor = await convert.forVisitor(text as string, options);
  visitor.trackConversion('purchase');
  const { conversions } = await visitor.committed();
  return conversions[0]!.outcome;
};
const stored = (store: MemoryStore, id = UUID): VisitorState | undefined => store.read(`1001-2002-${id}`);

describe('carry()', () => {
  it('gives a text that counts in a process that knows nothing of the visitor', async () => {
    const { text, field, header } = await page(create(BY_COOKIE));
    expect(text).toMatch(/^cv1_cgp_[\w-]+$/);
    expect(field).toBe(`<input type="hidden" name="cv_vid" value="${text}">`);
    expect(header).toEqual({ 'X-Convert-Visitor': text });
    const other = create(BY_COOKIE);
    expect(await paid(other, text)).toBe('tracked');
    expect(await paid(other, text)).toBe('already-tracked');
    await other.flush();
    expect(collector.conversions().map(({ visitorId }) => visitorId)).toEqual([UUID]);
  });

  it('does not let a bare id count without a grant that is recorded', async () => {
    const convert = create(BY_COOKIE);
    for (const origin of [undefined, 'cookie', 'carried'] as const)
      expect(await paid(convert, UUID, { origin })).toBe('consent');
    await page(convert);
    expect(await paid(convert, UUID, { origin: 'carried' })).toBe('tracked');
  });

  it.each<[string, Page, ConvertOptions]>([
    ['without an answer', { cookie: '' }, {}],
    ['with a denial', { cookie: 'consent=no' }, {}],
    ['for a bot', { userAgent: 'Googlebot/2.1' }, {}],
    ['in a preview', { url: '/?convert_preview=101.1010' }, {}],
    ['on HEAD', { method: 'HEAD' }, {}],
    ['where the request is skipped', {}, { skip: () => true }],
    ['for a new visitor without a cookie', { cookie: 'consent=yes', site: 'cross-site' }, {}],
    ['where the page goes to others, too', { headers: { 'Cache-Control': 'public, max-age=60' } }, {}],
    [
      'before the first project config',
      {},
      { project: { description: 'never', start: () => undefined, stop: () => undefined }, readyTimeout: 0 },
    ],
  ])("gives '' %s, and has nothing kept", async (_when, given, options) => {
    const store = memoryStore();
    const { text, field, header } = await page(create({ ...BY_COOKIE, store, ...options }), given);
    expect({ text, field, header }).toEqual({ text: '', field: '', header: {} });
    expect(stored(store)?.carried).toBeUndefined();
  });

  it('A13: keeps the state of a new visitor, where a flood drops others', async () => {
    const store = memoryStore({ max: 50 });
    const convert = create({ ...BY_COOKIE, store });
    const { context } = await page(convert, { cookie: 'consent=yes' });
    for (let n = 0; n < 300; n++) {
      const response = new FakeResponse();
      const other = await convert.open(incoming({ cookie: `consent=yes; cv_vid=made-up-${n}` }), response);
      other.runExperience('homepage-hero');
      response.writeHead();
      await tick();
    }
    expect(stored(store, context.visitorId)).toMatchObject({
      carried: expect.any(Number),
      consent: 'granted',
    });
    expect(stored(store, 'made-up-0')).toBeUndefined();
  });

  it('writes to the store once a day', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = memoryStore();
    const commit = vi.spyOn(store, 'commit');
    const convert = create({ ...BY_COOKIE, store });
    for (let n = 0; n < 3; n++) await page(convert);
    expect(commit).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + DAY);
    await page(convert);
    expect(commit).toHaveBeenCalledTimes(2);
  });

  it('names a user of the app, whom no text that is not signed can name', async () => {
    const options: ConvertOptions = { secrets, visitor: { id: () => 'user:42' } };
    const convert = create(options);
    const { text } = await page(convert);
    expect(text).toMatch(/^cv1_anb_/);
    expect(await paid(convert, 'user:42', { origin: 'carried' })).toBe('no-identity');
    expect(logged).toEqual([expect.stringContaining('not signed')]);
    expect(await paid(convert, text, { origin: 'carried' })).toBe('tracked');
    await convert.flush();
    expect(collector.conversions().map(({ visitorId }) => visitorId)).toEqual(['user:42']);
  });

  it('without secrets, is the id, and the recorded grant decides', async () => {
    const convert = create({ ...BY_COOKIE, secrets: undefined });
    const { text, header } = await page(convert);
    expect(text).toBe(UUID);
    expect(header).toEqual({ 'X-Convert-Visitor': UUID });
    expect(await paid(convert, text, { origin: 'carried' })).toBe('tracked');
    expect(await paid(create({ ...BY_COOKIE, secrets: undefined }), text)).toBe('consent');
  });

  it('writes no id into a header that could not stand there', async () => {
    const convert = create({ visitor: { id: () => 'a\r\nSet-Cookie: x=1' } });
    const { text, field, header } = await page(convert);
    expect(text).toBe('a\r\nSet-Cookie: x=1');
    expect(header).toEqual({});
    expect(field).not.toContain('"a\r\nSet-Cookie: x=1" ');
  });

  it('says once that an id is too long', async () => {
    const convert = create({ secrets, visitor: { id: () => 'é'.repeat(120) } });
    for (let n = 0; n < 2; n++) expect((await page(convert)).text).toBe('');
    expect(logged).toEqual([expect.stringContaining('carry() gives no text')]);
  });

  it('escapes the name of a field', async () => {
    const { context } = await page(create(BY_COOKIE));
    expect(context.hiddenField({ name: '"><script>' })).toMatch(
      /^<input type="hidden" name="&quot;&gt;&lt;script&gt;" value="[\w-]+">$/,
    );
  });
});

describe('a text that comes back', () => {
  it.each([
    ['forged', 'cv1_cgp_t6z0aa_3f0c8a52-6b1d-4a5e-9c77-0d2f4b8e6a11_0000000000000000000000000'],
    ['cut', 'cv1_cgp_t6z0aa_3f0c8a52-6b1d-4a5e-9c77-0d2'],
    ['without end', `cv1_cgp_${'a'.repeat(100_000)}`],
    ['no id of a cookie', '<script>alert(1)</script>'],
    ['too long for an id', 'x'.repeat(257)],
    ['of control characters', 'a\u0000\r\nb'],
  ])('counts nothing if it is %s, and says why, once', async (_what, text) => {
    const convert = create({ secrets });
    const errors: unknown[] = [];
    convert.on('error', (error) => void errors.push(error));
    for (let n = 0; n < 2; n++) expect(await paid(convert, text, { origin: 'carried' })).toBe('no-identity');
    await convert.flush();
    expect(collector.events).toEqual([]);
    expect(errors).toEqual([]);
    expect(logged).toHaveLength(1);
    for (const line of logged) expect(messageOf(line).length).toBeLessThan(300);
    expect(logged.join()).not.toContain(text.slice(0, 12));
  });

  it('counts nothing after 30 days', async () => {
    const convert = create(BY_COOKIE);
    const { text } = await page(convert);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * DAY });
    expect(await paid(convert, text)).toBe('no-identity');
    expect(logged).toEqual([expect.stringContaining('30 days')]);
  });

  it('brings no grant where nobody was asked when it was made', async () => {
    const { text } = await page(create({ secrets }));
    expect(await paid(create({ secrets }), text)).toBe('tracked');
    expect(await paid(create(BY_COOKIE), text)).toBe('consent');
  });

  it('waits for a store that does not say whether consent was withdrawn', async () => {
    const { text } = await page(create(BY_COOKIE));
    const store = { get: () => Promise.reject(new Error('down')), set: () => undefined };
    const convert = create({ ...BY_COOKIE, store });
    const visitor = await convert.forVisitor(text);
    visitor.trackConversion('purchase');
    expect(await visitor.committed()).toMatchObject({
      retry: true,
      conversions: [{ outcome: 'store-unavailable' }],
    });
    await convert.flush();
    expect(collector.events).toEqual([]);
  });
});

describe('a withdrawal', () => {
  /** The cookie denies: an opt-out, if nobody is asked for consent. */
  const denial = (isAsked: boolean): string =>
    `${isAsked ? 'consent=no' : '_conv_prevent_tracking=1'}; cv_vid=${UUID}`;

  it.each([true, false])(
    'of a carried visitor outweighs the texts from before (consent asked: %s)',
    async (isAsked) => {
      vi.useFakeTimers({ toFake: ['Date'] });
      const store = memoryStore();
      const convert = create({ secrets, store, ...(isAsked && BY_COOKIE) });
      const before = await page(convert);
      vi.setSystemTime(Date.now() + DAY);
      await page(convert, { cookie: denial(isAsked) });
      expect(stored(store)).toBeUndefined();
      expect(store.size).toBe(1);
      expect(await paid(convert, before.text)).toBe('consent');
      // It is remembered after a rotation, too.
      const rotated = create({
        secrets: ['another secret, newer', secrets],
        store,
        ...(isAsked && { consent: BY_COOKIE.consent }),
      });
      expect(await paid(rotated, before.text)).toBe('consent');
      // The visitor changes their mind: what they carry from now on counts.
      vi.setSystemTime(Date.now() + DAY);
      const after = await page(convert);
      expect(await paid(convert, after.text)).toBe('tracked');
    },
  );

  it('leaves nothing of a visitor who was not carried', async () => {
    const store = memoryStore();
    const convert = create({ ...BY_COOKIE, store });
    const response = new FakeResponse();
    (await convert.open(incoming({ cookie: `consent=yes; cv_vid=${UUID}` }), response)).runExperience(
      'homepage-hero',
    );
    response.writeHead();
    await tick();
    expect(store.size).toBe(1);
    await page(convert, { cookie: denial(true) });
    expect(store.size).toBe(0);
  });

  it('of a user of the app is kept with their state', async () => {
    const answers = ['yes'];
    const options: ConvertOptions = {
      secrets,
      visitor: { id: () => 'user:42' },
      consent: () => answers[0] === 'yes',
    };
    const convert = create(options);
    const { text } = await page(convert);
    answers[0] = 'no';
    await page(convert);
    expect(await paid(convert, text)).toBe('consent');
    answers[0] = 'yes';
    await page(convert);
    expect(await paid(convert, text)).toBe('tracked');
  });

  it('is forgotten after 30 days', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = memoryStore();
    const convert = create({ secrets, store });
    await page(convert);
    await page(convert, { cookie: denial(false) });
    expect(store.size).toBe(1);
    vi.setSystemTime(Date.now() + 30 * DAY);
    const { text } = await page(create({ secrets }));
    expect(await paid(convert, text)).toBe('tracked');
    // The state of the visitor alone is there.
    expect(store.size).toBe(1);
  });

  it('counts as one if the visitor is forgotten', async () => {
    const convert = create(BY_COOKIE);
    const { text } = await page(convert);
    await convert.forget(UUID);
    expect(await paid(convert, text)).toBe('consent');
    const after = await page(convert);
    expect(await paid(convert, after.text)).toBe('tracked');
    // The text names whom to forget, too.
    await convert.forget(after.text);
    expect(await paid(convert, UUID)).toBe('consent');
    await expect(convert.forget(after.text.slice(0, -1))).rejects.toMatchObject({
      code: 'CONVERT_BAD_OPTION',
    });
  });

  it('is remembered under no id', async () => {
    const store = memoryStore();
    const keys = vi.spyOn(store, 'commit');
    const convert = create({ ...BY_COOKIE, store });
    await page(convert);
    await page(convert, { cookie: denial(true) });
    const [key, change, { age }] = keys.mock.calls.at(-1)!;
    expect(age).toBe(30 * DAY);
    expect(key).toMatch(/^1001-2002~denied-[0-9a-z]{25}$/);
    expect(change).toEqual({ consent: 'denied', deniedAt: expect.any(Number) });
  });
});
