/**
 * When what was decided is committed, however the response went: nothing is lost, nothing comes early, nothing twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { OutgoingResponse, ResponseHead } from '../../src/model/http.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';

const HEAD: ResponseHead = {
  status: 200,
  getHeader: () => undefined,
  getHeaderNames: () => [],
  setHeader() {},
  appendCookie() {},
  removeCookie() {},
};

class FakeResponse implements OutgoingResponse {
  headersSent = false;
  closed = false;
  listeners = 0;
  readonly #head: ((head: ResponseHead) => void)[] = [];
  #close: (() => void) | undefined;

  getHeader(): undefined {}
  getHeaderNames(): string[] {
    return [];
  }
  onHead(listener: (head: ResponseHead) => void): void {
    this.#head.push(listener);
  }
  onClose(listener: () => void): void {
    this.listeners += 1;
    this.#close = listener;
  }
  writeHead(): void {
    for (const listener of this.#head) listener(HEAD);
    this.headersSent = true;
  }
  close(): void {
    this.closed = true;
    this.#close?.();
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

let collector: Collector;
let convert: Convert;

beforeEach(async () => {
  collector = await startCollector();
  convert = createConvert({ project: testProject(), endpoints: { track: collector.origin } });
  await convert.ready();
});
afterEach(async () => {
  await convert.close({ timeout: 100 });
  await collector.close();
});

/** A store whose every write takes a while, as one over a network. */
function slowStore(): { get(key: string): unknown; set(key: string, value: unknown): Promise<void> } {
  const kept = new Map<string, unknown>();
  return {
    get: (key) => kept.get(key),
    async set(key, value) {
      await sleep(100);
      kept.set(key, value);
    },
  };
}

it('sends no conversion before an exposure whose store is slow', async () => {
  const slow = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    store: slowStore(),
  });
  await slow.ready();
  const again = { conversionSetting: { forceMultipleTransactions: true } };
  const data = { ...again, conversionData: [{ key: 'amount' as const, value: 1 }] };
  const context = await slow.forVisitor('visitor-1');
  context.trackConversion('purchase', data);
  await context.flush();
  context.runExperience('homepage-hero');
  void context.flush();
  // Counted before, so that there is nothing to store of it.
  context.trackConversion('purchase', data);
  await context.flush();
  const types = collector.events.map(({ eventType }) => eventType);
  expect(types.lastIndexOf('conversion')).toBeGreaterThan(types.indexOf('bucketing'));
  expect(types.filter((type) => type === 'bucketing')).toHaveLength(1);
  await slow.close();
});

async function decided(response: FakeResponse): Promise<ConvertContext> {
  const context = await convert.open(incoming(), response);
  expect(context.runExperience('homepage-hero')).not.toBeNull();
  return context;
}

const accepted = () => convert.stats().delivery.accepted;

describe('a commit', () => {
  it('comes for all requests of one turn together, each after its head', async () => {
    const responses = Array.from({ length: 100 }, () => new FakeResponse());
    for (const response of responses) await decided(response);
    for (const response of responses.slice(0, 60)) response.writeHead();
    expect(accepted()).toBe(0);
    await tick();
    expect(accepted()).toBe(60);
    for (const response of responses.slice(60)) response.writeHead();
    await tick();
    expect(accepted()).toBe(100);
    await convert.flush();
    expect(collector.exposures()).toHaveLength(100);
  });

  it('listens for the end of a response only where the head did not follow at once', async () => {
    const [prompt, slow] = [new FakeResponse(), new FakeResponse()];
    await decided(prompt);
    prompt.writeHead();
    const context = await decided(slow);
    await tick();
    context.trackConversion('purchase');
    await tick();
    expect([prompt.listeners, slow.listeners]).toEqual([0, 1]);
    expect(accepted()).toBe(1);
    slow.writeHead();
    await tick();
    expect(accepted()).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['in the tick of the decision', 0],
    ['later', 1],
  ])('comes where the client leaves before the head, %s', async (_, ticks) => {
    const response = new FakeResponse();
    await decided(response);
    for (let n = 0; n < ticks; n++) await tick();
    response.close();
    await tick();
    expect(accepted()).toBe(1);
  });

  it('is made by flush and close where the response never ends', async () => {
    const context = await decided(new FakeResponse());
    await decided(new FakeResponse());
    await tick();
    expect(accepted()).toBe(0);
    expect(await context.flush()).toMatchObject({ accepted: 1, delivered: 1 });
    expect(await convert.close()).toMatchObject({ accepted: 2, delivered: 2 });
  });

  it('is made once, whoever asks for it', async () => {
    const response = new FakeResponse();
    const context = await decided(response);
    response.writeHead();
    await Promise.all([context.flush(), convert.flush()]);
    await tick();
    response.close();
    await tick();
    expect(accepted()).toBe(1);
    context.runExperience('homepage-hero');
    await tick();
    expect(await convert.flush()).toMatchObject({ accepted: 1, delivered: 1 });
  });

  it('adds to an earlier one of the request that issued the id, and takes nothing from it', async () => {
    const response = new FakeResponse();
    const context = await decided(response);
    response.writeHead();
    await tick();
    context.trackConversion('purchase');
    await tick();
    expect(accepted()).toBe(2);
    const headers = { cookie: `cv_vid=${context.visitorId}` };
    const next = await convert.open(incoming(headers), new FakeResponse());
    expect(next.explain('homepage-hero').reason).toBe('sticky');
    next.runExperience('homepage-hero');
    next.trackConversion('purchase');
    await convert.flush();
    expect(accepted()).toBe(2);
  });

  it('is as if it never were where it was decided without storage: the next decision enrols', async () => {
    const enrolled: boolean[] = [];
    convert.on('decision', (decision) => enrolled.push(decision.enrolled));
    const context = await convert.open(incoming(), new FakeResponse());
    const untracked = context.runExperience('homepage-hero', { enableStorage: false });
    expect(context.runExperience('homepage-hero')?.key).toBe(untracked?.key);
    expect(enrolled).toEqual([false, true]);
  });

  it('of two changes gives the later one the last word', async () => {
    const store = memoryStore();
    const own = createConvert({ project: testProject(), endpoints: { track: collector.origin }, store });
    await own.ready();
    const job = await own.forVisitor('two-changes');
    job.updateVisitorProperties({ plan: 'free' });
    job.updateVisitorProperties({ plan: 'pro' });
    await job.flush();
    expect(store.read('1001-2002-two-changes')).toMatchObject({ segments: { plan: 'pro' } });
    await own.close({ timeout: 100 });
  });
});

it('a clock that a test of the app has faked, and put back, holds up no commit', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  (await convert.forVisitor('one')).runExperience('homepage-hero');
  vi.useRealTimers();
  (await convert.forVisitor('two')).runExperience('homepage-hero');
  await collector.waitFor((seen) => seen.exposures().length === 2);
});
