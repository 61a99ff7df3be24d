/** The examples for Cloudflare Workers in workerd: one makes the page, and one rewrites the page of an origin. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare, Response as WorkerResponse, type Request as WorkerRequest } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../examples/root.js';
import { type Collector, startCollector } from '../support/collector.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { CHROME } from './setup.js';

const NAMES = ['worker', 'rewriter'] as const;
const PAGE = '<!doctype html><title>Shop</title><h1 class="hero">Welcome</h1><p>From the origin.</p>';
const ORIGIN_HEADERS = [
  ['content-type', 'text/html; charset=utf-8'],
  ['cache-control', 'public, max-age=600'],
  ['etag', '"1"'],
  ['set-cookie', 'basket=1'],
  ['set-cookie', 'seen=1'],
  ['x-origin', 'shop'],
] as [string, string][];

let collector: Collector;
let miniflare: Miniflare;

/** All that the Workers ask for: Convert, and the site that is behind the second one. */
async function answer(request: WorkerRequest): Promise<WorkerResponse> {
  const { hostname, pathname } = new URL(request.url);
  if (hostname === 'cdn-4.convertexperiments.com') return WorkerResponse.json(testProject());
  if (hostname.endsWith('.convertexperiments.com')) {
    await fetch(collector.url, { method: 'POST', body: await request.text() });
    return WorkerResponse.json({});
  }
  if (pathname === '/style.css')
    return new WorkerResponse('h1{}', { headers: { 'content-type': 'text/css', 'cache-control': 'public' } });
  return new WorkerResponse(PAGE, { headers: ORIGIN_HEADERS });
}

beforeAll(async () => {
  collector = await startCollector();
  const folder = temporaryFolder('workers', afterAll);
  await build({
    entryPoints: NAMES.map((name) => join(ROOT, `examples/edge/${name}.js`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['cloudflare:workers'],
    logLevel: 'error',
  });
  miniflare = new Miniflare({
    cf: false,
    workers: NAMES.map((name) => ({
      name,
      modules: [{ type: 'ESModule', path: join(folder, `${name}.mjs`) }],
      modulesRoot: folder,
      compatibilityDate: '2025-05-01',
      bindings: { CONVERT_SDK_KEY: '1001/2002', CONVERT_SECRET: 'a secret of sixteen characters' },
      kvNamespaces: ['CONFIG'],
      outboundService: answer,
    })),
  });
});
afterAll(async () => {
  await miniflare.dispose();
  await collector.close();
});

/** What a Worker answers to. The types of miniflare depend on packages that are not installed here. */
interface Worker {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Visits a page as a browser that brings these cookies. */
async function visit(worker: Worker, path: string, cookies: readonly string[] = []) {
  const response = await worker.fetch(`https://shop.example${path}`, {
    headers: { 'user-agent': CHROME, cookie: cookies.join('; ') },
  });
  const set = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
  return { headers: response.headers, text: await response.text(), set };
}

it.each(NAMES)(
  'examples/edge/%s.js shows a variation, sends its exposure, and stays with it',
  async (name) => {
    const worker = (await miniflare.getWorker(name)) as unknown as Worker;
    const before = collector.exposures().length;
    let first = await visit(worker, '/');
    // On a busy machine, the project config arrives after the first pages, which enrol nobody.
    const isEnrolled = (): boolean => first.set.some((cookie) => cookie.startsWith('cv_asg='));
    while (!isEnrolled()) first = await visit(worker, '/');
    const headline = /<h1.*?>(.*?)<\/h1>/.exec(first.text)?.[1];
    expect(headline, first.text).toMatch(/^(Know what works\.|Welcome)$/);
    const ids = first.set.filter((cookie) => cookie.startsWith('cv_vid='));
    expect(ids).toHaveLength(1);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const second = await visit(worker, '/', first.set);
    expect(second.text).toBe(first.text);
    expect(second.set.join()).not.toContain('cv_');
    await collector.waitFor((seen) => seen.exposures().length > before);
    const variationId = headline === 'Welcome' ? '1010' : '1011';
    expect(collector.exposures().slice(before)).toMatchObject([
      { visitorId: ids[0]!.slice('cv_vid='.length), data: { experienceId: '101', variationId } },
    ]);
  },
);

it('examples/edge/rewriter.js changes nothing but the headline, and what caches are told of the page', async () => {
  const worker = (await miniflare.getWorker('rewriter')) as unknown as Worker;
  const headlines = new Set<string>();
  for (let n = 0; headlines.size < 2 && n < 50; n++) {
    const { headers, text, set } = await visit(worker, '/');
    const headline = /<h1 class="hero">(.*?)<\/h1>/.exec(text)![1]!;
    headlines.add(headline);
    expect(text).toBe(PAGE.replace('Welcome', headline));
    expect(set.slice(0, 2)).toEqual(['basket=1', 'seen=1']);
    expect([headers.get('x-origin'), headers.get('etag')]).toEqual(['shop', null]);
  }
  expect([...headlines].sort()).toEqual(['Know what works.', 'Welcome']);
  const style = await visit(worker, '/style.css');
  expect([style.headers.get('cache-control'), style.text, style.set]).toEqual(['public', 'h1{}', []]);
});
