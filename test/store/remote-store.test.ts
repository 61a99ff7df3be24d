/** How requests meet a store that is remote: what they wait for, and what is remembered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { RemoteStore, type RemoteStoreOptions } from '../../src/store/remote-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { storeConformance } from '../../src/testing.js';
import { ConvertError } from '../../src/utils/errors.js';

const KEPT = { ephemeral: false };

/** A store in memory behind something that takes its time. */
class Distant implements VisitorStore {
  readonly remote = true;
  readonly outlives = true;
  readonly #kept = memoryStore();
  reads = 0;
  /** What each answer waits for. */
  way: () => Promise<unknown> = () => Promise.resolve();

  async read(key: string): Promise<VisitorState | undefined> {
    this.reads += 1;
    await this.way();
    return this.#kept.read(key);
  }
  async commit(...commit: Parameters<VisitorStore['commit']>): ReturnType<typeof this.commitNow> {
    await this.way();
    return this.commitNow(...commit);
  }
  async commitNow(...commit: Parameters<VisitorStore['commit']>) {
    return this.#kept.commit(...commit);
  }
  async delete(key: string): Promise<void> {
    await this.way();
    this.#kept.delete(key);
  }
}

function start(options: Partial<RemoteStoreOptions> = {}): {
  distant: Distant;
  store: RemoteStore;
  told: string[];
} {
  const distant = new Distant();
  const told: string[] = [];
  const store = new RemoteStore(distant, {
    budget: 30,
    cache: {},
    isComplete: () => true,
    failing: ({ message }) => void told.push(message),
    worksAgain: () => void told.push('works again'),
    ...options,
  });
  return { distant, store, told };
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('a remote store is a store', () => {
  storeConformance(it, () => start().store);
});

describe('what was read or written', () => {
  it('is remembered for a moment', async () => {
    let isComplete = true;
    const { store } = start({ cache: { age: 300 }, isComplete: () => isComplete });
    expect(await store.readWithinBudget('k')).toEqual({ state: undefined });
    expect(store.readCached('k')).toBeUndefined();
    await store.commit('k', { goals: ['buy'] }, KEPT);
    expect(store.readCached('k')).toMatchObject({ goals: { buy: true } });
    isComplete = false;
    expect(store.readCached('k')).toBeUndefined();
    isComplete = true;
    await sleep(400);
    expect(store.readCached('k')).toBeUndefined();
    await store.readWithinBudget('k');
    expect(store.readCached('k')).toMatchObject({ goals: { buy: true } });
    expect(store.stats()).toMatchObject({ reads: 2, cached: 2, commits: 1, unavailable: 0 });
  });

  it('is not where it says not all that may be asked', async () => {
    let isComplete = false;
    const { store } = start({ isComplete: () => isComplete });
    await store.commit('k', { goals: ['buy'] }, KEPT);
    await store.readWithinBudget('k');
    isComplete = true;
    expect(store.readCached('k')).toBeUndefined();
    await store.readWithinBudget('k');
    expect(store.readCached('k')).toMatchObject({ goals: { buy: true } });
  });

  it('is not where that is switched off, and where a store answers at once', async () => {
    const { store } = start({ cache: false });
    await store.readWithinBudget('k');
    await store.commit('k', { goals: ['buy'] }, KEPT);
    expect(store.readCached('k')).toBeUndefined();

    const quick = memoryStore();
    const atOnce = new RemoteStore(
      { ...quick, remote: true },
      {
        budget: 30,
        cache: {},
        isComplete: () => true,
        failing: () => undefined,
        worksAgain: () => undefined,
      },
    );
    expect(atOnce.readWithinBudget('k')).toEqual({ state: undefined });
    await atOnce.commit('k', { goals: ['buy'] }, KEPT);
    expect(atOnce.readCached('k')).toBeUndefined();
    expect(atOnce.readWithinBudget('k')).toMatchObject({ state: { goals: { buy: true } } });
  });

  it('is of so many visitors, those that were here last', async () => {
    const { store } = start({ cache: { max: 2 } });
    await store.readWithinBudget('k');
    for (const key of ['a', 'b', 'c']) await store.commit(key, { goals: ['buy'] }, KEPT);
    expect(['a', 'b', 'c'].filter((key) => store.readCached(key))).toEqual(['b', 'c']);
  });

  it('is forgotten with the visitor, and where a commit failed', async () => {
    const { distant, store } = start();
    await store.readWithinBudget('k');
    for (const key of ['a', 'b']) await store.commit(key, { goals: ['buy'] }, KEPT);
    await store.delete('a');
    distant.way = () => Promise.reject(new Error('down'));
    await expect(store.commit('b', { goals: ['see'] }, KEPT)).rejects.toThrow('down');
    expect(['a', 'b'].filter((key) => store.readCached(key))).toEqual([]);
    expect(store.stats()).toMatchObject({ failedCommits: 1 });
  });

  it('is asked for again while a claim of it may lapse', async () => {
    const { store } = start();
    await store.readWithinBudget('k');
    const pending = { claims: ['goal:buy'], until: 10 };
    await store.commit('k', { goals: ['buy'], at: 1, pending }, KEPT);
    expect(store.readCached('k')).toBeUndefined();
    await store.commit('k', { settled: ['goal:buy'] }, KEPT);
    expect(store.readCached('k')).toMatchObject({ goals: { buy: true } });
  });
});

describe('a store that does not answer', () => {
  it('is waited for by one request at a time, and told of once', async () => {
    const { distant, store, told } = start();
    distant.way = never;
    expect(await Promise.all([store.readWithinBudget('a'), store.readWithinBudget('b')])).toEqual([
      undefined,
      undefined,
    ]);
    expect(distant.reads).toBe(2);
    // One finds out; the others go on at once.
    const probe = store.readWithinBudget('a');
    expect([store.readWithinBudget('b'), store.readWithinBudget('c')]).toEqual([undefined, undefined]);
    expect(await probe).toBeUndefined();
    expect(distant.reads).toBe(3);
    expect(told).toEqual(['convert: the visitor store took too long']);
    expect(store.stats()).toMatchObject({ failing: true, unavailable: 5 });

    distant.way = () => Promise.resolve();
    expect(await store.readWithinBudget('a')).toEqual({ state: undefined });
    expect(told.at(-1)).toBe('works again');
    expect(store.stats().failing).toBe(false);
    expect(await Promise.all([store.readWithinBudget('a'), store.readWithinBudget('b')])).toEqual([
      { state: undefined },
      { state: undefined },
    ]);
  });

  it('is told of with the reason that it gives', async () => {
    const { distant, store, told } = start();
    distant.way = () => Promise.reject(Object.assign(new Error('for visitor k'), { code: 'ECONNREFUSED' }));
    expect(await store.readWithinBudget('k')).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/^convert: .*ECONNREFUSED/)]);
    expect(told[0]).not.toContain('visitor k');
  });

  it('is told of once per outage: it fails twice, recovers, and fails again', async () => {
    const { distant, store, told } = start();
    const down = (n: number) => () => Promise.reject(new ConvertError('CONVERT_STORE', `down ${n}`));
    const works = () => Promise.resolve();
    const heard: string[][] = [];
    for (const way of [works, down(1), down(2), works, works, down(3), down(4)]) {
      distant.way = way;
      await store.readWithinBudget('k');
      heard.push(told.splice(0));
    }
    expect(heard).toEqual([[], ['convert: down 1'], [], ['works again'], [], ['convert: down 3'], []]);
    expect(store.stats()).toMatchObject({ failing: true, unavailable: 4 });
  });

  it('owes so many answers to commits, and is given no more', async () => {
    const { distant, store } = start();
    const ways: (() => void)[] = [];
    distant.way = () => new Promise<void>((resolve) => ways.push(resolve));
    const commits = Array.from({ length: 1_000 }, (_, n) => store.commit(`${n}`, { goals: ['buy'] }, KEPT));
    await expect(store.commit('k', { goals: ['buy'] }, KEPT)).rejects.toMatchObject({
      code: 'CONVERT_STORE',
    });
    for (const way of ways) way();
    await Promise.all(commits);
    distant.way = () => Promise.resolve();
    await expect(store.commit('k', { goals: ['buy'] }, KEPT)).resolves.toMatchObject({ lost: new Set() });
  });
});
