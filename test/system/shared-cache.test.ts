/** A real cache in front: what a known visitor, a stranger and a newcomer get of each other's pages. */
import express from 'express';
import { createServer, type Server } from 'node:http';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { listen, stop } from '../adapters/harness.js';
import { hasNginx, type Nginx, startNginx } from '../support/nginx.js';
import { testProject } from '../support/project.js';
import { runningSession } from '../support/session.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

/** The header, its value, and whether nginx stores the page. */
const HEADERS: readonly [string, string, boolean][] = [
  ['Cache-Control', 'max-age=60', true],
  ['Cache-Control', 'max-age=60, immutable', true],
  ['Cache-Control', 'max-age=60, must-revalidate', true],
  ['Cache-Control', 'public, max-age=60', true],
  ['Cache-Control', 's-maxage=60', true],
  ['X-Accel-Expires', '60', true],
  // What addresses other caches is nothing to nginx.
  ['CDN-Cache-Control', 'max-age=60', false],
  ['Vercel-CDN-Cache-Control', 'max-age=60', false],
  ['Cloudflare-CDN-Cache-Control', 'max-age=60', false],
  ['Netlify-CDN-Cache-Control', 'max-age=60', false],
  ['Surrogate-Control', 'max-age=60', false],
  ['Edge-Control', 'max-age=60', false],
];
const OWN: typeof HEADERS = [
  ['Cache-Control', 'private, max-age=60', false],
  ['Cache-Control', 'no-store', false],
  ['Cache-Control', 'no-cache', false],
  ['Cache-Control', 'max-age=0', false],
  ['X-Accel-Expires', '0', false],
  ['Expires', new Date(Date.now() + 3_600_000).toUTCString(), false],
  ['X-Nothing', 'said', false],
];

const KNOWN = ['visitor-1', 'visitor-2'] as const;

describe.skipIf(!hasNginx)('B1: nginx with proxy_cache', () => {
  const logged: string[] = [];
  const warnings = () => logged.filter((line) => line.includes('private, max-age=60'));
  const log = (message: string): void => void logged.push(message);
  let middleware: ReturnType<typeof convertMiddleware>;
  let server: Server;
  let nginx: Nginx;

  beforeEach(async () => {
    logged.length = 0;
    middleware = convertMiddleware({
      project: testProject(),
      endpoints: { track: 'http://127.0.0.1:9' },
      logger: { error: log, warn: log, info: log },
    });
    const app = express();
    app.use(middleware);
    app.get('/:path', (req, res) => {
      const { name, value } = req.query as { name: string; value: string };
      res.set(name, value);
      req.convert.runExperience('homepage-hero');
      res.send(`<script>${req.convert.bridge.json()}</script>`);
    });
    server = createServer(app);
    nginx = await startNginx(await listen(server));
  });
  afterEach(async () => {
    await nginx?.stop();
    await stop(server);
    await middleware.convert.close({ timeout: 1 });
  });

  async function get(path: string, [name, value]: readonly [string, string, boolean], id?: string) {
    const answer = await request(nginx.url)
      .get(`/${path}`)
      .query({ name, value })
      .set({
        'user-agent': CHROME,
        ...(id !== undefined && { cookie: `cv_vid=${id}; ${runningSession()}` }),
      });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('<script>')]);
    const lines = ([answer.headers['set-cookie'] ?? []] as string[][]).flat();
    const issued = lines.flatMap((line) => /^cv_vid=([^;]+)/.exec(line)?.[1] ?? []);
    const inPage = /"visitorId":"([^"]+)"/.exec(answer.text)?.[1];
    return { cached: answer.headers['x-cache'] as string, lines, issued, inPage };
  }

  it.each(HEADERS)('%s: %s: nobody gets an id of somebody else', async (...header) => {
    const known = await get('known-first', header, KNOWN[0]);
    const answers = [known, await get('known-first', header, KNOWN[1]), await get('known-first', header)];
    answers.push(await get('new-first', header), await get('new-first', header));
    for (const { lines, inPage } of answers) expect([lines, inPage]).toEqual([[], undefined]);
    const [, , isStored] = header;
    const hit = isStored ? 'HIT' : 'MISS';
    expect(answers.map(({ cached }) => cached)).toEqual(['MISS', hit, hit, 'MISS', hit]);
    expect(warnings()).toHaveLength(1);
  });

  it.each(OWN)('%s: %s: everybody has a page and an id of their own', async (...header) => {
    const answers = [await get('page', header, KNOWN[0]), await get('page', header, KNOWN[1])];
    expect(answers.map(({ inPage }) => inPage)).toEqual(KNOWN);
    const newcomers = [await get('page', header), await get('page', header)];
    for (const { issued, inPage } of newcomers) expect(issued).toEqual([inPage]);
    expect(new Set(newcomers.map(({ inPage }) => inPage)).size).toBe(2);
    for (const { cached } of [...answers, ...newcomers]) expect(cached).toBe('MISS');
    expect(warnings()).toEqual([]);
  });
});
