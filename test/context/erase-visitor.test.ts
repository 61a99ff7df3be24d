/** `convert.forget`: what is held of a visitor goes, wherever it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { OutgoingResponse } from '../../src/model/http.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import type { ProjectSink } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

const KEY = '1001-2002-abc';
const COOKIE_KEY = '1001-2002~cookie-abc';
const COOKIE = { cookie: 'cv_vid=abc' };

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

function create(options: ConvertOptions = {}): Convert {
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    delivery: { linger: 5 },
    logger: { error() {}, warn() {} },
    ...options,
  });
  onTestFinished(async () => void (await convert.close({ timeout: 100 })));
  return convert;
}

/** A response that is not sent before the test is over. */
const open = async (convert: Convert, headers: Record<string, string> = COOKIE): Promise<ConvertContext> => {
  const response: OutgoingResponse = {
    headersSent: false,
    closed: false,
    getHeader: () => undefined,
    getHeaderNames: () => [],
    onHead() {},
    onClose() {},
  };
  return convert.open(incoming(headers), response);
};

/** A store whose `commit` takes as long as the test says. */
function slowStore(): { store: VisitorStore; kept: VisitorStore; goOn: () => void } {
  const kept = memoryStore();
  let goOn = (): void => {};
  const slow = new Promise<void>((resolve) => (goOn = resolve));
  const store: VisitorStore = {
    ...kept,
    remote: true,
    read: async (key) => kept.read(key),
    commit: async (...given) => {
      await slow;
      return kept.commit(...given);
    },
    delete: async (key) => kept.delete(key),
  };
  return { store, kept, goOn };
}

it('deletes the state and what is pending, and counts who comes back', async () => {
  collector.change({ status: () => 503 });
  const store = memoryStore();
  const convert = create({ store });
  (await open(convert)).runExperience('homepage-hero');
  (await open(convert, { cookie: 'cv_vid=other' })).runExperience('homepage-hero');
  await convert.flush({ timeout: 100 });
  expect(store.read(KEY)).toBeDefined();
  await convert.forget('abc');
  expect(store.read(KEY)).toBeUndefined();
  // What was under way is dropped when its answer is there.
  await vi.waitFor(
    () => expect(convert.stats().delivery).toMatchObject({ pending: 1, reasons: { forgotten: 1 } }),
    20_000,
  );

  collector.change({ status: () => 200 });
  const before = collector.events.length;
  (await open(convert)).runExperience('homepage-hero');
  expect(await convert.flush()).toMatchObject({ accepted: 3, delivered: 2, dropped: 1 });
  expect(store.read(KEY)).toBeDefined();
  expect(
    collector.events
      .slice(before)
      .map(({ visitorId }) => visitorId)
      .toSorted(),
  ).toEqual(['abc', 'other']);
});

it('deletes what is stored for the id as one of the app and as one of our cookie', async () => {
  const store = memoryStore();
  const convert = create({ store, visitor: { id: () => undefined } });
  const options = { ephemeral: false };
  for (const key of [KEY, COOKIE_KEY, '1001-2002-abcd', '1001-2002-7'])
    store.commit(key, { goals: ['purchase'] }, options);
  await convert.forget('abc');
  expect([store.read(KEY), store.read(COOKIE_KEY)]).toEqual([undefined, undefined]);
  expect(store.read('1001-2002-abcd')).toBeDefined();
  await convert.forget(7);
  expect(store.read('1001-2002-7')).toBeUndefined();
});

it('discards what a request under way has not committed, and what it decides later', async () => {
  const store = memoryStore();
  const convert = create({ store });
  const context = await open(convert);
  context.runExperience('homepage-hero');
  const stream = await open(convert);
  stream.runExperience('homepage-hero');
  await convert.forget('abc');
  expect(convert.stats().delivery.reasons).toEqual({ forgotten: 2 });
  context.trackConversion('purchase');
  stream.runExperience('featured');
  await convert.flush();
  expect(store.read(KEY)).toBeUndefined();
  expect(collector.requests).toHaveLength(0);
  const { dropped, reasons } = convert.stats().delivery;
  expect(reasons).toEqual({ forgotten: dropped });
  expect(dropped).toBe(4);
});

it('discards what a request decides that had committed before', async () => {
  const store = memoryStore();
  const convert = create({ store });
  const stream = await open(convert);
  stream.runExperience('homepage-hero');
  await convert.flush();
  await convert.forget('abc');
  stream.trackConversion('purchase');
  expect(await convert.flush()).toMatchObject({ accepted: 2, delivered: 1, reasons: { forgotten: 1 } });
  expect(store.read(KEY)).toBeUndefined();
});

it('counts what waits for consent in the state', async () => {
  const store = memoryStore();
  const convert = create({
    store,
    visitor: { id: () => 'abc' },
    consent: { resolve: () => undefined, mode: 'hold' },
  });
  (await open(convert)).runExperience('homepage-hero');
  await convert.flush();
  expect(store.read(KEY)?.held).toHaveLength(1);
  await convert.forget('abc');
  expect(store.read(KEY)).toBeUndefined();
  expect(convert.stats().delivery).toMatchObject({ accepted: 1, reasons: { forgotten: 1 } });
});

it.each([false, true])(
  'is not undone by a commit that the store is at; it outlives us: %s',
  async (outlives) => {
    const { store, kept, goOn } = slowStore();
    const spool = outlives ? temporaryFolder('forget') : undefined;
    const convert = create({
      store: { ...store, outlives },
      delivery: { linger: 5, ...(spool && { spool }) },
    });
    (await open(convert)).runExperience('homepage-hero');
    const flushed = convert.flush();
    await convert.forget('abc');
    goOn();
    expect(await flushed).toMatchObject({ accepted: 1, delivered: 0, reasons: { forgotten: 1 } });
    await sleep(10);
    expect(kept.read(KEY)).toBeUndefined();
    expect(collector.requests).toHaveLength(0);
  },
);

it('is not undone by a claim that is said to stand later', async () => {
  const kept = memoryStore();
  let fails = true;
  const store: VisitorStore = {
    ...kept,
    outlives: true,
    commit(key, change, options) {
      if (fails && change.settled !== undefined) throw new Error('no connection');
      return kept.commit(key, change, options);
    },
  };
  const convert = create({ store, delivery: { spool: temporaryFolder('forget'), linger: 5 } });
  (await open(convert)).runExperience('homepage-hero');
  await convert.flush();
  await convert.forget('abc');
  fails = false;
  // It is tried again after a second.
  await sleep(1_300);
  expect(kept.read(KEY)).toBeUndefined();
});

it('rejects where the store can not delete, drops what is pending, and can be repeated', async () => {
  collector.change({ status: () => 503 });
  const kept = memoryStore();
  let fails = true;
  const store: VisitorStore = {
    ...kept,
    delete(key) {
      if (fails) throw new Error('no connection for abc');
      return kept.delete(key);
    },
  };
  const convert = create({ store });
  (await open(convert)).runExperience('homepage-hero');
  const rejected = await convert.forget('abc').catch((error: unknown) => error as Error);
  expect(rejected).toMatchObject({ name: 'ConvertError', code: 'CONVERT_STORE' });
  expect((rejected as Error).message).not.toContain('abc');
  // What was under way is dropped when its answer is there.
  await vi.waitFor(
    () => expect(convert.stats().delivery).toMatchObject({ pending: 0, reasons: { forgotten: 1 } }),
    20_000,
  );
  fails = false;
  await convert.forget('abc');
  expect(kept.read(KEY)).toBeUndefined();
});

it('waits for the project config, and rejects without one', async () => {
  let arrive: (config: ProjectConfig) => void = () => undefined;
  const project = {
    description: 'late',
    start: (sink: ProjectSink) => (arrive = (config) => sink.config(config)),
    stop() {},
  };
  const store = memoryStore();
  store.commit(KEY, { goals: ['purchase'] }, { ephemeral: false });
  const convert = create({ project, store, readyTimeout: 0 });
  const forgotten = convert.forget('abc');
  arrive(testProject());
  await forgotten;
  expect(store.read(KEY)).toBeUndefined();

  const never = create({ project: { ...project, start() {} }, readyTimeout: 0 });
  const rejected = expect(never.forget('abc')).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
  await never.close();
  await rejected;
});

it.each(['', undefined, null, NaN, {}])('rejects what is no visitor id: %s', async (id) => {
  await expect(create().forget(id as never)).rejects.toMatchObject({ code: 'CONVERT_BAD_OPTION' });
});
