/** Sessions over real HTTP: the first hit of a session speaks for the later ones. */
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { webBytes } from '../../src/utils/node/bytes.js';
import { rules, testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { appsOf } from './apps.js';
import type { Adapter, Handler, RunningApp } from './harness.js';

const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const LANDING = '/?utm_campaign=spring&utm_source=news&utm_medium=email&gclid=click-1';

/** `spring-sale` is for visitors whose session began with the campaign. */
function project(settings: Record<string, unknown> = {}): ProjectConfig {
  const config = testProject();
  const audience = config.audiences!.find(({ id }) => id === '702')!;
  Object.assign(audience, { type: 'transient', rules: rules({ key: 'campaign', value: 'spring' }) });
  config.project.settings = { ...config.project.settings, ...settings };
  return config;
}

/** Whether the visitor is in the sale, and what the rules read. */
const page: Handler = (x) => {
  const { convert } = x;
  const isIn = convert.runExperience('spring-sale') !== null;
  const { campaign, sourceName, source, visitorType, gclid, utm_campaign: utm } = convert.visitorProperties;
  x.send(200, JSON.stringify({ isIn, campaign, sourceName, source, visitorType, gclid, utm }));
};
const buy: Handler = (x) => {
  x.convert.trackConversion('purchase');
  x.send(200, '{}');
};

/** A browser: keeps the cookies that it is given. */
class Browser {
  readonly cookies = new Map<string, string>();

  constructor(cookies: Record<string, string> = {}) {
    for (const [name, value] of Object.entries(cookies)) this.cookies.set(name, value);
  }

  async get(
    app: RunningApp,
    path = '/',
    headers: Record<string, string> = {},
    method: 'get' | 'head' = 'get',
  ) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const agent = request(app.url);
    const answer = await agent[method](path).set({ 'user-agent': CHROME, cookie, ...headers });
    const lines = ((answer.headers as Record<string, unknown>)['set-cookie'] ?? []) as string[];
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const body: unknown = method === 'head' ? undefined : JSON.parse(answer.text);
    return { body, lines, names: lines.map((line) => line.split('=')[0]).sort() };
  }
}

export function sessionConformance(adapter: Adapter): void {
  describe(`${adapter.name}, sessions`, () => {
    const apps = appsOf(adapter);

    async function start(
      more: ConvertOptions = {},
      routes: Record<string, Handler> = {},
    ): Promise<RunningApp> {
      const convert = apps.options({ project: project(), logger: false, ...more });
      return apps.start({ convert, routes: { '/': page, '/buy': buy, ...routes } });
    }

    async function segments(): Promise<(Record<string, unknown> | undefined)[]> {
      const { events } = await apps.delivered();
      return events.map((event) => event.segments as Record<string, unknown>);
    }

    it('S1 rules and segments keep what the first hit said, and the cookie is set once', async () => {
      const app = await start();
      const browser = new Browser();
      const first = await browser.get(app, LANDING, { referer: 'https://www.google.com/' });
      const said = {
        isIn: true,
        campaign: 'spring',
        sourceName: 'news',
        source: 'campaign',
        visitorType: 'new',
      };
      expect(first.body).toEqual({ ...said, gclid: 'click-1', utm: 'spring' });
      expect(first.names).toEqual(['cv_ses', 'cv_vid']);
      expect(first.lines.find((line) => line.startsWith('cv_ses'))).toMatch(
        /^cv_ses=1\.[0-9a-z]+\.nc[\w.-]+; Max-Age=1260; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      // What names the click is kept nowhere.
      const kept = browser.cookies.get('cv_ses')!.split('.').slice(3);
      expect(kept.map((each) => webBytes.fromBase64url(each))).toEqual(['spring', 'email', '', 'news']);
      for (const path of ['/', '/?utm_campaign=autumn&utm_source=else']) {
        const next = await browser.get(app, path, { referer: 'https://chatgpt.com/' });
        expect(next.body).toMatchObject(said);
        expect(next.body).not.toHaveProperty('gclid');
        expect(next.lines).toEqual([]);
      }
      await browser.get(app, '/buy');
      expect(await segments()).toMatchObject([
        { source: 'campaign', campaign: 'spring', visitorType: 'new' },
        { source: 'campaign', campaign: 'spring', visitorType: 'new' },
      ]);
    });

    it('S2 a session that begins later has a visitor who returns, and says how they got here', async () => {
      const app = await start();
      const browser = new Browser();
      await browser.get(app, LANDING);
      // The browser has dropped it.
      browser.cookies.delete('cv_ses');
      const next = await browser.get(app, '/', { referer: 'https://www.google.com/' });
      expect(next.body).toMatchObject({
        isIn: false,
        campaign: '',
        source: 'search',
        visitorType: 'returning',
      });
      expect(next.names).toEqual(['cv_ses']);
      expect((await browser.get(app, '/')).body).toMatchObject({
        source: 'search',
        visitorType: 'returning',
      });
      // As with one that is over, or was never ours.
      for (const value of ['1.nc.c3ByaW5n', 'nonsense', '']) {
        browser.cookies.set('cv_ses', value);
        expect(await browser.get(app, '/')).toMatchObject({ body: { source: 'direct' }, names: ['cv_ses'] });
      }
    });

    it('S3 sessions of users whom the app knows are kept as well', async () => {
      const app = await start({ visitor: { id: () => 'user-7' } });
      const browser = new Browser();
      expect(await browser.get(app, LANDING)).toMatchObject({
        body: { visitorType: 'new' },
        names: ['cv_ses'],
      });
      expect(await browser.get(app, '/')).toMatchObject({
        body: { isIn: true, visitorType: 'new', source: 'campaign' },
        lines: [],
      });
      const other = new Browser();
      expect((await other.get(app, '/')).body).toMatchObject({ visitorType: 'returning', source: 'direct' });
    });

    it('S4 nothing is set on pages for all, for HEAD, previews, bots, fingerprints, or where it is off', async () => {
      const shared: Handler = (x) => {
        x.header('Cache-Control', 'public, max-age=60');
        return page(x);
      };
      const app = await start({}, { '/shared': shared });
      const known = { cv_vid: 'known' };
      expect((await new Browser(known).get(app, '/shared')).lines).toEqual([]);
      expect((await new Browser(known).get(app, '/', {}, 'head')).lines).toEqual([]);
      expect((await new Browser(known).get(app, '/?convert_preview=103.1030')).lines).toEqual([]);
      expect((await new Browser(known).get(app, '/', { 'user-agent': GOOGLEBOT })).lines).toEqual([]);
      expect((await new Browser(known).get(app, '/')).names).toEqual(['cv_ses']);

      const prints = await start({ visitor: { fingerprint: { secret: 'a secret of the test' } } });
      expect((await new Browser().get(prints)).lines).toEqual([]);

      const off = await start({ session: false });
      const browser = new Browser();
      expect((await browser.get(off, LANDING)).names).toEqual(['cv_vid']);
      browser.cookies.set('cv_ses', 'nonsense');
      expect(await browser.get(off, '/')).toMatchObject({
        body: { isIn: false, source: 'direct', visitorType: 'returning' },
        lines: [],
      });
    });

    it('S5 without a grant each request speaks for itself; a denial takes the session', async () => {
      const consent = { cookie: 'consent', granted: 'yes', denied: 'no', mode: 'silent' } as const;
      const app = await start({ consent, visitor: { id: () => 'user-7' } });
      const browser = new Browser();
      expect(await browser.get(app, LANDING)).toMatchObject({
        body: { isIn: true, source: 'campaign' },
        lines: [],
      });
      expect(await browser.get(app, '/')).toMatchObject({
        body: { isIn: false, source: 'direct' },
        lines: [],
      });
      browser.cookies.set('consent', 'yes');
      expect((await browser.get(app, LANDING)).names).toEqual(['cv_ses']);
      expect((await browser.get(app, '/')).body).toMatchObject({ source: 'campaign' });
      // Not answered any more: kept, and not used.
      browser.cookies.set('consent', 'pending');
      expect(await browser.get(app, '/')).toMatchObject({ body: { source: 'direct' }, lines: [] });
      browser.cookies.set('consent', 'no');
      const gone = await browser.get(app, '/');
      expect(gone.body).toMatchObject({ source: 'direct' });
      expect(gone.lines).toMatchObject([expect.stringMatching(/^cv_ses=; Max-Age=0; Path=\//)]);
      expect((await browser.get(app, '/')).lines).toEqual([]);
    });

    it('S6 a project that tracks no referrals keeps the session, and nothing of how it began', async () => {
      const app = await start({ project: project({ do_not_track_referral: true }) });
      const browser = new Browser();
      expect((await browser.get(app, LANDING)).body).toMatchObject({ isIn: true, source: 'campaign' });
      expect(browser.cookies.get('cv_ses')).toMatch(/^1\.[0-9a-z]+\.n$/);
      expect((await browser.get(app, '/')).body).toMatchObject({ source: 'direct', visitorType: 'new' });
      await browser.get(app, '/buy');
      const sent = await segments();
      // The events of two requests may come in any order.
      expect(sent.map((each) => each?.campaign ?? '').sort()).toEqual(['', 'spring']);
    });

    it('S7 has the name that it is given', async () => {
      const app = await start({ session: { name: 'ses' } });
      const browser = new Browser();
      expect((await browser.get(app, LANDING)).names).toEqual(['cv_vid', 'ses']);
      expect((await browser.get(app, '/')).body).toMatchObject({ source: 'campaign' });
    });

    it('S8 a session that goes on is told to the browser again after a minute', async () => {
      const app = await start();
      const ago = (seconds: number): string => Math.floor(Date.now() / 1000 - seconds).toString(36);
      const browser = new Browser({ cv_vid: 'known', cv_ses: `${ago(90)}.rc.c3ByaW5n` });
      expect(await browser.get(app, '/')).toMatchObject({
        body: { isIn: true, campaign: 'spring', visitorType: 'returning' },
        names: ['cv_ses'],
      });
      expect(browser.cookies.get('cv_ses')).toMatch(/^1\.[0-9a-z]+\.rc\.c3ByaW5n$/);
      expect((await browser.get(app, '/')).lines).toEqual([]);
      // That of somebody else tells nothing of a visitor who is new.
      const newcomer = new Browser({ cv_ses: browser.cookies.get('cv_ses')! });
      expect(await newcomer.get(app, '/')).toMatchObject({
        body: { campaign: '', visitorType: 'new' },
        names: ['cv_ses', 'cv_vid'],
      });
    });
  });
}
