/** Floods of requests with made-up visitor ids, with the default options of each store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { memoryStore } from '../../src/index.js';
import { lmdbStore } from '../../src/lmdb.js';
import { redisStore } from '../../src/redis.js';
import type { VisitorStore } from '../../src/store/types.js';
import { startCollector } from '../support/collector.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

/** As many as the memory store remembers. */
const LARGE = 100_000;
const SMALL = 5_000;
const KNOWN = Array.from({ length: 500 }, (_, n) => `known-${n}`);
const HALF_AN_HOUR = 30 * 60 * 1000;

const root = temporaryFolder('flood', afterAll);
let convert: Convert;
afterEach(async () => {
  vi.useRealTimers();
  await convert.close({ timeout: 1_000 });
});

/** @param storeTimeout a busy machine may answer later than by default, and leave open who is known */
async function start(store: VisitorStore, storeTimeout?: number): Promise<void> {
  const collector = await startCollector();
  afterAll(() => collector.close());
  convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.url },
    logger: { error: () => undefined, warn: () => undefined },
    store,
    storeTimeout,
  });
  await convert.ready();
}

/** One page view of the visitor that the cookie names; returns the variation that they see. */
async function view(id: string): Promise<string | undefined> {
  const response = new FakeResponse();
  const context = await visit(convert, { cookie: `cv_vid=${id}` }, response);
  const variation = context.runExperience('homepage-hero')?.key;
  response.writeHead();
  response.close();
  return variation;
}

/** The views of 64 visitors at a time: then the event loop turns, and their commits are made. */
async function viewAll(ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += 64) {
    await Promise.all(ids.slice(at, at + 64).map(view));
    await tick();
    while (convert.stats().delivery.pending > 5_000) await sleep(5);
  }
}

/** Everybody known is there twice, and then comes the flood. Each of its exposures has been accepted and delivered. */
async function flood(madeUp: number): Promise<void> {
  for (let visits = 0; visits < 2; visits++) {
    await viewAll(KNOWN);
    await convert.flush({ timeout: 60_000 });
  }
  await viewAll(Array.from({ length: madeUp }, (_, n) => `made-up-${n}`));
  const { delivered, dropped, reasons } = await convert.flush({ timeout: 60_000 });
  expect(delivered).toBe(madeUp + KNOWN.length);
  // Of whom a busy store has said nothing is decided anew, and the store finds that they are known.
  expect(dropped).toBe(reasons['claim-lost'] ?? 0);
}

const keyOf = (id: string): string => `1001-2002-${id}`;
const kept = { bucketing: { 101: expect.any(String) as string } };

it('A13: memory keeps every visitor who was there twice', async () => {
  const store = memoryStore();
  await start(store);
  await flood(LARGE);
  for (const id of KNOWN) expect(store.read(keyOf(id))).toMatchObject(kept);
});

it('A13: in LMDB, nothing but the visitors who were there twice is left after half an hour', async () => {
  const path = `${root}/ids`;
  await start(lmdbStore(path));
  await flood(SMALL);
  await convert.close({ timeout: 5_000 });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + HALF_AN_HOUR });
  const store = lmdbStore(path);
  await start(store);
  const database = open({ path: `${path}/visitor-state`, noSubdir: false });
  const texts = database.openDB<string, string>({ name: 'visitors', encoding: 'string', useVersions: true });
  expect(await store.read(keyOf('known-0'))).toMatchObject(kept);
  await expect.poll(() => texts.getKeysCount(), { timeout: 120_000 }).toBe(KNOWN.length);
  for (const id of KNOWN) expect(await store.read(keyOf(id))).toMatchObject(kept);
  await database.close();
});

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  it('A13: in Redis, nothing but the visitors who were there twice is left after half an hour', async () => {
    const { client } = shared;
    await start(redisStore(client, { prefix: 'ids' }), 30_000);
    await flood(SMALL);
    const lives = async (ids: readonly string[]): Promise<number[]> => {
      const asked = client.pipeline();
      for (const id of ids) asked.pttl(`ids:${keyOf(id)}`);
      return (await asked.exec())!.map(([, life]) => life as number);
    };
    expect(await client.dbsize()).toBe(SMALL + KNOWN.length);
    const long = (await lives(KNOWN)).filter((life) => life > HALF_AN_HOUR);
    expect(long).toHaveLength(KNOWN.length);
    for (let at = 0; at < SMALL; at += 1_000) {
      const ids = Array.from({ length: 1_000 }, (_, n) => `made-up-${at + n}`);
      for (const life of await lives(ids)) {
        expect(life).toBeGreaterThan(0);
        expect(life).toBeLessThanOrEqual(HALF_AN_HOUR);
      }
    }
  });
});
