/** Signed previews, several experiences at once, the preview cookie, and what caches get of a preview. */
import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compiledEngine } from '../../src/engine.js';
import type { Convert, ConvertOptions, ProjectSource } from '../../src/index.js';
import { memoryStore } from '../../src/index.js';
import { adoptProject } from '../../src/project/parse-config.js';
import { sdkEngine } from '../../src/sdk-engine.js';
import { collector, collectorPerTest, create, logged } from '../convert/setup.js';
import { incoming } from '../identity/support.js';
import { FakeResponse, tick } from '../support/http.js';
import { draftProject, testProject } from '../support/project.js';

collectorPerTest();

const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;
const secrets = 'a secret of the test';
const HOUR = 60 * 60 * 1000;
const OPTIONS: ConvertOptions = { preview: 'signed', previewCookie: true, secrets };
const BOTH = { 'homepage-hero': 'version-b', featured: 'version-b' };

afterEach(() => void vi.useRealTimers());

const linkOf = (convert: Convert, variations: Record<string, string> = BOTH, age = HOUR): string =>
  convert.previewLink('/', { variations, expires: Date.now() + age });

interface Page {
  readonly cookie?: string | undefined;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  readonly raw?: unknown;
  /** False for a handler that does not read the context. */
  readonly isUsed?: boolean;
}

/** One page; `cookie` is what the browser sends, and what it would send to the next page comes back. */
async function visit(convert: Convert, url: string, given: Page = {}) {
  const { cookie = 'cv_vid=a-visitor', method = 'GET', isUsed = true, userAgent, raw = {} } = given;
  const response = new FakeResponse();
  for (const [name, value] of Object.entries(given.headers ?? {})) response.headers.set(name, value);
  const headers = { cookie, ...(userAgent !== undefined && { 'user-agent': userAgent }) };
  const context = await convert.open(incoming(headers, { url, method, raw }), response);
  const shown = isUsed
    ? context.runExperiences().map(({ experienceKey, key }) => `${experienceKey} ${key}`)
    : [];
  if (isUsed) context.trackConversion('purchase');
  const mark = isUsed ? context.previewMark() : '';
  response.writeHead();
  response.close();
  await tick();
  const set = response.cookies.find((line) => line.startsWith('cv_preview='));
  const next = set === undefined ? undefined : `cv_vid=a-visitor; ${set.split(';')[0]}`;
  return {
    shown,
    mark,
    set,
    next,
    headers: response.headers,
    header: response.headers.get('X-Convert-Preview'),
    context,
  };
}

const events = async (convert: Convert): Promise<readonly unknown[]> => {
  await convert.flush();
  return collector.events;
};

const ENGINES = [compiledEngine(), sdkEngine(ConvertSDK)];

describe('a signed link', () => {
  it.each(ENGINES)(
    'shows several experiences, with their features, with the engine $name',
    async (engine) => {
      const store = memoryStore();
      const convert = create({ ...OPTIONS, store, engine });
      const { shown, context, header } = await visit(convert, linkOf(convert));
      expect(shown).toEqual(['homepage-hero version-b', 'featured version-b']);
      expect(header).toBe('101.1011, 104.1041');
      expect(context.runFeature('checkout-button')).toMatchObject({
        status: 'enabled',
        variables: { caption: 'Get' },
      });
      expect(context.runFeature('checkout-button', { experienceKeys: ['homepage-hero'] })).toMatchObject({
        status: 'disabled',
      });
      expect(context.explain('featured')).toMatchObject({
        reason: 'preview',
        variation: { key: 'version-b' },
      });
      expect(context.peek('homepage-hero')?.key).toBe('version-b');
      expect(context.bridge.json()).toContain('"featured":"version-b"');
      expect(await events(convert)).toEqual([]);
      expect(store.size).toBe(0);
    },
  );

  it.each<[string, Page]>([
    ['a bot', { userAgent: 'Googlebot/2.1' }],
    ['a POST', { method: 'POST' }],
  ])('is not followed by %s', async (_who, page) => {
    const convert = create({ ...OPTIONS, previewCookie: false });
    const { header, mark } = await visit(convert, linkOf(convert), page);
    expect({ header, mark }).toEqual({ header: undefined, mark: '' });
  });

  it('is followed where unsigned ones are, and asks the function of the app', async () => {
    const convert = create({ secrets });
    expect((await visit(convert, linkOf(convert))).header).toBe('101.1011, 104.1041');
    expect((await visit(convert, '/?convert_preview=101.1011')).header).toBe('101.1011');
    for (const answer of [true, false]) {
      const asking = create({ secrets, preview: () => answer });
      expect((await visit(asking, linkOf(asking))).header).toBe(answer ? '101.1011, 104.1041' : undefined);
    }
  });

  it('with the option `signed`, is the only one that is followed', async () => {
    const convert = create(OPTIONS);
    const good = linkOf(convert);
    const other = linkOf(create({ ...OPTIONS, secrets: 'another secret of the test' }));
    for (const link of ['/?convert_preview=101.1011', good.slice(0, -1), other]) {
      const { header, next } = await visit(convert, link);
      expect({ header, next }).toEqual({ header: undefined, next: undefined });
    }
    expect(await events(convert)).not.toEqual([]);
  });

  it('that has expired says so, shows nothing, and counts nobody', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const convert = create(OPTIONS);
    const link = linkOf(convert);
    vi.setSystemTime(Date.now() + HOUR);
    const { header, mark, next, context } = await visit(convert, link);
    expect(header).toBe('expired');
    expect(mark).toContain('has expired');
    expect(next).toBeUndefined();
    expect(context.explain('homepage-hero').reason).not.toBe('preview');
    expect(await events(convert)).toEqual([]);
  });

  it('B8: shows drafts, which are asked for before the handler, beside what the config holds', async () => {
    const asked: string[] = [];
    const source: ProjectSource = {
      description: 'the source of the test',
      start: (sink) => void sink.config(adoptProject(testProject(), 'the test')),
      stop: () => undefined,
      draft(id) {
        asked.push(id);
        return Promise.resolve(draftProject());
      },
    };
    const convert = create({ ...OPTIONS, project: source });
    await convert.ready();
    const { shown, header, next } = await visit(
      convert,
      linkOf(convert, { 901: '9010', featured: 'original' }),
    );
    expect(shown.slice(-2)).toEqual(['next-checkout bold', 'featured original']);
    expect(header).toBe('901.9010, 104.1040');
    expect((await visit(convert, '/next', { cookie: next })).shown).toContain('next-checkout bold');
    expect(asked).toEqual(['901']);
    // Nobody else's link makes this process ask.
    for (const option of [true, 'signed'] as const) {
      const stranger = create({ ...OPTIONS, project: source, preview: option });
      await stranger.ready();
      await visit(stranger, '/?convert_preview=901.9010');
    }
    expect(asked).toEqual(['901']);
    expect(await events(convert)).toEqual([]);
  });
});

describe('the preview cookie', () => {
  it('keeps the preview on all methods until it is left, and no visitor id', async () => {
    const convert = create(OPTIONS);
    const { set, next } = await visit(convert, linkOf(convert));
    expect(set).toMatch(
      /^cv_preview=1s_101\.1011_104\.1041_[0-9a-z]+_[0-9a-z]{25}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    for (const method of ['GET', 'POST', 'HEAD', 'PUT']) {
      const { shown, header, set: again, headers } = await visit(convert, '/shop', { cookie: next, method });
      expect(shown).toEqual(['homepage-hero version-b', 'featured version-b']);
      expect(header).toBe('101.1011, 104.1041');
      expect(headers.get('Cache-Control')).toBe('private, no-store');
      expect(again).toBeUndefined();
    }
    expect(await events(convert)).toEqual([]);
    const left = await visit(convert, '/shop?convert_preview=off', { cookie: next });
    expect(left).toMatchObject({
      header: undefined,
      mark: '',
      set: expect.stringMatching(/^cv_preview=; Max-Age=0; Path=\/;/),
    });
    expect(await events(convert)).not.toEqual([]);
  });

  it('is set and removed where the handler never reads the context', async () => {
    const convert = create(OPTIONS);
    const { next, header, headers } = await visit(convert, linkOf(convert), { isUsed: false });
    expect(next).toContain('cv_preview=1s_');
    expect(header).toBeUndefined();
    expect(headers.get('Cache-Control')).toBe('private, no-store');
    const left = await visit(convert, '/?convert_preview=off', { cookie: next, isUsed: false });
    expect(left.set).toMatch(/^cv_preview=; Max-Age=0/);
    // Other requests get nothing of it.
    for (const url of ['/', '/?convert_preview=off', '/?convert_preview=101.1011']) {
      const other = await visit(convert, url, { isUsed: false });
      expect(other.set).toBeUndefined();
      expect(other.headers.size).toBe(0);
    }
  });

  it('ends with its link, and is removed then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const convert = create(OPTIONS);
    const { next } = await visit(convert, linkOf(convert));
    vi.setSystemTime(Date.now() + HOUR + 1000);
    const { set, header, headers } = await visit(convert, '/', { cookie: next });
    expect(set).toMatch(/^cv_preview=; Max-Age=0/);
    expect(header).toBeUndefined();
    expect(headers.get('Cache-Control')).toBe('private, no-store');
  });

  it("keeps a link of Convert's form for a day, and not where only signed ones count", async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const convert = create({ ...OPTIONS, preview: true });
    const { next } = await visit(convert, '/?convert_preview=101.1011');
    expect(next).toContain('cv_preview=1p_101.1011_');
    vi.setSystemTime(Date.now() + 23.9 * HOUR);
    expect((await visit(convert, '/', { cookie: next })).header).toBe('101.1011');
    expect((await visit(create(OPTIONS), '/', { cookie: next })).header).toBeUndefined();
    vi.setSystemTime(Date.now() + HOUR);
    expect((await visit(convert, '/', { cookie: next })).header).toBeUndefined();
    // What the cookie holds is no signed link.
    const text = next!.split('cv_preview=')[1]!;
    vi.setSystemTime(Date.now() - HOUR);
    expect((await visit(create(OPTIONS), `/?convert_preview=${text}`)).header).toBeUndefined();
    // A link that names nothing is like none.
    expect((await visit(convert, '/?convert_preview=999.1')).next).toBeUndefined();
  });

  it.each([
    ['a link', (link: string) => link.split('=')[1]!],
    ['an unsigned one', () => '101.1011'],
    ['another kind', (_: string, cookie: string) => cookie.replace('1s_', '1p_')],
    ['nonsense', () => '"%00;'],
    ['nothing', () => ''],
  ])('counts for nothing, and is removed, if it holds %s', async (_what, forge) => {
    const convert = create({ ...OPTIONS, preview: true });
    const link = linkOf(convert);
    const { next = '' } = await visit(convert, link);
    const cookie = `cv_vid=a-visitor; cv_preview=${forge(link, next.split('cv_preview=')[1]!)}`;
    const { header, set } = await visit(convert, '/', { cookie });
    expect(header).toBeUndefined();
    expect(set).toMatch(/^cv_preview=; Max-Age=0/);
    expect(await events(convert)).not.toEqual([]);
  });

  it('of a sibling domain that comes first does not hide a good one', async () => {
    const convert = create(OPTIONS);
    const { next = '' } = await visit(convert, linkOf(convert));
    const cookie = next.replace('cv_preview=', 'cv_preview=forged; cv_preview=');
    expect((await visit(convert, '/', { cookie })).header).toBe('101.1011, 104.1041');
  });

  it('is replaced by the next link, and asks the function of the app on each page', async () => {
    const allows = vi.fn(() => true);
    const convert = create({ ...OPTIONS, preview: allows });
    const { next } = await visit(convert, linkOf(convert));
    const other = await visit(convert, linkOf(convert, { featured: 'original' }), { cookie: next });
    expect(other.header).toBe('104.1040');
    expect((await visit(convert, '/', { cookie: other.next })).header).toBe('104.1040');
    allows.mockReturnValue(false);
    expect((await visit(convert, '/', { cookie: other.next })).header).toBeUndefined();
  });

  it('is off by default: a link shows one page', async () => {
    const convert = create({ preview: 'signed', secrets });
    const { header, next, mark } = await visit(convert, `${linkOf(convert)}&a=1`);
    expect(header).toBeDefined();
    expect(next).toBeUndefined();
    expect(mark).toContain('href="/?a=1"');
    const link = linkOf(convert).split('=')[1];
    expect((await visit(convert, '/', { cookie: `cv_preview=${link}` })).header).toBeUndefined();
  });

  it('takes a name and attributes of its own', async () => {
    const convert = create({ ...OPTIONS, previewCookie: { name: 'qa', domain: 'shop.example' } });
    const response = new FakeResponse();
    const context = await convert.open(incoming({}, { url: linkOf(convert) }), response);
    context.runExperience('featured');
    response.writeHead();
    expect(response.cookies).toEqual([expect.stringMatching(/^qa=1s_.*; Domain=shop\.example; Path=\//)]);
  });
});

describe('a page with a preview', () => {
  it('is in no cache, whatever the app has set', async () => {
    const convert = create(OPTIONS);
    const given = {
      'Cache-Control': 'public, max-age=60',
      'CDN-Cache-Control': 'max-age=60',
      'Surrogate-Control': 'max-age=60',
      'X-Accel-Expires': '60',
      'Netlify-CDN-Cache-Control': 'public, s-maxage=60',
      'X-Other': 'as it is',
    };
    const { headers } = await visit(convert, linkOf(convert), { headers: given });
    expect(Object.fromEntries(headers)).toEqual({
      'Cache-Control': 'private, no-store',
      'CDN-Cache-Control': 'no-store',
      'Surrogate-Control': 'no-store',
      'X-Accel-Expires': '0',
      'Netlify-CDN-Cache-Control': 'no-store',
      'X-Other': 'as it is',
      'X-Convert-Preview': '101.1011, 104.1041',
    });
    expect(logged).toEqual([]);
  });

  it('sets its cookie once, if a head has to be written twice', async () => {
    const convert = create(OPTIONS);
    const response = new FakeResponse();
    const context = await convert.open(incoming({}, { url: linkOf(convert) }), response);
    context.runExperience('featured');
    response.writeHead();
    response.writeHead();
    expect(response.cookies).toHaveLength(1);
  });
});
