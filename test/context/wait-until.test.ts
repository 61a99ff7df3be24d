/** The option `waitUntil`: what a platform that freezes processes is given to wait for, through the real adapters. */
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import type { IncomingRequest, OutgoingResponse } from '../../src/model/http.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { CHROME } from '../adapters/conformance.js';
import { express5Adapter } from '../adapters/express.js';
import { fastify5Adapter } from '../adapters/fastify.js';
import type { Handler, RunningApp } from '../adapters/harness.js';
import { koa3Adapter } from '../adapters/koa.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

interface Call {
  promise: Promise<void>;
  request: unknown;
  isOver: boolean;
}

let collector: Collector;
let calls: Call[];
let logged: string[];
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  collector = await startCollector();
  calls = [];
  logged = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) await close();
  await collector.close();
});

function waitUntil(promise: Promise<void>, given?: unknown): void {
  const call: Call = { promise, request: given, isOver: false };
  calls.push(call);
  void promise.then(() => (call.isOver = true));
}

function options(more: ConvertOptions = {}): ConvertOptions {
  const log = (message: string): void => void logged.push(message);
  return {
    project: testProject(),
    endpoints: { track: collector.origin },
    // Where something is delivered, it was not by itself.
    delivery: { linger: 60_000 },
    logger: { error: log, warn: log },
    waitUntil,
    ...more,
  };
}

function create(more: ConvertOptions = {}) {
  const convert = createConvert(options(more));
  closing.push(() => convert.close({ timeout: 100 }));
  return convert;
}

function latch() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

/** As many turns of the loop as anything of ours would take that came by itself. */
async function turns(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
}

const hero: Handler = (x) => x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');
const RETURNING = { cookie: 'cv_vid=a-visitor-who-returns' };

describe.each([express5Adapter, koa3Adapter, fastify5Adapter])('waitUntil on $name', (adapter) => {
  async function start(routes: Record<string, Handler>, more: ConvertOptions = {}): Promise<RunningApp> {
    const app = await adapter.start({ convert: options(more), routes });
    closing.push(async () => {
      await app.close();
      await app.convert.close({ timeout: 100 });
    });
    return app;
  }

  const get = (app: RunningApp, path = '/', headers: Record<string, string> = {}) =>
    request(app.url)
      .get(path)
      .set({ 'user-agent': CHROME, ...headers });

  it('is called once, while the handler runs, with its request; what was recorded is delivered then', async () => {
    const seen: unknown[] = [];
    const app = await start({
      '/': (x) => {
        x.convert.runExperience('homepage-hero');
        x.convert.runExperience('featured');
        x.convert.trackConversion('purchase');
        const [raw] = calls.slice(-1).map(({ request: given }) => given as Record<string, unknown>);
        seen.push(calls.length, [raw, raw?.req, raw?.raw].includes(x.req));
        x.send(200, 'ok');
      },
    });
    for (const n of [1, 2]) {
      await get(app);
      await Promise.all(calls.map(({ promise }) => promise));
      expect([calls.length, collector.events.length]).toEqual([n, 3 * n]);
    }
    expect(seen).toEqual([1, true, 2, true]);
  });

  it('is not called where nothing is to be committed', async () => {
    const app = await start(
      {
        '/': hero,
        '/untouched': (x) => x.send(200, 'ok'),
        '/peek': (x) => x.send(200, x.convert.peek('homepage-hero')?.key ?? 'none'),
        '/nobody': (x) => x.send(200, x.convert.runExperience('nobody')?.key ?? 'none'),
      },
      { consent: ({ url }) => !url.endsWith('no-consent') },
    );
    await get(app, '/', RETURNING);
    expect(calls).toHaveLength(1);
    await calls[0]?.promise;
    for (const path of ['/', '/untouched', '/peek', '/nobody', '/?no-consent']) {
      const headers = path === '/?no-consent' ? {} : RETURNING;
      await get(app, path, headers);
    }
    await request(app.url).head('/').set({ 'user-agent': CHROME });
    await get(app, '/', { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' });
    await turns();
    expect(calls).toHaveLength(1);
  });

  it('commits nothing early: the promise follows a head that is long in coming', async () => {
    const { open, opened } = latch();
    const decided = latch();
    const app = await start({
      '/': async (x) => {
        const key = x.convert.runExperience('homepage-hero')?.key;
        decided.open();
        await opened;
        x.send(200, key ?? 'none');
      },
    });
    const answer = get(app).then(({ text }) => text);
    await decided.opened;
    await turns();
    expect(calls).toMatchObject([{ isOver: false }]);
    expect(app.convert.stats().delivery.accepted).toBe(0);
    open();
    await answer;
    await calls[0]?.promise;
    expect(collector.exposures()).toHaveLength(1);
  });

  it('is called again for what is tracked after the response', async () => {
    const { open, opened } = latch();
    const tracked = latch();
    const app = await start({
      '/': (x) => {
        const { convert } = x;
        void opened.then(() => {
          convert.trackConversion('purchase');
          tracked.open();
        });
        return hero(x);
      },
    });
    await get(app);
    await calls[0]?.promise;
    expect(collector.events).toHaveLength(1);
    open();
    await tracked.opened;
    expect(calls).toHaveLength(2);
    await calls[1]?.promise;
    expect(collector.events).toHaveLength(2);
  });

  it.each<[string, ConvertOptions['waitUntil']]>([
    [
      'throws',
      () => {
        throw new Error('not on this platform');
      },
    ],
    // As an app may write it all the same.
    ['rejects', async () => Promise.reject(new Error('not on this platform'))],
  ])('one that %s is told once, and changes nothing', async (_, broken) => {
    const app = await start({ '/': hero }, { waitUntil: broken });
    const codes: string[] = [];
    app.convert.on('error', ({ code }) => codes.push(code));
    for (let n = 0; n < 2; n++) expect((await get(app)).text).toMatch(/^(original|version-b)$/);
    await collector.waitFor((seen) => seen.exposures().length === 2);
    expect(logged).toEqual([expect.stringMatching(/^convert: the `waitUntil` function threw/)]);
    expect(codes).toEqual(['CONVERT_CALLBACK', 'CONVERT_CALLBACK']);
  });

  it('is over where nothing is sent: deferred, or discarded', async () => {
    const consent = { resolve: () => 'unknown' as const, mode: 'hold' as const };
    const held = await start({ '/': hero }, { consent, visitor: { id: () => 'a-user' } });
    await get(held);
    const shared = await start({
      '/': (x) => {
        x.header('Cache-Control', 'public, max-age=60');
        return hero(x);
      },
    });
    await get(shared);
    expect(calls).toHaveLength(2);
    await Promise.all(calls.map(({ promise }) => promise));
    expect(collector.events).toEqual([]);
  });
});

describe('waitUntil', () => {
  const response = (): OutgoingResponse => ({
    headersSent: false,
    closed: false,
    getHeader: () => undefined,
    getHeaderNames: () => [],
    onHead() {},
    onClose() {},
  });
  const open = async (convert: ReturnType<typeof create>, given: IncomingRequest = incoming()) => {
    await convert.ready();
    return convert.open(given, response());
  };

  it('is called for jobs, without a request', async () => {
    const convert = create();
    (await convert.forVisitor('a-job')).trackConversion('purchase');
    expect(calls).toMatchObject([{ request: undefined }]);
    await calls[0]?.promise;
    expect(collector.conversions()).toHaveLength(1);
  });

  it('is over after a while where the response never ends', async () => {
    const convert = create();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    (await open(convert)).runExperience('homepage-hero');
    await vi.advanceTimersByTimeAsync(29_999);
    expect(calls).toMatchObject([{ isOver: false }]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toMatchObject([{ isOver: true }]);
    expect(convert.stats().delivery.accepted).toBe(0);
  });

  it('is over after a while where the collector hangs', async () => {
    collector.change({ behaviour: () => 'hang' });
    const convert = create();
    (await convert.forVisitor('a-job')).trackConversion('purchase');
    await calls[0]?.promise;
    expect(convert.stats().delivery.pending).toBe(1);
  });

  it('waits for the store, also where nothing is sent', async () => {
    const { open: answer, opened } = latch();
    const kept: string[] = [];
    const store = {
      get: async () => undefined,
      set: async (key: string) => {
        await opened;
        kept.push(key);
      },
    };
    const convert = create({ store });
    (await convert.forVisitor('a-job')).updateVisitorProperties({ plan: 'pro' });
    await turns();
    expect(calls).toMatchObject([{ isOver: false }]);
    answer();
    await calls[0]?.promise;
    expect(kept).toHaveLength(1);
  });

  it('waits until a visitor who withdrew is forgotten', async () => {
    const { open: answer, opened } = latch();
    let forgotten = 0;
    const store = {
      remote: false,
      read: () => undefined,
      commit: () => ({ state: {}, lost: new Set<string>() }),
      delete: async () => {
        await opened;
        forgotten += 1;
      },
    };
    const convert = create({ store, consent: () => false });
    const raw = {};
    const headers = { cookie: 'cv_vid=who-withdrew' };
    (await open(convert, incoming(headers, { raw }))).runExperience('homepage-hero');
    await turns();
    expect(calls).toMatchObject([{ request: raw, isOver: false }]);
    answer();
    await calls[0]?.promise;
    expect(forgotten).toBe(1);
  });

  it('may flush by itself', async () => {
    const convert = create({
      waitUntil(promise, given) {
        void convert.flush();
        waitUntil(promise, given);
      },
    });
    (await open(convert)).runExperience('homepage-hero');
    await calls[0]?.promise;
    expect(collector.exposures()).toHaveLength(1);
  });

  it('gets the request with its type', () => {
    create({ waitUntil: (promise: Promise<unknown>) => void promise });
    const typed: ConvertOptions<{ waitUntil(promise: Promise<unknown>): void }> = {
      waitUntil: (promise, given) => given?.waitUntil(promise),
    };
    const named: ConvertOptions<{ url: string }> = {
      // @ts-expect-error a request has no such field
      waitUntil: (_promise, given) => void given?.nothing,
    };
    expect([typed, named]).toHaveLength(2);
  });
});
