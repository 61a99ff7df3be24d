/** `assignmentCookie` over real HTTP: what processes without a common store know of a visitor. */
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { appsOf } from './apps.js';
import type { Adapter, AppOptions, Handler, RunningApp } from './harness.js';

const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

/** All visitors of an experience get this one of its variations. */
function everybodyGets(key: 'original' | 'version-b'): ProjectConfig {
  const project = testProject();
  for (const { variations = [] } of project.experiences ?? []) {
    for (const each of variations) each.traffic_allocation = each.key === key ? 100 : 0;
  }
  return project;
}

const hero: Handler = (x) => {
  const { reason } = x.convert.explain('homepage-hero');
  x.send(200, `${x.convert.runExperience('homepage-hero')?.key ?? 'none'} ${reason}`);
};

/** A browser: keeps the cookies that it is given. */
class Browser {
  readonly cookies = new Map<string, string>();

  constructor(...cookies: [name: string, value: string][]) {
    for (const [name, value] of cookies) this.cookies.set(name, value);
  }

  async get(
    app: RunningApp,
    path = '/',
    { method = 'get', userAgent = CHROME }: { method?: 'get' | 'head'; userAgent?: string } = {},
  ) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await request(app.url)[method](path).set({ 'user-agent': userAgent, cookie }).redirects(0);
    const headers: Record<string, unknown> = answer.headers;
    const lines = (headers['set-cookie'] ?? []) as string[];
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { text: answer.text, lines, names: lines.map((line) => line.split('=')[0]).sort() };
  }
}

export function assignmentCookieConformance(adapter: Adapter): void {
  describe(`${adapter.name}, assignmentCookie`, () => {
    const apps = appsOf(adapter);

    /** A process of its own: nothing in its memory, all visitors get `key`. */
    async function start(
      key: 'original' | 'version-b',
      more: ConvertOptions = {},
      app: Partial<AppOptions> = {},
    ): Promise<RunningApp> {
      const convert = apps.options({
        project: everybodyGets(key),
        secrets: NEW,
        assignmentCookie: true,
        session: false,
        ...more,
      });
      return apps.start({ convert, routes: { '/': hero }, ...app });
    }

    /** A visitor who got `original`, with both cookies. */
    async function visitor(more: ConvertOptions = {}): Promise<Browser> {
      const browser = new Browser();
      await browser.get(await start('original', more));
      await apps.delivered();
      return browser;
    }

    it('A1 a visitor keeps the variation in another process, though its traffic changed', async () => {
      const one = await start('original');
      const browser = new Browser();
      const first = await browser.get(one);
      expect(first.text).toBe('original bucketed');
      expect(first.names).toEqual(['cv_asg', 'cv_vid']);
      expect(first.lines.find((line) => line.startsWith('cv_asg'))).toMatch(
        /^cv_asg=[A-Za-z0-9_.-]+; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      expect(await browser.get(one)).toMatchObject({ text: 'original sticky', lines: [] });

      const buy: Handler = (x) => {
        x.convert.trackConversion('purchase');
        x.send(200, String(x.convert.isNewVisitor));
      };
      const two = await start('version-b', {}, { routes: { '/': hero, '/buy': buy } });
      expect(await browser.get(two)).toMatchObject({ text: 'original sticky', lines: [] });
      expect(await browser.get(two, '/buy')).toMatchObject({ text: 'false', lines: [] });
      const { events } = await apps.delivered();
      expect(events.map(({ eventType }) => eventType).sort()).toEqual(['bucketing', 'conversion']);
      expect(apps.collector.conversions()[0]?.data).toMatchObject({ bucketingData: { '101': '1010' } });

      const without = new Browser(['cv_vid', browser.cookies.get('cv_vid')!]);
      expect((await without.get(two)).text).toBe('version-b bucketed');
    });

    it('A2 a cookie that is not what was signed for this visitor is as none', async () => {
      const browser = await visitor();
      const other = await visitor();
      const [id, value] = [browser.cookies.get('cv_vid')!, browser.cookies.get('cv_asg')!];
      const two = await start('version-b');
      const forged = `1.${'0'.repeat(25)}.${value.slice(28)}`;
      const bad = {
        forged,
        truncated: value.slice(0, -1),
        'of another visitor': other.cookies.get('cv_asg')!,
        'over-long': `${value}${'.2t.s2'.repeat(1_500)}`,
        escapes: '%E0%A4%A%00',
        empty: '',
      };
      for (const [what, asg] of Object.entries(bad)) {
        const stranger = new Browser(['cv_vid', id], ['cv_asg', asg]);
        const store = await start('version-b');
        const answer = await stranger.get(store);
        expect([what, answer.text, answer.names]).toEqual([what, 'version-b bucketed', ['cv_asg']]);
        // What was set instead is a good one.
        expect((await stranger.get(two)).text).toBe('version-b sticky');
      }
      // That of a newer version of this package is left alone.
      const newer = new Browser(['cv_vid', id], ['cv_asg', `99${value.slice(1)}`]);
      const answer = await newer.get(await start('version-b'));
      expect([answer.text, answer.names]).toEqual(['version-b bucketed', []]);
      expect(apps.logged.splice(0)).toEqual([expect.stringContaining('`cv_asg` has an unknown format')]);
      const elsewhere = await start('version-b', {
        project: { ...everybodyGets('version-b'), account_id: '1002' },
      });
      expect((await new Browser(['cv_vid', id], ['cv_asg', value]).get(elsewhere)).text).toBe(
        'version-b bucketed',
      );
      expect((await new Browser(['cv_vid', id], ['cv_asg', value]).get(two)).text).toBe('original sticky');
      expect(apps.logged).toEqual([]);
    });

    it('A3 secrets can be replaced: what the one before has signed is taken, and signed anew', async () => {
      const browser = await visitor({ secrets: OLD });
      const before = browser.cookies.get('cv_asg')!;
      const both = await start('version-b', { secrets: [NEW, OLD] });
      expect(await browser.get(both)).toMatchObject({ text: 'original sticky', names: ['cv_asg'] });
      expect(await browser.get(both)).toMatchObject({ text: 'original sticky', lines: [] });
      const late = new Browser(...browser.cookies);
      late.cookies.set('cv_asg', before);
      const after = await start('version-b', { secrets: [NEW] });
      expect((await late.get(after)).text).toBe('version-b bucketed');
      const again = await start('version-b', { secrets: [NEW] });
      expect((await browser.get(again)).text).toBe('original sticky');
    });

    it('A4 without consent it is neither read nor set; withdrawal expires it', async () => {
      const consent = { cookie: 'consent', granted: 'granted' };
      const granted = new Browser(['consent', 'granted']);
      const one = await start('original', { consent });
      expect((await granted.get(one)).names).toEqual(['cv_asg', 'cv_vid']);
      const two = await start('version-b', { consent });
      const unknown = new Browser(...granted.cookies);
      unknown.cookies.delete('consent');
      expect(await unknown.get(two)).toMatchObject({ text: 'none consent', lines: [] });
      expect((await granted.get(two)).text).toBe('original sticky');

      granted.cookies.set('consent', 'denied');
      const gone = await granted.get(two);
      expect(gone.text).toBe('none consent');
      expect(gone.lines.map((line) => line.split(';').slice(0, 3).join(';'))).toEqual([
        'cv_vid=; Max-Age=0; Path=/',
        'cv_asg=; Max-Age=0; Path=/',
      ]);
      expect([...granted.cookies.keys()]).toEqual(['consent']);
      // Alone, too; and nothing that is not there.
      const alone = new Browser(['consent', 'denied'], ['cv_asg', 'anything']);
      expect((await alone.get(two)).names).toEqual(['cv_asg']);
      expect((await alone.get(two)).names).toEqual([]);
    });

    it('A5 silent: neither read nor set', async () => {
      const id = (): string => 'user-7';
      const browser = await visitor({ visitor: { id } });
      const consent = { resolve: () => undefined, mode: 'silent' } as const;
      const two = await start('version-b', { visitor: { id }, consent });
      expect(await browser.get(two)).toMatchObject({ text: 'version-b bucketed', lines: [] });
      const three = await start('version-b', { visitor: { id }, consent: () => true });
      expect((await browser.get(three)).text).toBe('original sticky');
    });

    it('A6 HEAD, previews, bots and responses for shared caches set none', async () => {
      const shared: Handler = (x) => {
        const key = x.convert.runExperience('homepage-hero')?.key;
        x.header('Cache-Control', 'public, max-age=60');
        x.send(200, key ?? 'none');
      };
      const app = await start('version-b', {}, { routes: { '/': hero, '/shared': shared } });
      const id = ['cv_vid', 'somebody'] as [string, string];
      expect((await new Browser(id).get(app, '/', { method: 'head' })).lines).toEqual([]);
      expect((await new Browser(id).get(app, '/?convert_preview=101.1010')).lines).toEqual([]);
      expect((await new Browser(id).get(app, '/', { userAgent: GOOGLEBOT })).lines).toEqual([]);
      expect(apps.logged).toEqual([]);
      expect((await new Browser(id).get(app, '/shared')).lines).toEqual([]);
      expect((await new Browser().get(app, '/shared')).lines).toEqual([]);
      expect(apps.logged.filter((line) => line.includes('Our cookies are left out'))).toHaveLength(1);
      // And yet it is read there.
      const known = await visitor();
      expect(await known.get(app, '/shared')).toMatchObject({ text: 'original', lines: [] });
    });

    it('A7 what the store holds wins, and the cookie follows', async () => {
      const browser = await visitor();
      const store = memoryStore();
      const key = `1001-2002-${browser.cookies.get('cv_vid')}`;
      const claim = { variationId: '1011', exposed: true };
      store.commit(key, { claims: { 101: claim } }, { ephemeral: false });
      const two = await start('original', { store });
      expect(await browser.get(two)).toMatchObject({ text: 'version-b sticky', names: ['cv_asg'] });
      expect((await browser.get(await start('original'))).text).toBe('version-b sticky');
      // Nor did the cookie claim anything in the store.
      expect(store.read(key)).toEqual({ bucketing: { 101: '1011' } });
    });

    it.skipIf(adapter.isNode === false)(
      'A8 holds what was decided before the head, stored, and exposed',
      async () => {
        const page: Handler = (x) => {
          const { convert } = x;
          convert.runExperience('homepage-hero', { enableStorage: false });
          convert.runExperience('featured', { enableTracking: false });
          const res = x.takeOver();
          res.writeHead(200);
          convert.runExperience('homepage-hero');
          res.end('ok');
        };
        const app = await start('original', {}, { routes: { '/': page, '/next': hero } });
        const browser = new Browser(['cv_vid', 'somebody']);
        expect((await browser.get(app)).lines).toEqual([]);
        // In time for the next one.
        expect(await browser.get(app, '/next')).toMatchObject({ text: 'original sticky', names: ['cv_asg'] });
        expect(browser.cookies.get('cv_asg')).toMatch(/\.2t\.s2$/);
      },
    );

    it('A9 belongs to the visitor, whoever sits at the browser', async () => {
      let user: string | undefined = 'anne';
      const options = { visitor: { id: () => user } };
      const one = await start('original', options);
      const browser = new Browser();
      expect((await browser.get(one)).names).toEqual(['cv_asg']);
      const two = await start('version-b', options);
      user = 'berta';
      expect(await browser.get(two)).toMatchObject({ text: 'version-b bucketed', names: ['cv_asg'] });
      user = undefined;
      browser.cookies.set('cv_vid', 'berta');
      // An id from the cookie is not the app's of the same text.
      expect((await browser.get(await start('original', options))).text).toBe('original bucketed');
    });

    it.skipIf(adapter.isNode === false)('A10 is there once, of the head that was sent', async () => {
      const page: Handler = (x) => {
        x.convert.runExperience('homepage-hero');
        const res = x.takeOver();
        try {
          res.writeHead(99_999);
        } catch {
          x.convert.runExperience('featured');
          res.writeHead(500);
        }
        res.end();
      };
      const app = await start('original', {}, { routes: { '/': page } });
      for (const browser of [new Browser(), new Browser(['cv_vid', 'somebody'])]) {
        const { lines } = await browser.get(app);
        expect(lines.filter((line) => line.startsWith('cv_asg='))).toHaveLength(1);
        expect(browser.cookies.get('cv_asg')).toMatch(/\.2t\.s2\.2w\.sw$/);
      }
      expect((await apps.delivered()).exposures()).toHaveLength(4);
    });

    it('A11 stays below 3.5 KB, and says once that something had to go', async () => {
      const many = everybodyGets('original');
      const [model] = many.experiences!;
      many.experiences = Array.from({ length: 400 }, (_, n) => ({
        ...model!,
        id: String(100_000_000 + n),
        key: `experience-${n}`,
        variations: [{ ...model!.variations![0]!, id: String(200_000_000 + n) }],
      }));
      const all: Handler = (x) => x.send(200, String(x.convert.runExperiences().length));
      const app = await start('original', { project: many }, { routes: { '/': all } });
      for (const browser of [new Browser(), new Browser()]) {
        expect((await browser.get(app)).text).toBe('400');
        const { length } = `cv_asg=${browser.cookies.get('cv_asg')}`;
        expect(length).toBeLessThanOrEqual(3_584);
        expect(length).toBeGreaterThan(3_500);
        expect((await browser.get(app)).lines).toEqual([]);
      }
      expect(apps.logged.filter((line) => line.includes('`assignmentCookie`'))).toHaveLength(1);
    });

    it('A12 goes next to the cookies of the app, also where it follows an id that is known', async () => {
      const page: Handler = (x) => {
        const key = x.convert.runExperience('homepage-hero')?.key ?? 'none';
        x.cookie('app', '1');
        x.send(200, key);
      };
      const app = await start('original', {}, { routes: { '/': page } });
      expect((await new Browser(['cv_vid', 'somebody']).get(app)).names).toEqual(['app', 'cv_asg']);
      expect((await new Browser().get(app)).names).toEqual(['app', 'cv_asg', 'cv_vid']);
    });

    it('A13 is not for fingerprints, which set no cookie', async () => {
      const app = await start('original', { visitor: { fingerprint: { secret: 'a secret of the test' } } });
      expect(await new Browser().get(app)).toMatchObject({ text: 'original bucketed', lines: [] });
    });
  });
}
