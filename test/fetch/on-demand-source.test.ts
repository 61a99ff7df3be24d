/** The project config of hosts without timers: fetched by the requests that find it due. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createConvert } from '../../src/fetch/convert.js';
import type { FetchOptions } from '../../src/fetch/options.js';
import { type FetchHandler, withConvert } from '../../src/fetch/with-convert.js';
import { testProject } from '../support/project.js';
import { closing, collectorPerTest, logged, options, visit } from './setup.js';

collectorPerTest();

const MINUTE = 60_000;
const hero: FetchHandler = (_, convert) =>
  new Response(convert.runExperience('homepage-hero')?.key ?? 'none');

/** A config endpoint, which answers with an ETag, and with 304 to who has it. */
const endpoint = { origin: '', status: 200, asked: [] as IncomingHttpHeaders[] };
const server = createServer((request, response) => {
  endpoint.asked.push(request.headers);
  const isSame = endpoint.status === 200 && request.headers['if-none-match'] === '"one"';
  response.writeHead(isSame ? 304 : endpoint.status, { etag: '"one"' });
  response.end(isSame ? '' : JSON.stringify(testProject()));
});
/** A key-value store, such as Workers KV. */
const kept = new Map<string, string>();
const kv = {
  get: async (key: string) => kept.get(key) ?? null,
  put: async (key: string, text: string) => void kept.set(key, text),
};

let now = 0;
beforeEach(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  Object.assign(endpoint, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    status: 200,
    asked: [],
  });
  kept.clear();
  now = 0;
  const [start, date] = [performance.now(), Date.now()];
  vi.spyOn(performance, 'now').mockImplementation(() => start + now);
  vi.spyOn(Date, 'now').mockImplementation(() => date + now);
});
afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const fetched = (more: FetchOptions = {}): FetchOptions => {
  const { project: _, endpoints, ...others } = options();
  return { ...others, sdkKey: '1001/2002', endpoints: { ...endpoints, config: endpoint.origin }, ...more };
};
function app(more?: FetchOptions) {
  const handle = withConvert(hero, fetched(more));
  closing(handle.convert);
  return async () => (await handle(visit())).text();
}

it('is fetched by the first request, for all that come meanwhile, and again when it is due', async () => {
  const ask = app();
  expect(endpoint.asked).toEqual([]);
  const pages = await Promise.all([ask(), ask(), ask()]);
  expect(pages).not.toContain('none');
  expect(endpoint.asked).toHaveLength(1);
  now += 4 * MINUTE;
  await ask();
  expect(endpoint.asked).toHaveLength(1);
  now += MINUTE;
  await ask();
  expect(endpoint.asked.map((headers) => headers['if-none-match'])).toEqual([undefined, '"one"']);
});

it('stays in force while the endpoint fails, which is told of once', async () => {
  const ask = app();
  await ask();
  endpoint.status = 503;
  for (let n = 0; n < 3; n++) {
    now += 5 * MINUTE;
    expect(await ask()).not.toBe('none');
  }
  expect(endpoint.asked).toHaveLength(4);
  expect(logged).toEqual([expect.stringContaining('answered 503')]);
});

it('that does not come leaves the original page', async () => {
  endpoint.status = 500;
  expect(await app()()).toBe('none');
});

it('is shared by instances over a key-value store: one of them asks the endpoint', async () => {
  const told: string[] = [];
  const log = (line: string): void => void told.push(line);
  const more = { projectCache: kv, logger: { error: log, warn: log, info: log } };
  expect(await app(more)()).not.toBe('none');
  expect(kept.size).toBe(1);
  expect(await app(more)()).not.toBe('none');
  expect(endpoint.asked).toHaveLength(1);
  expect(told).toEqual([]);
});

it('of the store that is older than the interval is used, and asked for again', async () => {
  await app({ projectCache: kv })();
  now += 6 * MINUTE;
  const later = app({ projectCache: kv });
  endpoint.status = 503;
  expect(await later()).not.toBe('none');
  expect(endpoint.asked).toHaveLength(2);
  endpoint.status = 200;
  now += MINUTE;
  await later();
  const [text] = kept.values();
  expect(JSON.parse(text!)).toMatchObject({ checkedAt: Date.now() });
});

it('comes from the endpoint if the store fails, or holds something else', async () => {
  const get = async (): Promise<string> => {
    throw new Error('down');
  };
  expect(await app({ projectCache: { ...kv, get } })()).not.toBe('none');
  expect(await app({ projectCache: { ...kv, get: async () => '<p>' } })()).not.toBe('none');
  expect(endpoint.asked).toHaveLength(2);
  expect(logged.filter((line) => line.includes('projectCache'))).toHaveLength(2);
});

it('that a job has begun to fetch is waited for by `flush`', async () => {
  const convert = createConvert(fetched({ readyTimeout: 0 }));
  closing(convert);
  await convert.forVisitor('known', { request: { url: 'https://shop.example/' } });
  expect(convert.stats().project.loadedAt).toBeUndefined();
  await convert.flush();
  expect(convert.stats().project.loadedAt).toBeDefined();
  now += 5 * MINUTE;
  await convert.ready();
  await convert.forVisitor('known');
  await convert.flush();
  expect(convert.stats().project.checkedAt).toBe(Date.now());
});
