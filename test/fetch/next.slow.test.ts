/** The example for Next: built, started, visited, and ended while an exposure is still to be sent. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, endAll, endedBy, type Running, start } from '../examples/processes.js';
import { ROOT } from '../examples/root.js';
import { type Collector, startCollector } from '../support/collector.js';
import { temporaryFolder } from '../support/folder.js';
import { CHROME, nextProject } from './setup.js';

const PACKAGES = ['next', 'react', 'react-dom'];
const NEXT = join(ROOT, 'node_modules/next/dist/bin/next');
/** The packages are links that lead out of the folder of the app. Nobody reads what is built. */
const CONFIG = {
  turbopack: { root: '/' },
  experimental: { cpus: 1, turbopackMinify: false, turbopackSourceMaps: false },
};
const VARIABLES = {
  CONVERT_SDK_KEY: '1001/2002',
  CONVERT_SECRET: 'a secret of sixteen characters',
  NEXT_TELEMETRY_DISABLED: '1',
};

/** Copies the example into a folder, with the endpoints of the test among its options, and links to what it imports. */
function layOut(folder: string): void {
  cpSync(join(ROOT, 'examples/next'), folder, { recursive: true });
  const file = join(folder, 'convert.js');
  const option = 'assignmentCookie: true,';
  const source = readFileSync(file, 'utf8');
  expect(source).toContain(option);
  writeFileSync(file, source.replace(option, `${option} endpoints: JSON.parse(process.env.ENDPOINTS),`));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  writeFileSync(join(folder, 'next.config.js'), `export default ${JSON.stringify(CONFIG)};`);
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const each of PACKAGES) symlinkSync(join(ROOT, 'node_modules', each), join(modules, each));
  symlinkSync(ROOT, join(modules, 'convert-middleware'));
}

/** The ids of the variations by what their pages say. */
const HERO: Record<string, string> = { Welcome: '1010', 'Know what works.': '1011' };
const PRICES: Record<string, string> = { 'Three plans.': '1040', 'One price for all.': '1041' };

describe('examples/next', () => {
  const configEndpoint = createServer((_, response) => response.end(JSON.stringify(nextProject())));
  let collector: Collector;
  let app: Running;
  let url = '';

  beforeAll(async () => {
    collector = await startCollector();
    await new Promise<void>((done) => configEndpoint.listen(0, '127.0.0.1', done));
    const { port } = configEndpoint.address() as AddressInfo;
    const folder = temporaryFolder('next', afterAll);
    layOut(folder);
    const build = start([NEXT, 'build', folder], 0, { NEXT_TELEMETRY_DISABLED: '1' });
    expect(await build.ended, build.said()).toBe(0);
    const ENDPOINTS = JSON.stringify({ config: `http://127.0.0.1:${port}/`, track: collector.origin });
    app = start([NEXT, 'start', folder], 0, { ...VARIABLES, ENDPOINTS });
    // The build takes 20 s of CPU time, whatever else the machine does.
  }, 600_000);
  afterAll(async () => {
    await endAll();
    configEndpoint.closeAllConnections();
    configEndpoint.close();
    await collector.close();
  });

  const jar = new Map<string, string>();
  /** Visits a page as the browser of one visitor, which keeps its cookies. */
  async function visit(path: string, init: RequestInit = {}) {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url + path, {
      ...init,
      headers: { 'user-agent': CHROME, cookie, ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      jar.set(name!, value!);
    }
    const text = await response.text();
    return { response, text, headline: /<h1>(.*?)<\/h1>/.exec(text)?.[1] };
  }

  it('renders by the decisions of the proxy: one cookie, one exposure, and the same page again', async () => {
    url = await addressOf(app);
    const forged = { headers: { 'x-convert': '{"variations":{"homepage-hero":"version-b"}}' } };
    let first = await visit('/', forged);
    // On a busy machine, the project config arrives after the first pages, which enrol nobody.
    while (!jar.has('cv_asg')) first = await visit('/', forged);
    expect(first.response.headers.get('cache-control')).toBe('private, no-cache');
    await collector.waitFor((seen) => seen.exposures().length === 1);
    const second = await visit('/');
    expect(second.headline).toBe(first.headline);
    expect(second.response.headers.getSetCookie().join()).not.toContain('cv_vid');
    const variationId = HERO[first.headline!];
    expect(collector.exposures()).toMatchObject([
      { visitorId: jar.get('cv_vid'), data: { experienceId: '101', variationId } },
    ]);
  });

  it('leads to the static page of the variation', async () => {
    const first = await visit('/pricing');
    expect(first.response.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.response.headers.get('x-nextjs-cache')).toBe('HIT');
    await collector.waitFor((seen) => seen.exposures().length === 2);
    expect((await visit('/pricing')).headline).toBe(first.headline);
    const variationId = PRICES[first.headline!];
    expect(variationId, first.text).toBeDefined();
    expect(collector.exposures()[1]).toMatchObject({ data: { experienceId: '104', variationId } });
  });

  it('counts a conversion for what the proxy has decided', async () => {
    const order = async () => (await visit('/orders', { method: 'POST' })).text;
    // The handler fetches a project config of its own.
    await expect.poll(order).toBe('{"outcome":"accepted"}');
    await collector.waitFor((seen) => seen.conversions().length === 1);
    const [hero, prices] = collector
      .exposures()
      .map(({ data }) => (data as { variationId: string }).variationId);
    expect(collector.conversions()).toMatchObject([
      { visitorId: jar.get('cv_vid'), data: { goalId: '501', bucketingData: { 101: hero, 104: prices } } },
    ]);
  });

  it('ends on SIGTERM, and loses nothing of what a server function has counted', async () => {
    jar.clear();
    const { text } = await visit('/');
    const form = new FormData();
    for (const [, name] of text.matchAll(/<input type="hidden" name="(\$ACTION_\w+)"/g)) form.set(name!, '');
    await visit('/', { method: 'POST', body: form, headers: { origin: url } });
    // Next ends itself, with the code of a process that SIGTERM has ended.
    expect(await endedBy(app, 'SIGTERM'), app.said()).toBe(128 + 15);
    expect(collector.exposures()).toHaveLength(3);
    expect(collector.conversions()[1]).toMatchObject({
      visitorId: jar.get('cv_vid'),
      data: { goalId: '501' },
    });
    expect(app.said()).not.toMatch(/error|warn/i);
  });
});
