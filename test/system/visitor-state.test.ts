/** What is promised of a visitor's state where processes, caches, stores and outboxes differ in what they know. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { lmdbStore } from '../../src/lmdb.js';
import type { ConversionEvent, GoalData } from '../../src/model/tracking-event.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { type IoRedisClient, redisOutbox, redisStore } from '../../src/redis.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import type { Offer, Outbox, OutboxOptions } from '../../src/delivery/types.js';
import type { VisitorEvent } from '../../src/model/tracking-event.js';
import type { VisitorStore } from '../../src/store/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { FakeResponse, visit } from '../support/http.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

const folder = temporaryFolder('state', afterAll);

const KEPT = { ephemeral: false };
const open: Convert[] = [];
const collectors: Collector[] = [];
afterAll(async () => {
  await Promise.all(open.map((convert) => convert.close({ timeout: 500 })));
  await Promise.all(collectors.map((each) => each.close()));
});
const oneExperience = () => {
  const project = testProject();
  project.experiences = project.experiences!.filter(({ key }) => key === 'homepage-hero');
  return project;
};
async function create(options: ConvertOptions): Promise<Convert> {
  const convert = createConvert({
    project: oneExperience(),
    endpoints: { track: 'http://127.0.0.1:9' },
    delivery: { linger: 5 },
    // A store on a busy machine is waited for: without its answer, a visitor is decided anew.
    storeTimeout: 30_000,
    logger: { error: () => undefined, warn: () => undefined },
    ...options,
  });
  open.push(convert);
  await convert.ready();
  return convert;
}
async function collect(): Promise<Collector> {
  const collector = await startCollector();
  collectors.push(collector);
  return collector;
}
type Context = Awaited<ReturnType<typeof visit>>;
async function request(
  convert: Convert,
  handler: (c: Context) => unknown,
  headers = {},
  response = new FakeResponse(),
) {
  await handler(await visit(convert, headers, response));
  response.writeHead();
  await sleep(80);
  return response;
}
const hero = (c: Context) => c.runExperience('homepage-hero');
const prefix = (): string => `p${Math.random().toString(36).slice(2)}`;
const user = { id: () => 'u1' };
const CACHES = [false, {}] as const;
const purchase = {
  conversionData: [
    { key: 'amount', value: 10 },
    { key: 'transactionId', value: 't1' },
  ],
} as never;
const buy = (value: number) => (c: Context) =>
  c.trackConversion('purchase', {
    conversionSetting: { forceMultipleTransactions: true },
    conversionData: [{ key: 'amount', value }],
  } as never);
const dataOf = (collector: Collector): (readonly GoalData[])[] =>
  collector.conversions().map(({ data }) => (data as ConversionEvent['data']).goalData ?? []);
const amounts = (collector: Collector): unknown[] =>
  dataOf(collector)
    .flatMap((goalData) => goalData.map(({ value }) => value))
    .sort();
const lengths = (collector: Collector): number[] => dataOf(collector).map(({ length }) => length);

// They wait for leases, most of the time.
describe.skipIf(!hasRedis)('state', { concurrent: true }, () => {
  const redis = sharedRedis();
  const redisHere = (place = prefix()) => redisStore(redis.client, { prefix: place });
  const stores: Record<string, () => VisitorStore> = {
    memory: () => memoryStore(),
    lmdb: () => lmdbStore(mkdtempSync(join(folder, 'visitors-'))),
    redis: () => redisHere(),
  };

  it.each(Object.keys(stores))('a denial takes back the grant: %s', async (name) => {
    let consent = 'granted';
    const convert = await create({
      store: stores[name]!(),
      visitor: user,
      consent: () => consent as 'granted',
    });
    const consentOfJob = async (): Promise<string> => (await convert.forVisitor('u1')).consent;
    await request(convert, hero);
    await vi.waitFor(async () => expect(await consentOfJob()).toBe('granted'), 20_000);
    consent = 'denied';
    await request(convert, hero);
    await vi.waitFor(async () => expect(await consentOfJob()).toBe('unknown'), 20_000);
  });

  it('a commit that is answered late is settled', async () => {
    const collector = await collect();
    const inner = redisHere();
    let slow = true;
    const store: VisitorStore = {
      ...inner,
      async commit(...given) {
        const committed = await inner.commit(...given);
        if (slow) {
          slow = false;
          await sleep(6_000);
        }
        return committed;
      },
    };
    const delivery = { linger: 5, outbox: redisOutbox(redis.client, { prefix: prefix() }) };
    const convert = await create({
      store,
      storeCache: false,
      visitor: user,
      endpoints: { track: collector.origin },
      delivery,
    });
    await request(convert, hero);
    await sleep(10_500);
    await request(convert, hero);
    await convert.flush({ timeout: 30_000 });
    expect(collector.exposures().length).toBe(1);
  });

  it('a purchase that the outbox refused is counted with its revenue when it is told again', async () => {
    const collector = await collect();
    let isFull = true;
    const fillable = (options: OutboxOptions): Outbox => {
      const outbox = memoryOutbox(options);
      const offer = outbox.offer.bind(outbox);
      return Object.assign(outbox, {
        offer: (events: readonly VisitorEvent[]): Offer =>
          isFull ? { refused: new Set(events), confirm() {} } : offer(events),
      });
    };
    const convert = await create({
      store: memoryStore(),
      endpoints: { track: collector.origin },
      visitor: user,
      delivery: { outbox: fillable },
    });
    for (const full of [true, false]) {
      isFull = full;
      const job = await convert.forVisitor('u1');
      job.trackConversion('purchase', purchase);
      await job.flush({ timeout: 30_000 });
    }
    expect(lengths(collector)).toEqual([0, 2]);
  });

  it('a purchase whose process died before its outbox had it is counted with its revenue', async () => {
    const collector = await collect();
    const store = redisHere();
    const now = Date.now();
    // What a unit of work commits for it: `pending` has the claims that its events name.
    const pending = { claims: ['goal:purchase', 'transaction:["purchase","t1"]'], until: now - 10_000 };
    await store.commit(
      '1001-2002-u1',
      { goals: ['purchase'], transactions: { purchase: ['t1'] }, at: now - 20_000, pending },
      KEPT,
    );
    const convert = await create({ store, endpoints: { track: collector.origin }, visitor: user });
    const job = await convert.forVisitor('u1');
    job.trackConversion('purchase', purchase);
    await job.flush({ timeout: 30_000 });
    expect(lengths(collector)).toEqual([0, 2]);
  });

  it.each(CACHES)('who comes back at once has come back (storeCache: %o)', async (storeCache) => {
    const place = prefix();
    const store = redisStore(redis.client, { prefix: place, maxAge: 3_600_000, ephemeralAge: 60_000 });
    const convert = await create({ store, storeCache });
    await visit(convert, { cookie: 'cv_vid=somebody' }); // the store is seen to answer later
    let id = '';
    await request(convert, (c) => (hero(c), (id = c.visitorId)));
    await request(convert, hero, { cookie: `cv_vid=${id}` });
    expect(await redis.client.pttl(`${place}:1001-2002-${id}`)).toBeGreaterThan(60_000);
  });

  async function holding(storeCache: false | object) {
    const collector = await collect();
    const [place, said] = [prefix(), { consent: 'granted' }];
    const make = () =>
      create({
        store: redisHere(place),
        storeCache,
        endpoints: { track: collector.origin },
        visitor: user,
        consent: { resolve: () => said.consent as 'granted', mode: 'hold' },
      });
    const [one, two] = [await make(), await make()];
    await request(one, hero);
    said.consent = 'unknown';
    return {
      collector,
      one,
      two,
      said,
      flush: () => Promise.all([one.flush({ timeout: 30_000 }), two.flush({ timeout: 1_000 })]),
    };
  }
  it.each(CACHES)('a deferred change is counted once (storeCache: %o)', async (storeCache) => {
    const { collector, one, two, said, flush } = await holding(storeCache);
    await request(one, buy(1));
    said.consent = 'granted';
    await request(two, hero);
    await request(one, hero);
    await flush();
    expect(amounts(collector)).toEqual([1]);
  });
  it.each(CACHES)('a deferred change is not lost (storeCache: %o)', async (storeCache) => {
    const { collector, one, two, said, flush } = await holding(storeCache);
    await request(one, buy(1));
    await request(two, buy(2));
    said.consent = 'granted';
    await request(one, hero);
    await sleep(5_200);
    await request(one, hero);
    await flush();
    expect(amounts(collector)).toEqual([1, 2]);
  });
  it.each(CACHES)(
    'a deferred change of a visitor who was forgotten is not sent (storeCache: %o)',
    async (storeCache) => {
      const { collector, one, two, said, flush } = await holding(storeCache);
      await request(one, buy(1));
      await two.forget('u1');
      said.consent = 'granted';
      await request(one, hero);
      await flush();
      expect(collector.conversions().length).toBe(0);
    },
  );

  it.each(Object.keys(stores))('a job in the middle of a request sees its consent: %s', async (name) => {
    const convert = await create({ store: stores[name]!(), visitor: user, consent: () => 'granted' });
    let seen: string | undefined;
    await request(convert, async (c) => (hero(c), (seen = (await convert.forVisitor('u1')).consent)));
    expect(seen).toBe('granted');
  });

  async function unhandled(options: ConvertOptions): Promise<unknown[]> {
    const seen: unknown[] = [];
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', (error) => seen.push(error));
    try {
      await request(await create({ visitor: user, ...options }), hero);
      await sleep(50);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const each of before) process.on('unhandledRejection', each);
    }
    return seen;
  }
  it('an outbox of the app whose confirm throws ends no process', async () => {
    const ledger = {
      accepted: 0,
      delivered: 0,
      pending: 0,
      spooled: 0,
      rejected: 0,
      dropped: 0,
      reasons: {},
    };
    const confirm = () => {
      throw new Error('mine');
    };
    const outbox = () => ({
      offer: () => ({ refused: new Set<never>(), confirm }),
      drop() {},
      ledger: () => ledger,
      stats: () => ledger as never,
      flush: async () => ledger,
      close: async () => ledger,
    });
    expect(await unhandled({ store: redisHere(), delivery: { outbox } })).toEqual([]);
  });
  it('a store of the app that resolves with nothing ends no process', async () => {
    const store = {
      remote: false,
      read: () => undefined,
      commit: async () => undefined as never,
      delete: () => undefined,
    };
    expect(await unhandled({ store })).toEqual([]);
  });

  it('a visitor whose id was never handed out is nobody’s alias', async () => {
    const convert = await create({ store: memoryStore() });
    const shared = new FakeResponse();
    shared.headers.set('Cache-Control', 'public, max-age=60');
    let ghost = '';
    await request(convert, async (c) => (await c.identify('ann'), (ghost = c.visitorId)), {}, shared);
    const response = await request(convert, (c) => c.identify('ann'), { cookie: 'cv_vid=known' });
    expect(response.cookies.join()).not.toContain(ghost);
  });
  it('what a store says of an alias reaches a header only as an id', async () => {
    const inner = redisHere();
    const commit: VisitorStore['commit'] = async (key, change, options) => {
      const committed = await inner.commit(key, change, options);
      return change.alias === undefined
        ? committed
        : { ...committed, state: { alias: 'x; Domain=evil.example' } };
    };
    const response = await request(await create({ store: { ...inner, commit } }), (c) => c.identify(7), {
      cookie: 'cv_vid=abc',
    });
    expect(response.cookies.join()).not.toContain('evil');
  });

  const never = (): Promise<never> => new Promise(() => {});
  it.each([false, true])(
    'a claim is not settled whose event is nowhere but in memory (closed: %s)',
    async (closes) => {
      const place = prefix();
      const delivery = { linger: 5, outbox: redisOutbox({ evalsha: never, eval: never }) };
      const convert = await create({ store: redisHere(place), visitor: user, delivery });
      await request(convert, hero);
      if (closes) expect((await convert.close({ timeout: 300 })).reasons.closed).toBe(1);
      await sleep(6_000);
      expect(JSON.parse((await redis.client.get(`${place}:1001-2002-u1`))!).pending).toBeDefined();
    },
  );

  it('a client that answers with Buffers is understood, or told of', async () => {
    const raw = redis.client as never as Record<string, (...all: unknown[]) => Promise<unknown>>;
    const client: IoRedisClient = {
      evalsha: (...all) => raw.evalshaBuffer!(...all),
      eval: (...all) => raw.evalBuffer!(...all),
    };
    const store = redisStore(client, { prefix: prefix() });
    await store.commit('k', { goals: ['a'] }, KEPT);
    await sleep(10);
    expect(
      await Promise.resolve(store.read('k')).then(
        (s) => s?.goals,
        (e: Error) => e.message,
      ),
    ).toBeDefined();
  });

  it('what is remembered of a visitor hides no variation that another process has stored', async () => {
    const place = prefix();
    const project = testProject();
    project.experiences = project.experiences!.filter(({ key }) =>
      ['homepage-hero', 'featured'].includes(key),
    );
    const make = () => create({ project, store: redisHere(place), visitor: user });
    const [one, two] = [await make(), await make()];
    await request(one, hero);
    await request(one, hero);
    const featured = project.experiences.find(({ key }) => key === 'featured')!;
    let byHash: string | undefined;
    await request(one, (c) => (byHash = c.peek('featured')?.id));
    const forceVariationId = featured.variations!.map(({ id }) => String(id)).find((id) => id !== byHash)!;
    await request(two, (c) => c.runExperience('featured', { forceVariationId }));
    let seen: string | undefined;
    await request(one, (c) => (seen = c.runExperience('featured')?.id));
    expect(seen).toBe(forceVariationId);
  });
});
