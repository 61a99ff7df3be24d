/** Clients that make up visitor ids: what is stored of them is short-lived, and pushes nobody out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, afterAll, describe, expect, it } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { memoryStore } from '../../src/index.js';
import { lmdbStore } from '../../src/lmdb.js';
import { redisStore } from '../../src/redis.js';
import type { VisitorStore } from '../../src/store/types.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

const root = temporaryFolder('made-up', afterAll);
let convert: Convert;
afterEach(() => convert.close({ timeout: 100 }));

/**
 * @param storeTimeout by default so long that a busy machine never leaves open whether the visitor is known
 */
function start(store: VisitorStore, storeTimeout = 30_000): void {
  const logger = { error: () => undefined, warn: () => undefined };
  convert = createConvert({
    project: testProject(),
    endpoints: { track: 'http://127.0.0.1:9/' },
    session: false,
    storeTimeout,
    logger,
    store,
  });
}

/** One page view of the visitor that the cookie names. */
async function view(id: string): Promise<void> {
  const response = new FakeResponse();
  const context = await visit(convert, { cookie: `cv_vid=${id}` }, response);
  context.runExperience('homepage-hero');
  response.writeHead();
  response.close();
  await tick();
}

const keyOf = (id: string): string => `1001-2002-${id}`;

it('A13: in memory, made-up ids push no visitor out who was there twice', async () => {
  const store = memoryStore({ max: 100 });
  start(store);
  for (const id of ['real', 'real']) await view(id);
  for (let n = 0; n < 500; n++) await view(`made-up-${n}`);
  expect(store.size).toBeLessThanOrEqual(200);
  expect(store.read(keyOf('real'))).toMatchObject({ bucketing: { 101: expect.any(String) } });
  expect(store.read(keyOf('made-up-0'))).toBeUndefined();
});

it('A13: an id of which a slow store has said nothing is short-lived', async () => {
  const lives: boolean[] = [];
  start(
    {
      remote: true,
      read: () => new Promise<undefined>(() => undefined),
      commit(_key, _change, { ephemeral }) {
        lives.push(ephemeral);
        return Promise.resolve({ state: {}, lost: new Set<string>() });
      },
      delete: () => Promise.resolve(),
    },
    10,
  );
  await view('made-up');
  await convert.flush({ timeout: 1 });
  expect(lives).toEqual([true]);
});

it('A13: an id that a job carries into an order is kept', async () => {
  const store = memoryStore({ max: 100 });
  start(store);
  await view('buyer');
  (await convert.forVisitor('buyer')).trackConversion('purchase');
  await convert.flush({ timeout: 1 });
  for (let n = 0; n < 500; n++) await view(`made-up-${n}`);
  expect(store.read(keyOf('buyer'))).toMatchObject({ goals: { purchase: true } });
});

it('A13: in LMDB, what is stored of them is soon gone', async () => {
  const ephemeralAge = 2_000;
  const store = lmdbStore(`${root}/ids`, { ephemeralAge });
  start(store);
  await view('real');
  // A commit to LMDB is made in the background.
  await sleep(200);
  await view('real');
  for (let n = 0; n < 20; n++) await view(`made-up-${n}`);
  await sleep(ephemeralAge + 500);
  expect(await store.read(keyOf('real'))).toMatchObject({ bucketing: { 101: expect.any(String) } });
  for (let n = 0; n < 20; n++) expect(await store.read(keyOf(`made-up-${n}`))).toBeUndefined();
});

describe.skipIf(!hasRedis)('over Redis', () => {
  const shared = sharedRedis();

  it('A13: what is stored of them expires after half an hour', async () => {
    const { client } = shared;
    start(redisStore(client, { prefix: 'ids' }));
    const lives = async (id: string): Promise<number> => client.pttl(`ids:${keyOf(id)}`);
    await view('real');
    await view('made-up');
    await expect.poll(() => lives('real')).toBeGreaterThan(0);
    await expect.poll(() => lives('made-up')).toBeGreaterThan(0);
    const half = 30 * 60 * 1000;
    expect(await lives('made-up')).toBeLessThanOrEqual(half);
    await view('real');
    await expect.poll(() => lives('real')).toBeGreaterThan(half);
    expect(await lives('made-up')).toBeLessThanOrEqual(half);
  });
});
