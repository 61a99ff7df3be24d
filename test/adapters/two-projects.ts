/** Over real HTTP: two Converts in one app, for two projects of one company, and one visitor of both. */
import request, { type Response } from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { getConvert } from '../../src/async-context.js';
import type { ConvertContext } from '../../src/context/types.js';
import { createConvert } from '../../src/convert/convert.js';
import type { Convert } from '../../src/convert/types.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import type { ProjectSource } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { testProject } from '../support/project.js';
import { appsOf } from './apps.js';
import { CHROME } from './conformance.js';
import type { Adapter, AppOptions, Exchange, Handler, RunningApp } from './harness.js';

const AS = 'convertOutlet';
const SECRETS = 'a secret of the test';
const CONSENT: ConvertOptions = { consent: { cookie: 'consent', granted: 'yes', denied: 'no' } };
const PRIVATE = 'private, no-cache';

/** The project of the outlet: its ids and keys are its own. */
export function outletProject(): ProjectConfig {
  const project = testProject();
  const [hero] = project.experiences!;
  const variations = hero!.variations!.map((each) => ({ ...each, id: `9${each.id}` }));
  const experiences = [{ ...hero!, id: '9101', key: 'outlet-hero', goals: [], variations }];
  return { ...project, project: { ...project.project, id: '2003' }, experiences };
}

const shopOf = ({ convert }: Exchange): ConvertContext => convert;
const markOf = (of: (x: Exchange) => ConvertContext) => (x: Exchange) => of(x).previewMark({ nonce: 'n' });
const shop = ({ convert }: Exchange): unknown => convert.runExperience('homepage-hero')?.key;
const outletOf = (x: Exchange): ConvertContext => x.at!(AS);
const outlet = (x: Exchange): unknown => outletOf(x).runExperience('outlet-hero')?.key;

/** Answers with what these give. */
const says =
  (...reads: readonly ((x: Exchange) => unknown)[]): Handler =>
  (x) =>
    x.send(200, JSON.stringify(reads.map((read) => read(x) ?? null)));

const ids = [(x: Exchange) => x.convert.visitorId, (x: Exchange) => outletOf(x).visitorId] as const;
/** What `getConvert` knows below the handler is what the handler has. */
const isCurrent = (x: Exchange): unknown =>
  getConvert() === x.convert && getConvert(AS) === outletOf(x) && getConvert('convertSale') === undefined;
const ROUTES: Readonly<Record<string, Handler>> = {
  '/shop': says(shop),
  '/outlet': says(outlet),
  '/both': says(shop, outlet, ...ids),
  '/reverse': says(outlet, shop, ...ids, isCurrent),
  '/marks': says(markOf(outletOf), markOf(shopOf), markOf(outletOf)),
};

const linesOf = ({ headers }: Response): string[] => ([headers['set-cookie'] ?? []] as string[][]).flat();
const namesOf = (answer: Response): string[] => linesOf(answer).map((line) => line.split('=')[0]!);
/** Answers later, so that each Convert reads the visitor ahead, before the next one is there. */
function remoteStore(): VisitorStore {
  const store = memoryStore();
  return {
    ...store,
    remote: true,
    read: async (key) => store.read(key),
    commit: async (...given) => store.commit(...given),
  };
}
const readId: Handler = (x) => void x.convert.visitorId;

/** What a browser sends that has got these answers. */
const cookiesOf = (...answers: Response[]): string =>
  answers
    .flatMap(linesOf)
    .map((line) => line.split(';')[0]!)
    .join('; ');

export function twoProjectsConformance(adapter: Adapter): void {
  describe(`${adapter.name}, two projects in one app`, () => {
    const apps = appsOf(adapter);
    const others: Convert[] = [];
    afterEach(async () => {
      for (const other of others.splice(0)) await other.close({ timeout: 100 });
    });

    /** Both Converts have the options `both`. */
    async function start(
      both: ConvertOptions = {},
      own: ConvertOptions = {},
      routes: Readonly<Record<string, Handler>> = {},
      more: Partial<AppOptions> = {},
    ): Promise<{ app: RunningApp; other: Convert }> {
      const make = adapter.createConvert ?? createConvert;
      const other = make(apps.options({ ...both, project: outletProject(), ...own }), AS);
      others.push(other);
      const app = await apps.start({
        convert: apps.options(both),
        routes: { ...ROUTES, ...routes },
        beside: { [AS]: other },
        ...more,
      });
      await Promise.all([app.convert.ready(), other.ready()]);
      return { app, other };
    }
    const ask = ({ url }: RunningApp, path: string, cookie = '') =>
      request(url)
        .get(path)
        .set({ 'user-agent': CHROME, ...(cookie !== '' && { cookie }) });

    it.each([
      ['/both', '', {}],
      ['/reverse', '', {}],
      ['/both', ', with a remote store', { remote: true }],
      ['/reverse', ', with a remote store', { remote: true }],
      ['/both', ', read between the two', { between: readId }],
      ['/reverse', ', read between the two', { between: readId }],
    ])('W1 %s: one id, one cookie of it, one exposure of each%s', async (path, _name, given) => {
      const { remote, ...more } = { remote: false, ...given };
      const { app, other } = await start(remote ? { store: remoteStore() } : {}, {}, {}, more);
      const first = await ask(app, path);
      const [one, two, id, same, current] = JSON.parse(first.text) as unknown[];
      if (path === '/reverse') expect(current).toBe(true);
      expect([one, two]).toEqual([expect.stringMatching(/original|version-b/), expect.any(String)]);
      expect(same).toBe(id);
      expect(namesOf(first).toSorted()).toEqual(['cv_2003_ses', 'cv_ses', 'cv_vid']);
      expect(cookiesOf(first)).toContain(`cv_vid=${String(id)}`);
      const next = await ask(app, path, cookiesOf(first));
      expect([next.text, linesOf(next)]).toEqual([first.text, []]);
      await other.flush();
      const { events, requests } = await apps.delivered();
      expect(events.map(({ visitorId }) => visitorId)).toEqual([id, id]);
      expect(requests.map(({ url }) => url).toSorted()).toEqual(['/track/1001/2002', '/track/1001/2003']);
    });

    it('W2 each works alone on its routes, and the other one knows the visitor afterwards', async () => {
      const { app } = await start();
      const first = await ask(app, '/outlet');
      expect(namesOf(first)).toEqual(['cv_vid', 'cv_2003_ses']);
      const next = await ask(app, '/both', cookiesOf(first));
      expect(namesOf(next)).toEqual(['cv_ses']);
      const [, variation, one, two] = JSON.parse(next.text) as string[];
      expect([JSON.stringify([variation]), `cv_vid=${one}`]).toEqual([
        first.text,
        cookiesOf(first).split(';')[0],
      ]);
      expect(two).toBe(one);
      expect(namesOf(await ask(app, '/shop'))).toEqual(['cv_vid', 'cv_ses']);
    });

    it.each([
      ['the handler asks the shop', '/shop', CONSENT],
      ['the handler asks the outlet', '/outlet', CONSENT],
      ['the shop alone knows of consent', '/outlet', {}],
    ])('W3 a denial erases both: %s', async (_name, path, ofOutlet) => {
      const stores = [memoryStore(), memoryStore()] as const;
      const { app } = await start(
        { ...CONSENT, secrets: SECRETS, assignmentCookie: true, store: stores[0] },
        { consent: undefined, ...ofOutlet, store: stores[1] },
      );
      const first = await ask(app, '/both', 'consent=yes');
      const cookies = cookiesOf(first);
      const id = (JSON.parse(first.text) as string[])[2]!;
      const stored = () =>
        [stores[0].read(`1001-2002-${id}`), stores[1].read(`1001-2003-${id}`)].map(
          (state) => state !== undefined,
        );
      await expect.poll(stored).toEqual([true, true]);
      const denied = await ask(app, path, `consent=no; ${cookies}`);
      expect(denied.text).toBe('[null]');
      const expired = linesOf(denied).filter((line) => line.includes('Max-Age=0'));
      expect(expired).toHaveLength(linesOf(denied).length);
      expect(namesOf(denied).toSorted()).toEqual([
        'cv_2003_asg',
        'cv_2003_ses',
        'cv_asg',
        'cv_ses',
        'cv_vid',
      ]);
      await expect.poll(stored).toEqual([false, false]);
    });

    it.each([
      ['/both', 'the outlet alone knows of', {}],
      ['/reverse', 'the outlet alone knows of', {}],
      ['/shop', 'the outlet alone knows of', {}],
      ['/outlet', 'the outlet alone knows of', {}],
      ['/shop', 'both know of', CONSENT],
      ['/outlet', 'both know of', CONSENT],
    ])('W3 %s: a denial that %s, read ahead', async (path, _name, ofShop) => {
      const { app } = await start({ store: remoteStore(), ...ofShop }, CONSENT);
      const denied = await ask(app, path, 'consent=no');
      expect(denied.text).toMatch(/^\[null(,null,"","")?(,true)?\]$/);
      expect(linesOf(denied)).toEqual([]);
      expect((await apps.delivered()).events).toEqual([]);
      const first = await ask(app, '/both', 'consent=yes');
      const erased = await ask(app, path, `consent=no; ${cookiesOf(first)}`);
      expect(namesOf(erased).toSorted()).toEqual(['cv_2003_ses', 'cv_ses', 'cv_vid']);
      expect(linesOf(erased).every((line) => line.includes('Max-Age=0'))).toBe(true);
    });

    it('W4 one line of the cookie where the options differ, and one warning that names them', async () => {
      const { app } = await start({}, { visitor: { cookie: { maxAge: 60 } } });
      for (const path of ['/both', '/reverse']) {
        const lines = linesOf(await ask(app, path));
        expect(lines.filter((line) => line.startsWith('cv_vid='))).toHaveLength(1);
      }
      const told = apps.logged.filter((line) => line.includes('share their visitors'));
      expect(told).toEqual([expect.stringContaining('`visitor.cookie.maxAge` is not the same')]);
    });

    it('W5 a preview of one project is one of that project', async () => {
      const { app, other } = await start({ secrets: SECRETS, previewCookie: true });
      const variations = { 'outlet-hero': 'version-b' };
      const link = other.previewLink('/reverse', { variations, expires: Date.now() + 60_000 });
      expect(link).toMatch(/^\/reverse\?convert_preview_2003=1l_9101\.91011_/);
      const shown = await ask(app, link);
      expect(JSON.parse(shown.text)[0]).toBe('version-b');
      expect(shown.headers).toMatchObject({ 'x-convert-preview-convertoutlet': '9101.91011' });
      expect(shown.headers).not.toHaveProperty('x-convert-preview');
      expect(namesOf(shown).toSorted()).toEqual(['cv_2003_preview', 'cv_ses', 'cv_vid']);
      // The link of Convert's own form has the same name for all projects, and the ids of one.
      const plain = await ask(app, '/reverse?convert_preview=9101.91010');
      expect(JSON.parse(plain.text)[0]).toBe('original');
      // Both marks of one page have a place of their own.
      const marks = await ask(app, `/marks${link.replace('/reverse', '')}&convert_preview=101.1011`);
      const [first, second, again] = JSON.parse(marks.text) as string[];
      expect(first).toMatch(/<div class="cv-preview" role="status">Preview: outlet-hero = version-b/);
      expect(second).toMatch(
        /top:12px.*<div class="cv-preview cv-preview-2" role="status">Preview: homepage-hero/,
      );
      expect(again).toBe(first);
      const exit = await ask(app, '/outlet?convert_preview_2003=off', cookiesOf(shown));
      expect(linesOf(exit).filter((line) => line.startsWith('cv_2003_preview='))).toEqual([
        expect.stringContaining('Max-Age=0'),
      ]);
    });

    it('W6 the page, its headers and the views hold what both have decided', async () => {
      const { app } = await start(
        {},
        {},
        {
          '/page': (x) => {
            const [one, two] = [x.convert, outletOf(x)];
            void [shop(x), outlet(x)];
            for (const { bridge } of [one, two]) bridge.signal({ cookie: true, header: true });
            const views = ['convert', AS].map((name) => (x.locals[name] as ConvertContext).visitorId);
            const texts = [
              two.bridge.script(),
              two.bridge.attribute(),
              two.bridge.meta(),
              one.bridge.script(),
            ];
            x.send(200, JSON.stringify({ texts, views }));
          },
        },
      );
      const answer = await ask(app, '/page');
      const { texts, views } = JSON.parse(answer.text) as { texts: string[]; views: string[] };
      expect(new Set(views).size).toBe(1);
      expect(texts).toEqual([
        expect.stringMatching(/window\.__CV_convertOutlet__=.+window\.__CV_CONTEXT_convertOutlet__=/),
        expect.stringMatching(/^data-cv-variations-convert-outlet=".+ data-cv-visitor-convert-outlet="/),
        expect.stringMatching(/name="cv-variations-convert-outlet" .+ name="cv-visitor-convert-outlet"/),
        expect.stringMatching(/window\.__CV__=.+window\.__CV_CONTEXT__=/),
      ]);
      expect(answer.headers).toMatchObject({
        'x-convert-variations': expect.stringContaining('homepage-hero') as string,
        'x-convert-variations-convertoutlet': expect.stringContaining('outlet-hero') as string,
      });
      const names = ['cv_2003_ses', 'cv_2003_variations', 'cv_ses', 'cv_variations', 'cv_vid'];
      expect(namesOf(answer).toSorted()).toEqual(names);
    });

    it.each([
      ['waits for', '/outlet', 5_000],
      ['gets in its handler', '/late', 1],
    ])(
      'W9 a first request that %s the first config decides nobody anew',
      async (_name, path, readyTimeout) => {
        const both = { secrets: SECRETS, assignmentCookie: true, readyTimeout };
        const before = await ask((await start(both)).app, '/outlet');
        const [kept] = JSON.parse(before.text) as string[];
        // Since then, all traffic goes to the variation that the visitor has not got.
        const project = outletProject();
        const [hero] = project.experiences!;
        const variations = hero!.variations!.map((each) => ({
          ...each,
          traffic_allocation: each.key === kept ? 0.01 : 99.99,
        }));
        let give = (): void => undefined;
        const given = new Promise<void>((resolve) => (give = resolve));
        const source: ProjectSource = {
          description: 'given in a request',
          start: (sink) =>
            void given.then(() => sink.config({ ...project, experiences: [{ ...hero!, variations }] })),
          stop: () => undefined,
        };
        const make = adapter.createConvert ?? createConvert;
        const other = make(apps.options({ ...both, project: source }), AS);
        others.push(other);
        const app = await apps.start({
          convert: apps.options(both),
          routes: { ...ROUTES, '/late': async (x) => (give(), await other.ready(), ROUTES['/outlet']!(x)) },
          beside: { [AS]: other },
          before: ({ req }) => {
            if (req.url === '/outlet') setTimeout(give, 5);
          },
        });
        const cookie = cookiesOf(before);
        const first = await ask(app, path, cookie);
        expect(first.text).toBe(path === '/late' ? '[null]' : before.text);
        expect(linesOf(first)).toEqual([]);
        expect((await ask(app, '/outlet', cookie)).text).toBe(before.text);
      },
    );

    it('W7 a page that one shares stays private if it depends on the other, too', async () => {
      const shared: Handler = (x) => x.convert.share({ key: ['homepage-hero'], seconds: 300 });
      const ofOutlet: Handler = (x) => outletOf(x).share({ key: ['outlet-hero'], seconds: 60 });
      const page =
        (...handlers: Handler[]): Handler =>
        (x) => {
          for (const handler of handlers) void handler(x);
          return ROUTES['/both']!(x);
        };
      const { app } = await start(
        {},
        {},
        {
          '/one': (x) => (void shared(x), ROUTES['/shop']!(x)),
          '/mixed': page(shared),
          '/mixed-reverse': (x) => (void outlet(x), page(shared)(x)),
          '/two': page(shared, ofOutlet),
        },
      );
      const first = await ask(app, '/two');
      expect(namesOf(first).toSorted()).toEqual(['cv_2003_key', 'cv_2003_ses', 'cv_key', 'cv_ses', 'cv_vid']);
      const controls: Record<string, unknown> = {};
      for (const path of ['/one', '/mixed', '/mixed-reverse', '/two'])
        controls[path] = (await ask(app, path, cookiesOf(first))).headers['cache-control'];
      expect(controls).toEqual({
        '/one': 'public, max-age=0, s-maxage=300',
        '/mixed': PRIVATE,
        '/mixed-reverse': PRIVATE,
        '/two': 'public, max-age=0, s-maxage=60',
      });
      expect(apps.logged.filter((line) => line.includes('share()'))).toEqual([]);
    });
  });
}
