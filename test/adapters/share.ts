/** Over real HTTP: pages that shared caches may keep per variation, and all that must not become one. */
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import request, { type Response } from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConvertContext, ShareOptions } from '../../src/context/types.js';
import type { ExperienceAttributes } from '../../src/engine/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { testProject } from '../support/project.js';
import { runningSession } from '../support/session.js';
import { appsOf } from './apps.js';
import { CHROME } from './conformance.js';
import type { Adapter, AppOptions, Exchange, Handler, RunningApp } from './harness.js';

const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const HERO: ShareOptions = { key: ['homepage-hero'], seconds: 300 };
const PUBLIC = 'public, max-age=0, s-maxage=300';
const PRIVATE = 'private, no-cache';

const linesOf = ({ headers }: Response): string[] => ([headers['set-cookie'] ?? []] as string[][]).flat();
const valueOf = (answer: Response, name: string): string | undefined =>
  linesOf(answer)
    .map((line) => line.split(';')[0]!.split('='))
    .find(([each]) => each === name)?.[1];
const other = (variation: string): string => (variation === 'original' ? 'version-b' : 'original');

/** The page of `homepage-hero`: its variation, and what the bridge says. */
function page(convert: ConvertContext): string {
  const variation = convert.runExperience('homepage-hero')?.key ?? 'none';
  return `${variation} ${convert.bridge.json()}`;
}
const hero: Handler = (x) => {
  x.convert.share(HERO);
  x.send(200, page(x.convert));
};

export function shareConformance(adapter: Adapter, { http2 }: { http2: boolean }): void {
  describe(`${adapter.name}, pages that are shared per variation`, () => {
    const apps = appsOf(adapter);
    let app: RunningApp;
    /** What one visitor's browser sends, and what they got of `homepage-hero`. */
    let visitor: { readonly cookies: string; readonly key: string; readonly variation: string };

    async function start(
      routes: Record<string, Handler>,
      more: ConvertOptions = {},
      other: Partial<AppOptions> = {},
    ): Promise<void> {
      app = await apps.start({ convert: apps.options(more), routes: { '/': hero, ...routes }, ...other });
    }
    const ask = (path: string, cookie = '', headers: Record<string, string> = {}) =>
      request(app.url)
        .get(path)
        .set({ 'user-agent': CHROME, ...(cookie !== '' && { cookie }), ...headers });
    /** Lets a new visitor see a page. */
    async function arrive(path = '/', cookie = ''): Promise<typeof visitor> {
      const first = await ask(path, cookie);
      expect(first.headers['cache-control']).toBe(PRIVATE);
      const cookies = `cv_vid=${valueOf(first, 'cv_vid')}; ${runningSession()}`;
      return { cookies, key: `cv_key=${valueOf(first, 'cv_key')}`, variation: first.text.split(' ')[0]! };
    }
    const control = ({ headers }: Response): unknown => headers['cache-control'];
    const warnings = (text: string) => apps.logged.filter((line) => line.includes(text));

    describe('with the page of one experience', () => {
      beforeEach(async () => {
        await start({});
        visitor = await arrive();
      });

      it('SP1 enrols with the first page, and shares the next one, which holds nothing of the visitor', async () => {
        const { cookies, key, variation } = visitor;
        expect(key).toBe(`cv_key=homepage-hero.${variation}`);
        for (let n = 0; n < 2; n++) {
          const shared = await ask('/', `${cookies}; ${key}`);
          expect([control(shared), linesOf(shared), shared.headers.vary ?? '']).toEqual([
            PUBLIC,
            [],
            expect.not.stringMatching(/cookie/i),
          ]);
          expect(shared.text).toBe(
            `${variation} {"variations":{"homepage-hero":"${variation}"},"exposed":["homepage-hero"]}`,
          );
        }
        expect((await apps.delivered()).events).toHaveLength(1);
        expect(apps.logged).toEqual([]);
      });

      it.each([
        ['no key', () => ''],
        ['another one', () => `cv_key=homepage-hero.${other(visitor.variation)}`],
        ['one of nobody', () => 'cv_key=homepage-hero.-'],
        ['one that is made up', () => 'cv_key=homepage-hero.version-c'],
        ['one of another experience', () => 'cv_key=featured.original'],
        ['one with something made up beside it', () => `${visitor.key}:made-up.version-b`],
        ['one with an untruth beside it', () => `${visitor.key}:featured.version-b`],
        ['one twice', () => `${visitor.key}; cv_key=homepage-hero.${other(visitor.variation)}`],
        ['one in two cases', () => `CV_KEY=homepage-hero.${other(visitor.variation)}; ${visitor.key}`],
        ['one in another cookie', () => `a=1,cv_key=homepage-hero.original; ${visitor.key}`],
        ['no text', () => 'cv_key=%00<script>'],
      ])('SP2 %s: the right page, for nobody else, and the right key', async (_, forged) => {
        const { cookies, key, variation } = visitor;
        const answer = await ask('/', [cookies, forged()].filter((each) => each !== '').join('; '));
        expect([control(answer), answer.text.split(' ')[0]]).toEqual([PRIVATE, variation]);
        expect(answer.text).toContain('"visitorId"');
        expect(linesOf(answer).map((line) => line.replace(/; Path.*/, ''))).toEqual([`${key}; Max-Age=900`]);
      });

      it('SP3 a new visitor is enrolled first, whatever key they bring', async () => {
        for (const variation of ['original', 'version-b']) {
          const shown = await arrive('/', `cv_key=homepage-hero.${variation}`);
          expect(shown.key).toBe(`cv_key=homepage-hero.${shown.variation}`);
        }
        expect((await apps.delivered()).events).toHaveLength(3);
      });

      it.each([
        ['a bot', { 'user-agent': GOOGLEBOT, unstored: PRIVATE }],
        ['a preview', { path: '/?convert_preview=101.1011', unstored: 'private, no-store' }],
      ] as [string, Record<string, string>][])(
        'SP4 %s shares nothing',
        async (_, { path = '/', unstored, ...headers }) => {
          const { cookies } = visitor;
          for (const variation of ['original', 'version-b', '-']) {
            const answer = await ask(path, `${cookies}; cv_key=homepage-hero.${variation}`, headers);
            expect([control(answer), valueOf(answer, 'cv_key') ?? '']).toEqual([unstored, '']);
          }
        },
      );

      it('SP5 a HEAD is answered as the GET would be, and sets no key', async () => {
        const { cookies, key } = visitor;
        const head = (cookie: string) => request(app.url).head('/').set({ 'user-agent': CHROME, cookie });
        expect(control(await head(`${cookies}; ${key}`))).toBe(PUBLIC);
        const without = await head(cookies);
        expect([control(without), linesOf(without)]).toEqual([PRIVATE, []]);
      });

      it('SP6 without its stored state, the shared page stays as it is, and nobody is enrolled again', async () => {
        const { cookies, key, variation } = visitor;
        await apps.delivered();
        const before = apps.collector.events.length;
        await start({}, { store: memoryStore() });
        const shared = await ask('/', `${cookies}; ${key}`);
        expect([control(shared), shared.text.split(' ')[0]]).toEqual([PUBLIC, variation]);
        expect((await apps.delivered()).events).toHaveLength(before);
        expect(control(await ask('/', cookies))).toBe(PRIVATE);
        expect((await apps.delivered()).events).toHaveLength(before + 1);
      });
    });

    it('SP7 shares the original with those who are not in the experience', async () => {
      const nobody: Handler = (x) => {
        x.convert.share({ key: ['nobody'], seconds: 300 });
        x.send(200, x.convert.runExperience('nobody')?.key ?? 'none');
      };
      await start({ '/nobody': nobody });
      const { cookies, key, variation } = await arrive('/nobody');
      expect([key, variation]).toEqual(['cv_key=nobody.-', 'none']);
      expect(control(await ask('/nobody', `${cookies}; ${key}`))).toBe(PUBLIC);
    });

    it('SP8 decides nothing that is not in the key', async () => {
      const decisions: unknown[] = [];
      const all: Handler = (x) => {
        const { convert } = x;
        convert.share(HERO);
        const shown = {
          hero: convert.runExperience('homepage-hero')?.key,
          featured: convert.runExperience('featured'),
          peek: convert.peek('featured'),
          reasons: [convert.explain('featured').reason, convert.explain('herro').reason],
          all: convert.runExperiences().map(({ experienceKey }) => experienceKey),
          feature: convert.runFeature('checkout-button'),
          features: convert.runFeatures().filter(({ status }) => status === 'enabled'),
          bridge: convert.bridge.json(),
        };
        x.send(200, JSON.stringify(shown));
      };
      await start({ '/all': all });
      app.convert.on('decision', ({ experienceKey, reason, enrolled }) =>
        decisions.push([experienceKey, reason, enrolled]),
      );
      const { cookies, key } = await arrive('/all');
      const shared = await ask('/all', `${cookies}; ${key}`);
      expect(control(shared)).toBe(PUBLIC);
      expect(JSON.parse(shared.text)).toMatchObject({
        featured: null,
        peek: null,
        reasons: ['shared-page', 'shared-page'],
        all: ['homepage-hero'],
        feature: { status: 'disabled' },
        features: [],
        bridge: expect.stringMatching(
          /^\{"variations":\{"homepage-hero":"[a-z-]+"\},"exposed":\["homepage-hero"\]\}$/,
        ) as string,
      });
      const left = [
        ['featured', 'shared-page', false],
        ['homepage-hero', 'sticky', false],
      ];
      expect(decisions).toEqual([
        ['homepage-hero', 'bucketed', true],
        ...left,
        ['homepage-hero', 'sticky', false],
        ...left,
      ]);
      expect((await apps.delivered()).events).toHaveLength(1);
    });

    it('SP9 shares features of the experiences in the key', async () => {
      const featured: Handler = (x) => {
        x.convert.share({ key: ['featured'], seconds: 300 });
        x.send(200, JSON.stringify(x.convert.runFeature('checkout-button')));
      };
      await start({ '/featured': featured });
      const { cookies, key } = await arrive('/featured');
      const shared = await ask('/featured', `${cookies}; ${key}`);
      expect([control(shared), JSON.parse(shared.text)]).toEqual([
        PUBLIC,
        expect.objectContaining({ key: 'checkout-button', status: 'enabled', experienceKey: 'featured' }),
      ]);
    });

    it('SP10 has one key for all pages of a site', async () => {
      const featured: Handler = (x) => {
        x.convert.share({ key: ['featured'], seconds: 60 });
        x.send(200, x.convert.runExperience('featured')?.key ?? 'none');
      };
      await start({ '/featured': featured });
      const { cookies, key, variation } = await arrive();
      const second = await ask('/featured', `${cookies}; ${key}`);
      const both = `cv_key=featured.${second.text}:homepage-hero.${variation}`;
      expect([control(second), `cv_key=${valueOf(second, 'cv_key')}`]).toEqual([PRIVATE, both]);
      expect(control(await ask('/', `${cookies}; ${both}`))).toBe(PUBLIC);
      expect(control(await ask('/featured', `${cookies}; ${both}`))).toBe('public, max-age=0, s-maxage=60');
    });

    it.each([404, 500, 503])(
      'SP11 shares no answer with the status %i, and gives no key with it',
      async (status) => {
        await start({
          '/bad': (x) => {
            x.convert.share(HERO);
            x.send(status, page(x.convert));
          },
        });
        const { cookies, key } = await arrive();
        for (const cookie of [cookies, `${cookies}; ${key}`]) {
          const answer = await ask('/bad', cookie);
          expect([answer.status, control(answer), linesOf(answer)]).toEqual([status, PRIVATE, []]);
        }
      },
    );

    // Without a framework, the answer to an error is the host's, and none of the app.
    it.skipIf(adapter.isNode === false)('SP12 shares no page of an error that is thrown', async () => {
      await start({
        '/throws': (x) => {
          x.convert.share(HERO);
          x.convert.runExperience('homepage-hero');
          throw new Error('of the app');
        },
      });
      const { cookies, key } = await arrive();
      const answer = await ask('/throws', `${cookies}; ${key}`);
      expect([answer.status, control(answer)]).toEqual([500, PRIVATE]);
    });

    it('SP13 shares a redirect and a 304', async () => {
      await start({
        '/away': (x) => {
          x.convert.share(HERO);
          x.redirect(`/${x.convert.runExperience('homepage-hero')?.key}`);
        },
        '/same': (x) => {
          x.convert.share(HERO);
          x.convert.runExperience('homepage-hero');
          x.header('etag', '"1"');
          x.send(304, '');
        },
      });
      const { cookies, key } = await arrive();
      for (const path of ['/away', '/same']) {
        expect(control(await ask(path, `${cookies}; ${key}`))).toBe(PUBLIC);
        expect(control(await ask(path, cookies))).toBe(PRIVATE);
      }
    });

    it.each([
      ['private, max-age=60', PRIVATE, 'private, max-age=60', 'control'],
      ['no-store', PRIVATE, 'no-store', 'control'],
      ['public, max-age=600', PRIVATE, PUBLIC, 'control'],
      ['s-maxage=600', PRIVATE, PUBLIC, 'control'],
    ])('SP14 with Cache-Control: %s of the app', async (value, unshared, shared) => {
      const own: Handler = (x) => {
        x.header('cache-control', value);
        hero(x) as void;
      };
      const late: Handler = (x) => {
        x.convert.share(HERO);
        const text = page(x.convert);
        x.header('cache-control', value);
        x.send(200, text);
      };
      await start({ '/own': own, '/late': late });
      const { cookies, key } = await arrive();
      for (const path of ['/own', '/late']) {
        expect(control(await ask(path, `${cookies}; ${key}`))).toBe(shared);
        const without = await ask(path, cookies);
        expect(control(without)).toBe(shared === value ? value : unshared);
        expect(valueOf(without, 'cv_key')).toBe(key.slice('cv_key='.length));
      }
      expect(warnings('Leave it to share()')).toHaveLength(1);
      expect(warnings('private, max-age=60')).toEqual([]);
    });

    it.each([
      ['CDN-Cache-Control', 'max-age=60', 'no-store'],
      ['Surrogate-Control', 'max-age=60', 'no-store'],
      ['X-Accel-Expires', '60', '0'],
    ])('SP15 %s of the app holds for a shared page only', async (name, value, closed) => {
      await start({
        '/own': (x) => {
          x.header(name, value);
          hero(x) as void;
        },
      });
      const { cookies, key } = await arrive();
      const shared = await ask('/own', `${cookies}; ${key}`);
      expect([control(shared), shared.headers[name.toLowerCase()]]).toEqual([PUBLIC, value]);
      const without = await ask('/own', cookies);
      expect([control(without), without.headers[name.toLowerCase()]]).toEqual([PRIVATE, closed]);
    });

    it('SP16 does not share a page that sets a cookie of the app', async () => {
      await start({
        '/own': (x) => {
          x.cookie('basket', 'of-this-visitor');
          hero(x) as void;
        },
      });
      const { cookies, key } = await arrive();
      const answer = await ask('/own', `${cookies}; ${key}`);
      expect([control(answer), valueOf(answer, 'basket')]).toEqual([PRIVATE, 'of-this-visitor']);
      expect(warnings('sets a cookie of the app')).toHaveLength(1);
    });

    it.each([
      ['a decision', (convert) => void convert.runExperience('homepage-hero')],
      ['a look', (convert) => void convert.peek('featured')],
      ['all of them', (convert) => void convert.runExperiences()],
      ['a feature', (convert) => void convert.runFeature('checkout-button')],
      ['the bridge', (convert) => void convert.bridge.script()],
      ['carry()', (convert) => void convert.carry()],
    ] as [string, (convert: ConvertContext) => void][])('SP17 after %s it is too late', async (_, before) => {
      await start({
        '/late': (x) => {
          before(x.convert);
          hero(x) as void;
        },
      });
      const { cookies, key } = await arrive();
      const answer = await ask('/late', `${cookies}; ${key}`);
      expect([control(answer), answer.text]).toEqual([PRIVATE, expect.stringContaining('"visitorId"')]);
      expect(warnings('only one call counts')).toHaveLength(1);
    });

    it('SP18 may come after the visitor was asked for, and after a conversion', async () => {
      await start({
        '/asked': (x) => {
          const { visitorId, consent, visitorProperties } = x.convert;
          expect([visitorId, consent, visitorProperties.browser]).toEqual([
            expect.any(String),
            'granted',
            'chrome',
          ]);
          x.convert.trackConversion('purchase');
          hero(x) as void;
        },
      });
      const { cookies, key } = await arrive();
      expect(control(await ask('/asked', `${cookies}; ${key}`))).toBe(PUBLIC);
      expect(apps.logged).toEqual([]);
    });

    it.each([
      undefined,
      {},
      { key: 'homepage-hero', seconds: 300 },
      { key: [], seconds: 300 },
      { key: [''], seconds: 300 },
      { key: Array.from({ length: 17 }, (_, n) => `e${n}`), seconds: 300 },
      { key: ['homepage-hero'] },
      { key: ['homepage-hero'], seconds: 0 },
      { key: ['homepage-hero'], seconds: '300' },
      { key: ['homepage-hero'], seconds: Infinity },
    ])('SP19 wrong options share nothing: %j', async (options) => {
      await start({
        '/wrong': (x) => {
          x.convert.share(options as unknown as ShareOptions);
          x.send(200, page(x.convert));
        },
      });
      const { cookies, key } = await arrive();
      expect(control(await ask('/wrong', `${cookies}; ${key}`))).toBe(PRIVATE);
      expect(warnings('1 to 16 experience keys')).toHaveLength(1);
    });

    it('SP20 gives no key for what was not decided before the head', async () => {
      await start({
        '/undecided': (x) => {
          x.convert.share(HERO);
          x.convert.peek('homepage-hero');
          x.send(200, 'nothing');
        },
      });
      const answer = await ask('/undecided');
      expect([control(answer), valueOf(answer, 'cv_key')]).toEqual([PRIVATE, undefined]);
      expect(warnings('has not decided')).toHaveLength(1);
    });

    it('SP21 decides with the attributes of the handler, if it is given them', async () => {
      const attributes: ExperienceAttributes = { visitorProperties: { plan: 'pro' } };
      const sale =
        (given?: ExperienceAttributes): Handler =>
        (x) => {
          x.convert.share({ key: ['pro-only'], seconds: 300 }, given);
          x.send(200, x.convert.runExperience('pro-only', attributes)?.key ?? 'none');
        };
      const project = testProject();
      const rule = { rule_type: 'generic_text_key_value', key: 'plan', value: 'pro' };
      const matching = { match_type: 'matches', negated: false };
      project.audiences!.push({
        id: '799',
        key: 'pro',
        type: 'transient',
        rules: { OR: [{ AND: [{ OR_WHEN: [{ ...rule, matching }] }] }] },
      });
      project.experiences!.push({
        ...project.experiences![0]!,
        id: '199',
        key: 'pro-only',
        audiences: ['799'],
      });
      await start({ '/with': sale(attributes), '/without': sale() }, { project });
      const { cookies, key, variation } = await arrive('/with');
      expect(key).toBe(`cv_key=pro-only.${variation}`);
      expect(control(await ask('/with', `${cookies}; ${key}`))).toBe(PUBLIC);
      expect(apps.logged).toEqual([]);

      for (const given of [key, 'cv_key=pro-only.-', '']) {
        const answer = await ask('/without', `${cookies}; ${given}`);
        if (given === 'cv_key=pro-only.-') expect([control(answer), answer.text]).toEqual([PUBLIC, 'none']);
        else expect([control(answer), answer.text, linesOf(answer)]).toEqual([PRIVATE, variation, []]);
      }
      expect(warnings('has decided otherwise')).toHaveLength(1);
    });

    it('SP22 reads the key from a header, and varies on it', async () => {
      await start(
        {
          '/varies': (x) => {
            x.header('vary', 'Accept-Encoding');
            hero(x) as void;
          },
        },
        { responseCache: { header: 'X-CV-Key' } },
      );
      const { cookies, key } = await arrive();
      const header = { 'x-cv-key': key.slice('cv_key='.length) };
      const shared = await ask('/', cookies, header);
      expect([control(shared), shared.headers.vary]).toEqual([
        PUBLIC,
        expect.stringMatching(/(^|, )x-cv-key$/),
      ]);
      expect((await ask('/varies', cookies, header)).headers.vary).toBe('Accept-Encoding, x-cv-key');
      for (const answer of [await ask('/', `${cookies}; ${key}`), await ask('/', cookies)]) {
        expect([control(answer), answer.headers.vary]).toEqual([
          PRIVATE,
          expect.stringContaining('x-cv-key'),
        ]);
      }
    });

    it('SP23 without consent there is the original, no key, and the one that is there goes', async () => {
      const consent = { cookie: 'answer', granted: 'yes', denied: 'no' };
      await start({ '/plain': (x) => x.send(200, x.convert.visitorId) }, { consent });
      const { cookies, key } = await arrive('/', 'answer=yes');
      expect(control(await ask('/', `answer=yes; ${cookies}; ${key}`))).toBe(PUBLIC);
      for (const answer of ['', 'answer=no']) {
        const page = await ask('/', [answer, cookies].filter((each) => each !== '').join('; '));
        expect([control(page), page.text, valueOf(page, 'cv_key')]).toEqual([
          PRIVATE,
          'none {"variations":{},"exposed":[]}',
          undefined,
        ]);
        const gone = await ask('/', `${answer}; ${cookies}; ${key}`);
        expect([control(gone), valueOf(gone, 'cv_key')]).toEqual([PRIVATE, '']);
      }
      expect(valueOf(await ask('/plain', `answer=no; ${key}`), 'cv_key')).toBe('');
    });

    it.each(['silent', 'hold'] as const)(
      'SP24 in the mode %s, nothing is shared before a grant',
      async (mode) => {
        const consent = { cookie: 'answer', granted: 'yes', denied: 'no', mode };
        await start({}, { consent, visitor: { id: () => 'user:1' } });
        for (const variation of ['original', 'version-b', '-']) {
          const answer = await ask('/', `cv_key=homepage-hero.${variation}`);
          expect([control(answer), valueOf(answer, 'cv_key')]).toEqual([PRIVATE, '']);
        }
      },
    );

    it('SP25 shares with users of the app', async () => {
      await start({}, { visitor: { id: () => 'user:1' } });
      const first = await ask('/');
      const key = `cv_key=${valueOf(first, 'cv_key')}`;
      expect(control(await ask('/', key))).toBe(PUBLIC);
    });

    it('SP26 shares nothing before there is a project config, and where requests are skipped', async () => {
      let isSkipped = false;
      await start({}, { skip: () => isSkipped });
      const { cookies, key } = await arrive();
      isSkipped = true;
      const skipped = await ask('/', `${cookies}; ${key}`);
      expect([control(skipped), linesOf(skipped)]).toEqual([PRIVATE, []]);
      await start({}, { project: { description: 'none', start() {}, stop() {} }, readyTimeout: 0 });
      const early = await ask('/', `${cookies}; ${key}`);
      expect([control(early), linesOf(early)]).toEqual([PRIVATE, []]);
    });

    it('SP27 does not share the page on which a user is told of', async () => {
      await start({
        '/login': async (x: Exchange) => {
          x.convert.share(HERO);
          await x.convert.identify('user-1');
          x.send(200, page(x.convert));
        },
      });
      const { cookies, key } = await arrive();
      expect(control(await ask('/login', `${cookies}; ${key}`))).toBe(PRIVATE);
    });

    it('SP29 carries nobody on a shared page, and gives no signal', async () => {
      await start({
        '/carry': (x) => {
          x.convert.share(HERO);
          const variation = x.convert.runExperience('homepage-hero')?.key;
          x.convert.bridge.signal({ cookie: true, header: true });
          x.send(
            200,
            `${variation} ${JSON.stringify([x.convert.carry(), x.convert.hiddenField(), x.convert.header()])}`,
          );
        },
      });
      const { cookies, key, variation } = await arrive();
      const shared = await ask('/carry', `${cookies}; ${key}`);
      expect([control(shared), linesOf(shared), shared.text]).toEqual([
        PUBLIC,
        [],
        `${variation} ["","",{}]`,
      ]);
      expect(shared.headers['x-convert-variations']).toBeUndefined();
      const own = await ask('/carry', cookies);
      expect([control(own), own.text, valueOf(own, 'cv_variations')]).toEqual([
        PRIVATE,
        expect.stringContaining('"X-Convert-Visitor"'),
        expect.any(String),
      ]);
    });

    it('SP30 takes the key from somebody who has a preview, so that their next pages show it, too', async () => {
      await start({}, { secrets: 'a secret of the test', previewCookie: true });
      const { cookies, key } = await arrive();
      const previewed = await ask('/?convert_preview=101.1011', `${cookies}; ${key}`);
      expect([control(previewed), valueOf(previewed, 'cv_key')]).toEqual(['private, no-store', '']);
      const next = await ask('/', `${cookies}; ${key}; cv_preview=${valueOf(previewed, 'cv_preview')}`);
      expect([control(next), valueOf(next, 'cv_key'), next.text.split(' ')[0]]).toEqual([
        'private, no-store',
        '',
        'version-b',
      ]);
      const exit = await ask(
        '/?convert_preview=off',
        `${cookies}; ${key}; cv_preview=${valueOf(previewed, 'cv_preview')}`,
      );
      expect(control(exit)).toBe('private, no-store');
      expect(apps.logged).toEqual([]);
    });

    it.skipIf(!http2)('SP28 does all that over HTTP/2', async () => {
      await start({}, {}, { http2: true });
      const client = http2Connect(app.url);
      const visit = async (cookie: string) => {
        const stream = client.request({
          ':path': '/',
          'user-agent': CHROME,
          ...(cookie !== '' && { cookie }),
        });
        const [headers] = (await once(stream, 'response')) as [Record<string, string | string[]>];
        stream.resume();
        await once(stream, 'end');
        return headers;
      };
      try {
        const first = await visit('');
        expect(first['cache-control']).toBe(PRIVATE);
        const cookies = [first['set-cookie']].flat().map((line) => line!.split(';')[0]);
        const shared = await visit(cookies.join('; '));
        expect([shared['cache-control'], shared['set-cookie']]).toEqual([PUBLIC, undefined]);
      } finally {
        client.close();
      }
    });
  });
}
