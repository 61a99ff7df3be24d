/**
 * Tests of pages that are shared per variation, behind a real nginx and a real Varnish, set up as docs/guides/caches.md
 * says: the same variation is a HIT, no visitor ever gets the page of another variation, and nothing else is stored.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import express, { type RequestHandler } from 'express';
import request, { type Response } from 'supertest';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { ConvertOptions } from '../../src/index.js';
import { convertMiddleware } from '../../src/express.js';
import { CHROME } from '../adapters/conformance.js';
import { listen, stop } from '../adapters/harness.js';
import { type Collector, startCollector } from '../support/collector.js';
import { hasNginx, startNginxWith } from '../support/nginx.js';
import { testProject } from '../support/project.js';
import { runningSession } from '../support/session.js';
import { type CaseSize, testsOf } from '../support/tiers.js';
import { hasVarnish, startVarnish } from '../support/varnish.js';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/guides/caches.md'), 'utf8');
/** The recipes of the page in a language, in their order. */
const recipes = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);

const UPSTREAM = 'http://127.0.0.1:3000';

interface Cache {
  readonly url: string;
  stop(): Promise<void>;
}

/** The first recipe of nginx, with other addresses, and with its first `map` replaced. */
const nginx = (map = '') => ({
  isThere: hasNginx,
  options: {},
  start: (upstream: string): Promise<Cache> =>
    startNginxWith((folder, port) => {
      const recipe = recipes('nginx')[0]!
        .replaceAll(UPSTREAM, upstream)
        .replace('/var/cache/nginx/convert', join(folder, 'cache'))
        .replace(
          'listen 80;',
          `listen 127.0.0.1:${port};\n  add_header X-Cache $upstream_cache_status always;`,
        );
      return map === '' ? recipe : recipe.replace(/map \$cookie_cv_key[^]*?^\}\n/m, map);
    }),
});

/** A cache, and how the app is set up for it. */
interface Setup {
  readonly isThere: boolean;
  readonly options: ConvertOptions;
  readonly start: (upstream: string) => Promise<Cache>;
}
const CACHES: Readonly<Record<string, Setup>> = {
  nginx: nginx(),
  'nginx, with a part of the key': nginx(recipes('nginx')[1]),
  Varnish: {
    isThere: hasVarnish,
    options: { responseCache: { header: 'X-CV-Key' } },
    start: (upstream) => startVarnish(recipes('vcl')[0]!.replace('"3000"', `"${new URL(upstream).port}"`)),
  },
};

export function sharedPagesSuite(size: CaseSize): void {
  const { small, large } = testsOf(size);

  small('the page has the recipes', () => {
    expect([recipes('nginx').length, recipes('vcl').length]).toEqual([2, 1]);
  });

  describe.each(Object.entries(CACHES).slice(0, size === 'small' ? 1 : undefined))(
    '%s',
    (name, { isThere, options, start }) => {
      describe.skipIf(!isThere)('with the recipe of the docs', () => {
        const first = name === 'nginx' ? small : large;
        let collector: Collector;
        let middleware: ReturnType<typeof convertMiddleware>;
        let server: Server;
        let cache: Cache;
        /** How often the app was asked. */
        let asked: number;

        beforeEach(async () => {
          collector = await startCollector();
          middleware = convertMiddleware({
            project: testProject(),
            endpoints: { track: collector.origin },
            consent: { cookie: 'answer', granted: 'yes', denied: 'no' },
            logger: false,
            ...options,
          });
          const app = express();
          app.use(middleware);
          asked = 0;
          const home: RequestHandler = (req, res) => {
            asked += 1;
            req.convert.share({ key: ['homepage-hero'], seconds: 300 });
            const variation = req.convert.runExperience('homepage-hero')?.key ?? 'none';
            if (req.query.status !== undefined) res.status(Number(req.query.status));
            if (req.query.basket !== undefined) res.cookie('basket', String(asked));
            res.send(`${variation} <script>${req.convert.bridge.json()}</script>`);
          };
          app.all('/', home);
          app.get('/other', (req, res) => {
            asked += 1;
            res.send(req.convert.runExperience('homepage-hero')?.key ?? 'none');
          });
          server = createServer(app);
          cache = await start(await listen(server));
        });
        afterEach(async () => {
          await cache?.stop();
          await stop(server);
          await middleware.convert.close({ timeout: 1 });
          await collector.close();
        });

        interface Visitor {
          readonly cookies: string;
          readonly key: string;
          readonly variation: string;
        }
        const setCookies = ({ headers }: Response): string[] =>
          ([headers['set-cookie'] ?? []] as string[][]).flat();
        const valueOf = (answer: Response, name: string): string | undefined =>
          setCookies(answer).flatMap((line) => new RegExp(`^${name}=([^;]*)`).exec(line)?.[1] ?? [])[0];
        function ask(
          cookie: string,
          path = '/',
          headers: Record<string, string> = {},
          method: 'get' | 'head' | 'post' = 'get',
        ) {
          const agent = request(cache.url);
          return agent[method](path).set({ 'user-agent': CHROME, cookie, ...headers });
        }
        const shownIn = ({ text }: Response): string => text.split(' ')[0]!;
        const isHit = ({ headers }: Response): boolean => headers['x-cache'] === 'HIT';

        /** Lets new visitors come until there are two of each variation. */
        async function fourVisitors(): Promise<Record<'original' | 'version-b', Visitor[]>> {
          const found: Record<string, Visitor[]> = { original: [], 'version-b': [] };
          for (let n = 0; n < 100 && Object.values(found).some(({ length }) => length < 2); n++) {
            const first = await ask('answer=yes');
            expect([isHit(first), first.headers['cache-control']]).toEqual([false, 'private, no-cache']);
            const cookies = `answer=yes; cv_vid=${valueOf(first, 'cv_vid')}; ${runningSession()}`;
            const variation = shownIn(first);
            found[variation]!.push({ cookies, variation, key: `cv_key=${valueOf(first, 'cv_key')}` });
          }
          return found;
        }
        const page = ({ cookies, key }: Visitor, path = '/') => ask(`${cookies}; ${key}`, path);

        first('answers the same variation from the cache, and never another one', async () => {
          const visitors = await fourVisitors();
          await middleware.convert.flush();
          const { length: exposures } = collector.events;
          for (const [variation, [one, two]] of Object.entries(visitors)) {
            const stored = await page(one!);
            expect([isHit(stored), shownIn(stored)]).toEqual([false, variation]);
            const before = asked;
            for (const visitor of [two!, one!, two!]) {
              const answer = await page(visitor);
              expect([isHit(answer), shownIn(answer), setCookies(answer)]).toEqual([true, variation, []]);
              expect(answer.text).toBe(
                `${variation} <script>{"variations":{"homepage-hero":"${variation}"},"exposed":["homepage-hero"]}</script>`,
              );
            }
            expect(asked).toBe(before);
          }
          await middleware.convert.flush();
          expect(collector.events).toHaveLength(exposures);
        });

        large('stores no page under a forged key, and shows everybody their own', async () => {
          const { original, 'version-b': versionB } = await fourVisitors();
          const pairs: [Visitor, Visitor][] = [
            [original[0]!, versionB[0]!],
            [versionB[0]!, original[0]!],
          ];
          for (const [liar, victim] of pairs) {
            const name = (as: string): string => victim.key.replace('cv_key', as);
            const forged = [
              victim.key,
              `${victim.key}; ${liar.key}`,
              `${liar.key}; ${victim.key}`,
              `${name('CV_KEY')}; ${liar.key}`,
              `${liar.key}; ${name('Cv_Key')}`,
              `a=1,${victim.key}; ${liar.key}`,
              `a=1, ${victim.key}; ${liar.key}`,
              `a="; ${victim.key}"; ${liar.key}`,
              `${name('xcv_key')}; ${liar.key}`,
              `${name('cv_key ')}; ${liar.key}`,
              `${victim.key.replace('=', ' = ')}; ${liar.key}`,
              `${victim.key}:made-up.a`,
              `${liar.key}; $Path=/; ${victim.key}`,
              'cv_key=',
              'cv_key=homepage-hero.-',
              'cv_key=homepage-hero.made-up',
            ];
            for (const [index, cookie] of forged.entries()) {
              const path = `/?page=${index}-${victim.variation}`;
              for (const header of [
                {} as Record<string, string>,
                { 'x-cv-key': victim.key.slice('cv_key='.length) },
              ]) {
                const answer = await ask(`${liar.cookies}; ${cookie}`, path, header);
                expect([cookie, shownIn(answer)]).toEqual([cookie, liar.variation]);
                // A cache may have found the liar's own key.
                if (!cookie.includes(liar.key)) expect([cookie, isHit(answer)]).toEqual([cookie, false]);
              }
              const seen = [await page(victim, path), await page(victim, path)];
              expect([cookie, ...seen.map((each) => [shownIn(each), isHit(each)])]).toEqual([
                cookie,
                [victim.variation, false],
                [victim.variation, true],
              ]);
              expect([cookie, shownIn(await page(liar, path))]).toEqual([cookie, liar.variation]);
            }
          }
        });

        large('stores nothing else', async () => {
          const { original } = await fourVisitors();
          const [{ cookies, key, variation }] = original as [Visitor];
          const nothing: [string, () => Promise<Response>][] = [
            ['without consent', async () => ask(key)],
            ['after a denial', async () => ask(`answer=no; ${cookies.slice('answer=yes; '.length)}; ${key}`)],
            ['a new visitor with a key', async () => ask(`answer=yes; ${key}`)],
            ['without a key', async () => ask(cookies)],
            ['without a cookie', async () => request(cache.url).get('/').set('user-agent', CHROME)],
            ['an error', async () => ask(`${cookies}; ${key}`, '/?status=500')],
            ['nothing found', async () => ask(`${cookies}; ${key}`, '/?status=404')],
            ['a cookie of the app', async () => ask(`${cookies}; ${key}`, '/?basket=1')],
            ['a preview', async () => ask(`${cookies}; ${key}`, '/?convert_preview=101.1011')],
            ['a bot', async () => ask(`${cookies}; ${key}`, '/?bot', { 'user-agent': 'Googlebot/2.1' })],
            ['a POST', async () => ask(`${cookies}; ${key}`, '/?post', {}, 'post')],
            ['another page', async () => ask(`${cookies}; ${key}`, '/other')],
          ];
          for (const [what, visit] of nothing) {
            for (let n = 0; n < 3; n++) {
              const before = asked;
              const answer = await visit();
              expect([what, isHit(answer), asked]).toEqual([what, false, before + 1]);
            }
          }
          // The page that is to be stored is stored all the same, also if a HEAD comes first.
          await ask(`${cookies}; ${key}`, '/', {}, 'head');
          for (let n = 0; n < 2; n++) expect(shownIn(await page(original[0]!))).toBe(variation);
          expect(isHit(await page(original[1]!))).toBe(true);
        });

        large('answers a browser that has the page with a 304 of the variation', async () => {
          const { original, 'version-b': versionB } = await fourVisitors();
          const { headers } = await page(original[0]!);
          const again = await ask(`${original[0]!.cookies}; ${original[0]!.key}`, '/', {
            'if-none-match': String(headers.etag),
          });
          expect(again.status).toBe(304);
          const [other] = versionB as [Visitor];
          const changed = await ask(`${other.cookies}; ${other.key}`, '/', {
            'if-none-match': String(headers.etag),
          });
          expect([changed.status, shownIn(changed)]).toEqual([200, 'version-b']);
        });
      });
    },
  );
}
