/**
 * Sites that move from the official SDK to us, or back, with their visitors: each reads what the other one has stored.
 */
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { createConvert } from '../../src/index.js';
import { lmdbStore } from '../../src/lmdb.js';
import { redisStore } from '../../src/redis.js';
import type { SdkDataStore, VisitorStore } from '../../src/store/types.js';
import { ConvertSDK } from '../parity/sdk.js';
import { type CollectedEvent, startCollector } from '../support/collector.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';

/** What is kept, as each of both gets at it. */
interface Shared {
  ours(): SdkDataStore | VisitorStore;
  /** Runs `work` with the data store of a process with the SDK. */
  theirs<T>(key: string, work: (store: SdkDataStore) => Promise<T>): Promise<T>;
}

function inMap(): Shared {
  const kept = new Map<string, unknown>();
  const store = {
    get: (key: string) => kept.get(key),
    set: (key: string, value: unknown) => kept.set(key, value),
  };
  return { ours: () => store, theirs: (_key, work) => work(store) };
}

interface Visitor {
  runExperience(key: string, attributes?: object): { key: string } | null;
  trackConversion(key: string, attributes?: object): unknown;
}

const ID = 'visitor-ü';
const KEY = `1001-2002-${ID}`;

/** Everybody gets this variation of each experience, unless one is stored. */
function projectWith(variation: 'original' | 'version-b') {
  const project = testProject();
  for (const { variations } of project.experiences as {
    variations: { key: string; traffic_allocation: number }[];
  }[]) {
    for (const each of variations) each.traffic_allocation = each.key === variation ? 100 : 0;
  }
  return project;
}

type Project = ReturnType<typeof projectWith>;
type Visit<T> = (visitor: Visitor) => T;

/** A visit in a process of its own, as it were, and what it sent. */
interface Visited<T> {
  readonly result: T;
  readonly sent: readonly string[];
}

const named = ({ eventType, data }: CollectedEvent): string => {
  const { experienceId, variationId, goalId, goalData } = data as unknown as Record<string, unknown>;
  if (eventType === 'bucketing') return `exposure ${String(experienceId)} ${String(variationId)}`;
  return `conversion ${String(goalId)}${goalData === undefined ? '' : ' ' + JSON.stringify(goalData)}`;
};

async function withCollector<T>(work: (track: string) => Promise<T>): Promise<Visited<T>> {
  const collector = await startCollector();
  try {
    return { result: await work(collector.origin), sent: collector.events.map(named) };
  } finally {
    await collector.close();
  }
}

const ours = <T>(shared: Shared, project: Project, visit: Visit<T>): Promise<Visited<T>> =>
  withCollector(async (track) => {
    const convert = createConvert({ project, store: shared.ours() as SdkDataStore, endpoints: { track } });
    const result = visit(await convert.forVisitor(ID, { properties: { plan: 'pro' } }));
    await convert.close();
    return result;
  });

interface TheirContext extends Visitor {
  releaseQueues(): Promise<unknown>;
}

const theirs = <T>(shared: Shared, project: Project, visit: Visit<T>): Promise<Visited<T>> =>
  withCollector((track) =>
    shared.theirs(KEY, async (dataStore) => {
      const sdk = new ConvertSDK({
        data: structuredClone(project),
        dataStore,
        environment: 'staging',
        api: { endpoint: { config: track, track } },
        logger: { logLevel: 5, customLoggers: [] },
      }) as { onReady(): Promise<void>; createContext(id: string): TheirContext };
      await sdk.onReady();
      const context = sdk.createContext(ID);
      // Without properties of the location, nothing ever matches there.
      const runExperience: Visitor['runExperience'] = (key, attributes) =>
        context.runExperience(key, { locationProperties: { path: '/' }, ...attributes });
      const result = visit({
        runExperience,
        trackConversion: (key, attributes) => context.trackConversion(key, attributes),
      });
      await context.releaseQueues();
      return result;
    }),
  );

const SALE = { conversionData: [{ key: 'transactionId', value: 't1' }] };

const visit: Visit<string | undefined> = (visitor) => {
  const variation = visitor.runExperience('homepage-hero');
  visitor.trackConversion('purchase');
  return variation?.key;
};

function moves(make: () => Shared | Promise<Shared>): void {
  it('from the SDK to us: visitors keep their variation, and nothing is counted again', async () => {
    const shared = await make();
    expect(await theirs(shared, projectWith('version-b'), visit)).toEqual({
      result: 'version-b',
      sent: ['exposure 101 1011', 'conversion 501'],
    });
    expect(await ours(shared, projectWith('original'), visit)).toEqual({ result: 'version-b', sent: [] });
    // Anybody else would have another one by now.
    expect((await ours(await make(), projectWith('original'), visit)).result).toBe('original');
  });

  it('from us to the SDK: visitors keep their variation, and nothing is counted again', async () => {
    const shared = await make();
    expect(await ours(shared, projectWith('version-b'), visit)).toEqual({
      result: 'version-b',
      sent: ['exposure 101 1011', 'conversion 501'],
    });
    expect(await theirs(shared, projectWith('original'), visit)).toEqual({ result: 'version-b', sent: [] });
    expect((await theirs(await make(), projectWith('original'), visit)).result).toBe('original');
  });

  it('from us to the SDK and back: what only we remember is there again', async () => {
    const shared = await make();
    const before = await ours(shared, projectWith('version-b'), (visitor) => {
      visitor.runExperience('homepage-hero', { enableTracking: false });
      visitor.trackConversion('purchase', SALE);
    });
    expect(before.sent).toEqual(['conversion 501', 'conversion 501 [{"key":"transactionId","value":"t1"}]']);
    const between = await theirs(shared, projectWith('original'), (visitor) => {
      visitor.trackConversion('signup', { ruleData: { plan: 'pro' } });
      return [visitor.runExperience('homepage-hero'), visitor.runExperience('featured')].map(
        (each) => each?.key,
      );
    });
    expect(between).toEqual({
      result: ['version-b', 'original'],
      sent: ['conversion 502', 'exposure 104 1040'],
    });
    const after = await ours(shared, projectWith('version-b'), (visitor) => {
      visitor.trackConversion('purchase', {
        ...SALE,
        conversionSetting: { forceMultipleTransactions: true },
      });
      visitor.trackConversion('signup', { ruleData: { plan: 'pro' } });
      return [visitor.runExperience('homepage-hero'), visitor.runExperience('featured')].map(
        (each) => each?.key,
      );
    });
    // The exposure that was owed, and nothing that was sent before, by either.
    expect(after).toEqual({ result: ['version-b', 'original'], sent: ['exposure 101 1011'] });
  });
}

describe('with a data store in memory, visitors move', () => {
  moves(inMap);
});

/** The SDK is synchronous: an app loads what there is of a visitor. */
function loaded(key: string, text: string | null | undefined): Map<string, unknown> {
  return new Map(text ? [[key, JSON.parse(text) as unknown]] : []);
}
const over = (kept: Map<string, unknown>): SdkDataStore => ({
  get: (key) => kept.get(key),
  set: (key, value) => kept.set(key, value),
});

describe.skipIf(!hasRedis)('with Redis, visitors move', () => {
  const redis = sharedRedis();
  moves(async () => {
    await redis.client.flushall();
    return {
      ours: () => redisStore(redis.client, { prefix: '' }),
      async theirs(key, work) {
        const kept = loaded(key, await redis.client.get(key));
        const result = await work(over(kept));
        for (const [each, value] of kept) await redis.client.set(each, JSON.stringify(value));
        return result;
      },
    };
  });
});

describe('with LMDB', () => {
  it('visitors move from us to the SDK: their texts are its own', async () => {
    const path = temporaryFolder('lmdb');
    const texts = new Map<string, unknown>();
    const shared: Shared = {
      ours: () => lmdbStore(path),
      async theirs(key, work) {
        const root = open({ path: join(path, 'visitor-state') });
        const visitors = root.openDB<string, string>({
          name: 'visitors',
          encoding: 'string',
          useVersions: true,
        });
        for (const [each, value] of loaded(key, visitors.get(key))) texts.set(each, value);
        await root.close();
        return work(over(texts));
      },
    };
    expect((await ours(shared, projectWith('version-b'), visit)).sent).toHaveLength(2);
    expect(await theirs(shared, projectWith('original'), visit)).toEqual({ result: 'version-b', sent: [] });
    expect([...texts.keys()]).toEqual([KEY]);
  });
});
