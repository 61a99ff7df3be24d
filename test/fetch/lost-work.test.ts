/** Work that never settles, since the host has ended the request that it belonged to, with its timers. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OnDemandSource } from '../../src/fetch/on-demand-source.js';
import { draftPreviews } from '../../src/convert/draft-previews.js';
import { compiledEngine } from '../../src/engine.js';
import { RemoteStore } from '../../src/store/remote-store.js';
import { sdkStore } from '../../src/store/sdk-data-store.js';
import { draftProject } from '../support/project.js';

const never = (): Promise<never> => new Promise(() => undefined);
const SECOND = 1_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The host ends a request. The clock begins again at the time of the test's start. */
const endRequest = (): void => void vi.clearAllTimers();

it('of a store: another request tries whether the store works', async () => {
  let read: () => Promise<undefined> = never;
  const store = new RemoteStore(
    { remote: true, read: () => read(), commit: never, delete: never },
    { budget: 100, cache: false, isComplete: () => true, failing() {}, worksAgain() {} },
  );
  const late = store.readWithinBudget('k');
  await vi.advanceTimersByTimeAsync(100);
  expect(await late).toBeUndefined();
  void store.readWithinBudget('k');
  endRequest();
  expect(store.readWithinBudget('k')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(SECOND);
  read = async () => undefined;
  expect(await store.readWithinBudget('k')).toEqual({ state: undefined });
});

it('of a data store: the next commit of the visitor waits 5 s for it', async () => {
  let set: () => Promise<void> = never;
  const store = sdkStore({ get: () => undefined, set: () => set() });
  const commit = async (): Promise<unknown> => store.commit('k', { goals: ['buy'] }, { ephemeral: false });
  void commit();
  await vi.advanceTimersByTimeAsync(SECOND);
  endRequest();
  set = async () => undefined;
  const next = commit();
  await vi.advanceTimersByTimeAsync(5 * SECOND);
  expect(await next).toMatchObject({ state: { goals: { buy: true } } });
  expect(store.read('k')).toBeUndefined();
});

it('of a draft: it is asked for again', async () => {
  let draft: () => Promise<ReturnType<typeof draftProject>> = never;
  const source = { description: 'test', start() {}, stop() {}, draft: () => draft() };
  const told: string[] = [];
  const listener = { report() {}, warnOnce: (code: string) => void told.push(code), now: () => Date.now() };
  const drafts = draftPreviews(source, compiledEngine(), listener)!;
  const find = () => drafts.find({ experienceId: '901', variationId: '9010' });
  const late = find();
  await vi.advanceTimersByTimeAsync(SECOND);
  expect([await late, told]).toEqual([undefined, ['CONVERT_PREVIEW']]);
  endRequest();
  await vi.advanceTimersByTimeAsync(15 * SECOND);
  draft = async () => draftProject();
  expect((await find())?.variation?.key).toBe('bold');
  expect(await drafts.underWay()).toEqual([]);
});

it('of a project cache: another request fetches the config', async () => {
  let read: () => Promise<undefined> = never;
  let asked = 0;
  const source = new OnDemandSource({
    endpoint: {
      description: 'test',
      maxBytes: 1_000,
      pin: { check() {}, to() {} },
      ask: async () => ((asked += 1), { status: 500, headers: {}, body: new Uint8Array() }),
      receive: () => false,
    } as never,
    cache: { cache: { read: () => read(), write: never }, key: 'k' },
    digestOf: String,
  });
  const told: string[] = [];
  const sink = { config: () => true, unchanged() {}, error() {}, recovered() {} };
  source.start({ ...sink, cacheFailed: ({ message }) => void told.push(message) });
  void source.refresh();
  endRequest();
  expect(source.refresh()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(15 * SECOND);
  read = async () => undefined;
  await source.refresh();
  expect([asked, told]).toEqual([1, []]);
});
