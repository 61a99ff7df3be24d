/** The built entry in workerd, the runtime of Cloudflare Workers, without any flag for Node. */
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { startSuite } from './workerd/conformance.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

describe('workerd', () => {
  let asked = 0;
  const endpoint = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify(testProject()));
  });
  const folder = mkdtempSync(join(tmpdir(), 'convert-worker-'));
  let collector: Collector;
  let worker: Miniflare;

  const start = () =>
    new Miniflare({
      modules: [{ type: 'ESModule', path: join(folder, 'worker.mjs') }],
      modulesRoot: folder,
      compatibilityDate: '2025-05-01',
      cf: false,
      kvNamespaces: ['CONFIG'],
      kvPersist: join(folder, 'kv'),
    });
  beforeAll(async () => {
    collector = await startCollector();
    await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
    const options = {
      sdkKey: '1001/2002',
      secrets: 'a secret of sixteen characters',
      assignmentCookie: true,
      readyTimeout: 10_000,
      endpoints: {
        config: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`,
        track: collector.origin,
      },
    };
    await build({
      entryPoints: [join(import.meta.dirname, 'worker.js')],
      outfile: join(folder, 'worker.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      external: ['cloudflare:workers'],
      define: { __OPTIONS__: JSON.stringify(options) },
      logLevel: 'error',
    });
    worker = start();
  });
  afterAll(async () => {
    await worker.dispose();
    endpoint.closeAllConnections();
    endpoint.close();
    await collector.close();
    rmSync(folder, { recursive: true });
  });

  async function visit(headers: Record<string, string> = {}) {
    const response = await worker.dispatchFetch('https://shop.example/', {
      headers: { 'user-agent': CHROME, 'cf-ipcountry': 'DE', ...headers },
    });
    const [variation, country] = (await response.text()).split(' ');
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
    return { variation, country, cookies };
  }

  it('decides, sets cookies, and sends the events of a request in one POST', async () => {
    const first = await visit();
    expect([first.variation, first.country]).toEqual([expect.stringMatching(/^(original|version-b)$/), 'DE']);
    const id = first.cookies.find((line) => line.startsWith('cv_vid='))!.slice('cv_vid='.length);
    await collector.waitFor(({ events }) => events.length === 2);
    expect(collector.events).toMatchObject([
      { visitorId: id, eventType: 'bucketing' },
      { visitorId: id, eventType: 'conversion' },
    ]);
    expect(collector.requests).toHaveLength(1);
    for (let n = 0; n < 3; n++) {
      const next = await visit({ cookie: first.cookies.join('; ') });
      expect(next).toEqual({ ...first, cookies: [] });
    }
  });

  it('sends the events of many requests at one time, with and without `waitUntil`', async () => {
    const before = collector.events.length;
    const waits: Record<string, string>[] = [{}, { 'x-no-wait-until': '1' }];
    const visits = Array.from({ length: 20 }, (_, n) => visit(waits[n % 2]));
    const ids = (await Promise.all(visits)).map(({ cookies }) => cookies[0]);
    expect(new Set(ids).size).toBe(20);
    await collector.waitFor(({ events }) => events.length === before + 40);
  });

  it('shares the config over Workers KV: the next instance asks nobody', async () => {
    expect(asked).toBe(1);
    await worker.dispose();
    worker = start();
    expect((await visit()).variation).not.toBe('none');
    expect(asked).toBe(1);
  });
});

const suite = await startSuite();

describe('the suites of the adapters in workerd', () => {
  afterAll(() => suite.close());

  it.each(suite.cases.map((title, index) => ({ title, index })))('$title', async ({ index }) => {
    expect(await suite.run(index)).toBe('');
  });
});
