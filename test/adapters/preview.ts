/** Over real HTTP: preview links of drafts, which the project config does not hold. */
import type { RequestListener } from 'node:http';
import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConvertOptions } from '../../src/options/types.js';
import { httpServer, says, type TestServer } from '../project/helpers.js';
import { draftProject, testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { appsOf } from './apps.js';
import type { Adapter, AppOptions, Handler, RunningApp } from './harness.js';

/** The link of a draft that `draftProject()` holds. */
const LINK = '/?convert_preview=901.9010';

export function previewConformance(adapter: Adapter): void {
  describe(`${adapter.name}, preview links of drafts`, () => {
    const apps = appsOf(adapter);
    let server: TestServer;
    /** Answers requests for one experience. */
    let draft: RequestListener;

    beforeEach(async () => {
      draft = says(JSON.stringify(draftProject()));
      server = await httpServer((asked, response) => {
        if (asked.url?.includes('exp=')) draft(asked, response);
        else says(JSON.stringify(testProject()))(asked, response);
      });
    });

    async function start(options: ConvertOptions = {}, app: Partial<AppOptions> = {}): Promise<RunningApp> {
      const convert = apps.options({
        project: undefined,
        sdkKey: '1001/2002',
        endpoints: { config: server.base, track: apps.collector.origin },
        preview: () => true,
        ...options,
      });
      const started = await apps.start({ convert, routes: { '/': all }, ...app });
      await started.convert.ready();
      return started;
    }
    const all: Handler = (x) => {
      const { convert } = x;
      convert.trackConversion('purchase');
      const answer = {
        draft: convert.runExperience('next-checkout')?.key ?? null,
        feature: convert.runFeature('next-button'),
        other: convert.runExperience('homepage-hero') !== null,
        all: convert.runExperiences().map((each) => each.experienceKey),
        reason: convert.explain('next-checkout').reason,
      };
      x.send(200, JSON.stringify(answer));
    };
    interface Shown {
      readonly draft: string | null;
      readonly feature: unknown;
      readonly other: boolean;
      readonly all: readonly string[];
      readonly reason: string;
      readonly cookies: readonly string[];
    }
    async function follow(
      app: RunningApp,
      link = LINK,
      headers: Record<string, string> = {},
    ): Promise<Shown> {
      const answer = await request(app.url)
        .get(link)
        .set({ 'user-agent': CHROME, ...headers });
      const cookies = [answer.headers['set-cookie'] ?? []].flat().map((line: string) => line.split('=')[0]);
      return { ...JSON.parse(answer.text), cookies };
    }
    /** Without a draft, the page asks for keys that the project does not have. */
    const told = (): string[] => apps.logged.filter((line) => !line.includes('the project has no'));
    const asked = (): (string | undefined)[] =>
      server.requests.map(({ url }) => url).filter((url) => url?.includes('exp='));
    async function events(app: RunningApp): Promise<readonly unknown[]> {
      await app.convert.flush({ timeout: 30_000 });
      return apps.collector.events;
    }

    it('B8: a draft is shown with its features where `preview` says yes, and nothing else enrols', async () => {
      const app = await start();
      const shown = await follow(app);
      expect(shown).toEqual({
        draft: 'bold',
        feature: expect.objectContaining({ key: 'next-button', status: 'enabled', variables: { size: 3 } }),
        other: true,
        all: ['homepage-hero', 'featured', 'next-checkout'],
        reason: 'preview',
        cookies: [],
      });
      expect(asked()).toEqual(['/api/v1/config/1001/2002?environment=staging&exp=901&_conv_low_cache=1']);
      expect(await follow(app, '/?convert_preview=901.9011')).toMatchObject({ draft: 'plain' });
      expect(asked()).toHaveLength(1);
      expect(await events(app)).toEqual([]);
      // The next visit is one like any other.
      expect(await follow(app, '/', { cookie: 'cv_vid=a-visitor' })).toMatchObject({ draft: null });
      expect(await events(app)).not.toEqual([]);
    });

    it.each<[string, ConvertOptions['preview']]>([
      ['not set', undefined],
      ['true', true],
      ['false', false],
      ['a function that says no', () => false],
    ])('B8: no draft is asked for where `preview` is %s', async (_what, preview) => {
      const app = await start({ preview });
      expect(await follow(app)).toMatchObject({ draft: null, other: true, reason: 'not-found' });
      expect(asked()).toEqual([]);
      expect(await events(app)).not.toEqual([]);
    });

    it('B8: authentication that runs after the middleware is told of, and the person is not enrolled', async () => {
      const preview = (raw: unknown): boolean => adapter.user(raw) === 'staff';
      const app = await start({ preview }, { authenticate: () => 'staff' });
      for (let n = 0; n < 2; n++) {
        expect(await follow(app)).toMatchObject({ draft: null, other: true, cookies: [] });
      }
      expect(told()).toEqual([expect.stringContaining('mount this package after authentication')]);
      expect(await events(app)).toEqual([]);
    });

    it('B8: a draft that Convert does not have enrols nobody elsewhere, and is told of', async () => {
      draft = says('', {}, 404);
      const app = await start();
      for (let n = 0; n < 2; n++) {
        expect(await follow(app)).toMatchObject({ draft: null, other: true, cookies: [] });
      }
      expect(asked()).toHaveLength(1);
      expect(await events(app)).toEqual([]);
      expect(told()).toEqual([expect.stringContaining('names an experience or a variation')]);
    });

    it.each<[string, RequestListener, string]>([
      ['fails', says('', {}, 500), 'answered 500'],
      ['is no config', says('<html>'), 'is not JSON'],
      [
        'is that of another project',
        says(JSON.stringify({ ...draftProject(), account_id: '6' })),
        'not of 1001/2002',
      ],
      ['is too deep', says(`{"account_id":${'['.repeat(100)}`), 'nested more than'],
    ])('B8: the page goes on where the answer %s', async (_what, answer, text) => {
      draft = answer;
      const app = await start();
      for (let n = 0; n < 2; n++) expect(await follow(app)).toMatchObject({ draft: null, cookies: [] });
      await follow(app, '/?convert_preview=902.1');
      expect(asked()).toHaveLength(2);
      expect(told()).toEqual([expect.stringContaining(text)]);
      expect(await events(app)).toEqual([]);
    });

    it('B8: a page waits for a moment only, and the next one has the draft', async () => {
      let answer: (() => void) | undefined;
      draft = (one, response) => void (answer = () => says(JSON.stringify(draftProject()))(one, response));
      const app = await start();
      expect(await follow(app)).toMatchObject({ draft: null, other: true, cookies: [] });
      expect(told()).toEqual([expect.stringContaining('did not arrive')]);
      const next = follow(app);
      answer?.();
      expect(await next).toMatchObject({ draft: 'bold' });
      expect(asked()).toHaveLength(1);
      expect(await events(app)).toEqual([]);
    });

    it('B8: a draft is shown before consent is given', async () => {
      const app = await start({ consent: () => 'unknown' });
      expect(await follow(app)).toMatchObject({ draft: 'bold', other: false, cookies: [] });
    });
  });
}
