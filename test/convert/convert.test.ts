/** The Convert instance over fake exchanges: waiting, committing, failing open, jobs, lifetime. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import type { ProjectSink } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { FakeResponse, tick, visit } from '../support/exchange.js';
import { testProject } from '../support/project.js';

let collector: Collector;
let logged: string[];
const open: Convert[] = [];

beforeEach(async () => {
  collector = await startCollector();
  logged = [];
});
afterEach(async () => {
  for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
  await collector.close();
});

function create(options: ConvertOptions = {}): Convert {
  // Of this test: a store that never answers is told of seconds later.
  const own = logged;
  const log = (message: string): void => void own.push(message);
  const convert = createConvert({
    ...(options.sdkKey === undefined && { project: testProject() }),
    endpoints: { track: collector.origin, ...options.endpoints },
    delivery: { linger: 5 },
    logger: { error: log, warn: log, info: log },
    ...options,
    ...(options.endpoints && { endpoints: { track: collector.origin, ...options.endpoints } }),
  });
  open.push(convert);
  return convert;
}

describe('a request that is opened', () => {
  it('asks `skip` not before its context is used', async () => {
    const asked: unknown[] = [];
    const convert = create({ skip: (request) => (asked.push(request), false) });
    const context = await convert.open(incoming({}), new FakeResponse());
    expect(asked).toHaveLength(0);
    context.runExperience('homepage-hero');
    expect(asked).toHaveLength(1);
  });
});

describe('committing', () => {
  it('throws nothing at who flushes with null', async () => {
    const convert = create();
    const context = await visit(convert);
    context.runExperience('homepage-hero');
    expect(await context.flush(null as never)).toMatchObject({ delivered: 1 });
    expect(await convert.flush(null as never)).toMatchObject({ delivered: 1 });
  });

  it('follows the head, off its own tick', async () => {
    const convert = create();
    const response = new FakeResponse();
    const context = await visit(convert, {}, response);
    context.runExperience('homepage-hero');
    await sleep(20);
    expect(convert.stats().delivery.accepted).toBe(0);
    response.writeHead();
    expect(convert.stats().delivery.accepted).toBe(0);
    await tick();
    expect(convert.stats().delivery.accepted).toBe(1);
    context.runExperience('featured');
    await tick();
    expect(convert.stats().delivery.accepted).toBe(2);
  });

  it('follows the close, where no head ever was', async () => {
    const convert = create();
    const response = new FakeResponse();
    (await visit(convert, {}, response)).runExperience('homepage-hero');
    response.close();
    await tick();
    expect(convert.stats().delivery.accepted).toBe(1);
  });

  it('comes at once with flush, of the context and of the instance', async () => {
    const convert = create();
    const one = await visit(convert);
    one.runExperience('homepage-hero');
    expect(await one.flush()).toMatchObject({ accepted: 1, delivered: 1 });
    const two = await visit(convert);
    two.runExperience('homepage-hero');
    expect(await convert.flush()).toMatchObject({ accepted: 2, delivered: 2 });
  });

  it('counts a visitor once whose first requests run at the same time', async () => {
    const convert = create({ visitor: { id: () => 'u1' } });
    const contexts = await Promise.all([visit(convert), visit(convert), visit(convert)]);
    for (const context of contexts) {
      context.runExperience('homepage-hero');
      context.trackConversion('purchase');
    }
    await convert.flush();
    expect(collector.exposures()).toHaveLength(1);
    expect(collector.conversions()).toHaveLength(1);
    expect(convert.stats().delivery).toMatchObject({
      accepted: 6,
      delivered: 2,
      reasons: { 'claim-lost': 4 },
    });
  });

  it('stores no assignment whose exposure was refused, so that the visitor is exposed another time', async () => {
    await collector.close();
    const store = memoryStore();
    const convert = create({ store, visitor: { id: () => 'late' }, delivery: { maxQueueBytes: 65_536 } });
    const filler = await convert.forVisitor('filler');
    const goal = { conversionSetting: { forceMultipleTransactions: true } };
    const data = 'x'.repeat(10_000);
    for (let n = 0; n < 10; n++) {
      filler.trackConversion('purchase', {
        ...goal,
        conversionData: [{ key: 'customDimension1', value: data }],
      });
    }
    await convert.flush({ timeout: 1 });
    const context = await visit(convert);
    context.runExperience('homepage-hero');
    await convert.flush({ timeout: 1 });
    expect(convert.stats().delivery.reasons.overflow).toBeGreaterThan(0);
    expect(store.read('1001-2002-late')?.bucketing).toBeUndefined();
  });

  it('keeps a claim whose conversion was taken although its transaction was refused', async () => {
    const convert = create({ visitor: { id: () => 'u1' } });
    const track = async (transactionId: string) => {
      const data = [{ key: 'transactionId' as const, value: transactionId }];
      (await visit(convert)).trackConversion('purchase', { conversionData: data });
      await convert.flush();
    };
    await track('x'.repeat(40_000));
    await track('t2');
    expect(collector.conversions().map((event) => event.data)).toEqual([{ goalId: '501' }]);
    expect(convert.stats().delivery.reasons).toEqual({ 'too-large': 1 });
  });

  it('enrols nobody new on a shared response, before its head or after it', async () => {
    const convert = create();
    const response = new FakeResponse();
    response.headers.set('Cache-Control', 'public, max-age=60');
    const context = await visit(convert, {}, response);
    const enrolled: boolean[] = [];
    context.runExperience('homepage-hero');
    response.writeHead();
    convert.on('decision', (event) => enrolled.push(event.enrolled));
    context.runExperience('featured');
    context.trackConversion('purchase');
    await convert.flush();
    expect(enrolled).toEqual([false]);
    expect(convert.stats().delivery.reasons).toEqual({ 'no-identity': 3 });
    expect(response.cookies).toEqual([]);
    expect(collector.requests).toHaveLength(0);
  });

  it('of a job leaves the requests of other visitors alone', async () => {
    const convert = create();
    (await visit(convert)).runExperience('homepage-hero');
    await convert.forVisitor('somebody-else');
    await tick();
    expect(convert.stats().delivery.accepted).toBe(0);
  });

  it('waits for the promises of a store whatever library makes them', async () => {
    const kept = memoryStore();
    const later = <T>(value: T) => ({
      then: (...handlers: Parameters<Promise<T>['then']>) => Promise.resolve(value).then(...handlers),
    });
    const store = {
      remote: true,
      read: (key: string) => later(kept.read(key)),
      commit: (...given: Parameters<typeof kept.commit>) => later(kept.commit(...given)),
      delete: () => undefined,
    };
    const convert = create({ store: store as never, visitor: { id: () => 'u1' } });
    for (let n = 0; n < 2; n++) {
      (await visit(convert)).runExperience('homepage-hero');
      await convert.flush();
    }
    expect(logged).toEqual([]);
    expect(collector.exposures()).toHaveLength(1);
  });

  it('says once that CloudFront makes a bot of everybody', async () => {
    const convert = create();
    for (let n = 0; n < 2; n++) {
      const context = await visit(convert, { 'user-agent': 'Amazon CloudFront' });
      expect(context.explain('homepage-hero').reason).toBe('bot');
    }
    expect(logged.filter((line) => line.includes('origin request policy'))).toHaveLength(1);
  });

  it('takes nobody for new because a store is away, nor for the session that begins meanwhile', async () => {
    const kept = memoryStore();
    let isAway = true;
    const store = {
      remote: true,
      read: async (key: string) => {
        if (isAway) throw new Error('away');
        return kept.read(key);
      },
      commit: async (...given: Parameters<typeof kept.commit>) => kept.commit(...given),
      delete: () => undefined,
    };
    const convert = create({ store, storeCache: false, visitor: { id: () => 'u1' } });
    const sessionOf = async (): Promise<unknown[]> => {
      const response = new FakeResponse();
      const context = await visit(convert, {}, response);
      const { visitorType } = context.visitorProperties;
      response.writeHead();
      return [context.isNewVisitor, visitorType, /^cv_ses=\w+\.(.)/.exec(response.cookies.join())?.[1]];
    };
    expect(await sessionOf()).toEqual([false, 'returning', 'r']);
    isAway = false;
    // What guards the store against an outage asks again a moment later.
    await expect.poll(sessionOf).toEqual([true, 'new', 'n']);
  });

  it('sends what a failing store could not keep, and says so once', async () => {
    const convert = create({
      store: {
        get: () => undefined,
        set: () => Promise.reject(Object.assign(new Error('for visitor x'), { code: 'ENOSPC' })),
      },
    });
    for (let n = 0; n < 3; n++) (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(collector.exposures()).toHaveLength(3);
    expect(logged.filter((line) => line.includes('failed to write (Error ENOSPC'))).toHaveLength(1);
  });

  it('keeps an exposure that was not to be tracked, for the first decision that is', async () => {
    const convert = create({ visitor: { id: () => 'u1' } });
    (await visit(convert)).runExperience('homepage-hero', { enableTracking: false });
    await convert.flush();
    expect(collector.requests).toHaveLength(0);
    for (let n = 0; n < 2; n++) {
      (await visit(convert)).runExperience('homepage-hero');
      await convert.flush();
    }
    expect(collector.exposures()).toHaveLength(1);
  });

  it('leaves no trace of peek, explain and enableStorage: false', async () => {
    const store = memoryStore();
    const convert = create({ store });
    const response = new FakeResponse();
    const context = await visit(convert, {}, response);
    expect(context.peek('homepage-hero')).not.toBeNull();
    expect(context.explain('homepage-hero')).toMatchObject({ reason: 'bucketed' });
    expect(context.runExperience('homepage-hero', { enableStorage: false })).not.toBeNull();
    response.writeHead();
    await convert.flush();
    expect(store.size).toBe(0);
    expect(collector.requests).toHaveLength(0);
  });
});

describe('consent that is withdrawn', () => {
  const consent = { cookie: 'consent', granted: 'yes' };

  it('takes back a grant although no project config had arrived when it was', async () => {
    const kept = new Map<string, unknown>([
      ['1001-2002-abc', { consent: 'granted', goals: { purchase: true } }],
    ]);
    const store = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: unknown) => void kept.set(key, value),
    };
    let arrive: (config: ProjectConfig) => void = () => undefined;
    const project = {
      description: 'late',
      start: (sink: ProjectSink) => (arrive = (config) => sink.config(config)),
      stop() {},
    };
    const convert = create({ consent, store, project, readyTimeout: 0 });
    const context = await visit(convert, { cookie: 'consent=no; cv_vid=abc' });
    expect(context.consent).toBe('denied');
    arrive(testProject());
    await tick();
    await tick();
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
  });

  it('takes what is stored by a fingerprint, too: no job counts for it any more', async () => {
    const store = memoryStore();
    const visitor = { fingerprint: { secret: 'a secret of the test' } };
    const convert = create({ consent, store, visitor });
    const context = await visit(convert, { cookie: 'consent=yes' });
    context.runExperience('homepage-hero');
    await convert.flush();
    const slow = await visit(convert, { cookie: 'consent=yes' });
    slow.runExperience('featured');
    expect((await visit(convert, { cookie: 'consent=no' })).consent).toBe('denied');
    await convert.flush();
    await tick();
    expect(store.size).toBe(0);
    (await convert.forVisitor(context.visitorId)).trackConversion('purchase');
    await convert.flush();
    expect(collector.events).toHaveLength(1);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 2 });
  });

  it('is not brought back by a request that goes on after it, with what it decides then', async () => {
    const convert = create({ consent });
    const stream = await visit(convert, { cookie: 'consent=yes; cv_vid=abc' });
    stream.runExperience('homepage-hero');
    await convert.flush();
    expect((await visit(convert, { cookie: 'consent=no; cv_vid=abc' })).consent).toBe('denied');
    stream.runExperience('featured');
    stream.trackConversion('purchase');
    await convert.flush();
    expect(collector.events).toHaveLength(1);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 2 });
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
  });

  it('is not brought back by a request of the visitor that is under way', async () => {
    const convert = create({ consent });
    const slow = await visit(convert, { cookie: 'consent=yes; cv_vid=abc' });
    slow.runExperience('homepage-hero');
    expect((await visit(convert, { cookie: 'consent=no; cv_vid=abc' })).consent).toBe('denied');
    await convert.flush();
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
    expect(collector.requests).toHaveLength(0);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });
  });
});

describe('privacy signals', () => {
  const gpc = { 'sec-gpc': '1' };
  const projectWith = (settings: Record<string, unknown>): ProjectConfig => {
    const project = testProject();
    return { ...project, project: { ...project.project, settings } };
  };
  const everywhere = projectWith({ global_privacy_control: 'Worldwide' });
  const regional = projectWith({ global_privacy_control: 'EU ONLY' });
  const user = { visitor: { id: () => 'user-7' } };

  it('are nothing to a project that does not say so', async () => {
    const context = await visit(create(), gpc);
    expect(context.consent).toBe('granted');
    expect(context.runExperience('homepage-hero')).not.toBeNull();
  });

  it('deny without any consent configured; nothing is stored or sent', async () => {
    const store = memoryStore();
    const convert = create({ project: everywhere, store });
    const context = await visit(convert, { ...gpc, cookie: 'cv_vid=abc' });
    expect(context.runExperience('homepage-hero')).toBeNull();
    context.trackConversion('purchase');
    expect(context.visitorId).toBe('');
    expect(context.explain('homepage-hero')).toMatchObject({
      reason: 'consent',
      consent: { answer: 'denied', by: 'Sec-GPC' },
    });
    await convert.flush();
    expect(store.size).toBe(0);
    expect(collector.requests).toHaveLength(0);
  });

  it('delete what a cookie visitor had', async () => {
    const store = memoryStore();
    const convert = create({ project: everywhere, store });
    (await visit(convert, { cookie: 'cv_vid=abc' })).runExperience('homepage-hero');
    await convert.flush();
    expect(store.size).toBe(1);
    expect((await visit(convert, { ...gpc, cookie: 'cv_vid=abc' })).consent).toBe('denied');
    await tick();
    expect(store.size).toBe(0);
  });

  it('go by the country of the visitor, which the option geo tells', async () => {
    const convert = create({ project: regional, geo: 'cloudflare' });
    const from = async (country?: string) =>
      (await visit(convert, { ...gpc, ...(country && { 'cf-ipcountry': country }) })).consent;
    expect(await from('DE')).toBe('denied');
    expect(await from('us')).toBe('granted');
    expect(await from('XX')).toBe('denied');
    expect(await from()).toBe('denied');
  });

  it('delete nothing where the country of the visitor is not known, and may be the next time', async () => {
    const store = memoryStore();
    const convert = create({ project: regional, geo: 'cloudflare', store });
    const cookie = { cookie: 'cv_vid=abc' };
    const from = async (country?: string) => {
      const context = await visit(convert, {
        ...gpc,
        ...cookie,
        ...(country && { 'cf-ipcountry': country }),
      });
      const shown = context.runExperience('homepage-hero');
      await convert.flush();
      return { consent: context.consent, isShown: shown !== null, states: store.size };
    };
    expect(await from('US')).toEqual({ consent: 'granted', isShown: true, states: 1 });
    expect(await from()).toEqual({ consent: 'denied', isShown: false, states: 1 });
    expect(await from('US')).toEqual({ consent: 'granted', isShown: true, states: 1 });
    expect(await from('DE')).toEqual({ consent: 'denied', isShown: false, states: 0 });
  });

  it('leave open what the visitor says while no project config is there: nothing is deleted', async () => {
    const store = memoryStore();
    let arrive: (config: ProjectConfig) => void = () => undefined;
    const project = {
      description: 'late',
      start: (sink: ProjectSink) => (arrive = (config) => sink.config(config)),
      stop() {},
    };
    store.commit('1001-2002-abc', { goals: ['purchase'] }, { ephemeral: false });
    const convert = create({ store, project, readyTimeout: 0, consent: () => true });
    const early = await visit(convert, { ...gpc, cookie: 'cv_vid=abc' });
    expect(early.explain('homepage-hero').consent).toEqual({ answer: 'unknown', by: 'Sec-GPC' });
    expect(early.visitorId).toBe('');
    arrive(everywhere);
    await tick();
    expect(early.consent).toBe('unknown');
    expect(store.size).toBe(1);
    expect((await visit(convert, gpc)).consent).toBe('denied');
  });

  it('are those of the project config that is in force', async () => {
    let sink: ProjectSink | undefined;
    const project = {
      description: 'changing',
      start(to: ProjectSink) {
        sink = to;
        to.config(projectWith({ global_privacy_control: 'OFF' }));
      },
      stop() {},
    };
    const convert = create({ project });
    expect((await visit(convert, gpc)).consent).toBe('granted');
    sink?.config(everywhere);
    expect((await visit(convert, gpc)).consent).toBe('denied');
  });

  it('hold for jobs of a user, until a request of theirs carries none', async () => {
    const convert = create({ project: everywhere, ...user });
    const job = async (): Promise<string> => {
      const { answer, by } = (await convert.forVisitor('user-7')).explain('homepage-hero').consent;
      return `${answer} by ${by}`;
    };
    expect(await job()).toBe('granted by none');
    expect((await visit(convert, gpc)).consent).toBe('denied');
    await tick();
    expect(await job()).toBe('denied by stored');
    (await convert.forVisitor('user-7')).trackConversion('purchase');
    // What one job says is its own affair.
    const said = await convert.forVisitor('user-7', { consent: 'granted' });
    expect(said.explain('homepage-hero').consent).toEqual({ answer: 'granted', by: 'forVisitor' });
    said.runExperience('featured');
    await convert.flush();
    expect(await job()).toBe('denied by stored');
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });

    const back = await visit(convert);
    expect(back.consent).toBe('granted');
    back.runExperience('homepage-hero');
    await convert.flush();
    expect(await job()).toBe('granted by none');
  });

  it('take back a grant for jobs, where consent is configured', async () => {
    const convert = create({ project: everywhere, ...user, consent: () => true });
    const job = async () => (await convert.forVisitor('user-7')).explain('homepage-hero').consent;
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(await job()).toEqual({ answer: 'granted', by: 'stored' });
    expect((await visit(convert, gpc)).consent).toBe('denied');
    await tick();
    expect(await job()).toEqual({ answer: 'unknown', by: 'none' });
  });

  it.each(['silent', 'hold'] as const)('are a denial with the mode %s, too', async (mode) => {
    const consent = { resolve: () => undefined, mode };
    const convert = create({ project: everywhere, ...user, consent });
    const held = await visit(convert);
    held.runExperience('homepage-hero');
    await convert.flush();
    const denied = await visit(convert, gpc);
    expect(denied.runExperience('homepage-hero') === null).toBe(mode === 'hold');
    expect(denied.consent).toBe('denied');
    await convert.flush();
    await tick();
    expect(collector.requests).toHaveLength(0);
    // What was held of the visitor is gone.
    expect(convert.stats().delivery.reasons).toEqual(mode === 'hold' ? { consent: 1 } : {});
  });

  it('never count where the app says so, but for the opt-out that is Convert’s own', async () => {
    const convert = create({ project: everywhere, privacySignals: 'never' });
    expect((await visit(convert, gpc)).consent).toBe('granted');
    const opted = await visit(convert, { cookie: '_conv_prevent_tracking=true' });
    expect(opted.explain('homepage-hero').consent).toEqual({
      answer: 'denied',
      by: '_conv_prevent_tracking',
    });
  });
});

describe('who has answered', () => {
  const by = async (options: ConvertOptions, headers: Record<string, string> = {}): Promise<string> => {
    const { consent } = (await visit(create(options), headers)).explain('homepage-hero');
    return `${consent.answer} by ${consent.by}`;
  };

  it('is told by explain, for every reason', async () => {
    expect(await by({})).toBe('granted by none');
    expect(await by({ consent: () => true })).toBe('granted by function');
    expect(await by({ consent: () => undefined })).toBe('unknown by none');
    const cookie = { cookie: 'c', granted: 'y' };
    expect(await by({ consent: cookie }, { cookie: 'c=n' })).toBe('denied by cookie');
    expect(await by({ consent: 'cookiebot' }, { cookie: 'CookieConsent=-1' })).toBe('granted by cookiebot');
    expect(await by({ consent: () => true }, { 'user-agent': '' })).toBe('unknown by none');
    expect(await by({ consent: () => true, skip: () => true })).toBe('unknown by none');
  });
});

describe('failing open', () => {
  it('gives the original page where the engine fails, and the operator the reason', async () => {
    const fail = (): never => {
      throw new Error('bug');
    };
    const errors: ConvertError[] = [];
    const convert = create({
      engine: {
        name: 'broken',
        load: () => new Proxy({}, { get: (_, name) => (name === 'warnings' ? [] : fail) }),
      } as never,
    });
    convert.on('error', (error) => errors.push(error));
    const context = await visit(convert);
    expect(context.runExperience('homepage-hero')).toBeNull();
    expect(context.runExperiences()).toEqual([]);
    expect(context.runFeature('checkout-button')).toEqual({ key: 'checkout-button', status: 'disabled' });
    expect(context.runFeatures()).toEqual([]);
    expect(context.explain('homepage-hero').reason).toBe('disabled');
    expect(() => context.trackConversion('purchase')).not.toThrow();
    expect(() => context.runCustomSegments(['a'])).not.toThrow();
    expect(errors.every((error) => error.code === 'CONVERT_INTERNAL')).toBe(true);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(
      /a decision failed, the visitor gets the original \(Error at .*convert\.test\.ts/,
    );
  });

  it('takes nonsense from handlers without a word of harm', async () => {
    const convert = create();
    const context = await visit(convert);
    const anything = [undefined, null, 5, 'text', [], {}, Symbol('s')] as never[];
    for (const each of anything) {
      expect(() => {
        context.runExperience('homepage-hero', each);
        context.runFeature('checkout-button', each);
        context.runExperiences(each);
        context.trackConversion('purchase', each);
        context.setDefaultSegments(each);
        context.updateVisitorProperties(each);
        context.runCustomSegments(each);
        context.peek('homepage-hero', each);
      }).not.toThrow();
    }
  });

  it('drops a conversion whose data Convert does not take, and says why', async () => {
    const convert = create();
    const context = await visit(convert);
    for (const conversionData of [
      [{ key: 'amuont', value: 1 }],
      [{ key: 'amount', value: Number.NaN }],
      [{ key: 'amount' }],
      [null],
      { key: 'amount', value: 1 },
      [{ key: 'amount', value: 1n }],
      [
        {
          key: 'amount',
          get value(): number {
            throw new Error('not now');
          },
        },
      ],
    ]) {
      context.trackConversion('purchase', { conversionData: conversionData as never });
    }
    await convert.flush();
    expect(collector.requests).toHaveLength(0);
    expect(convert.stats().delivery).toMatchObject({ accepted: 7, dropped: 7, reasons: { 'bad-data': 7 } });
    expect(logged.join('\n')).toContain('unknown key; known are amount, productsCount');
  });

  it('survives functions of the app that answer later, and loggers that throw', async () => {
    const fail = async (): Promise<never> => {
      throw new Error('later');
    };
    for (const options of [{ skip: fail }, { bots: fail }, { visitor: { id: fail } }, { consent: fail }]) {
      const convert = create({ ...(options as unknown as ConvertOptions) });
      const context = await visit(convert);
      expect(() => context.runExperience('homepage-hero')).not.toThrow();
    }
    expect(logged).toHaveLength(4);
    expect(logged.every((line) => line.includes('returned a promise'))).toBe(true);
    const logger = {
      error: () => {
        throw new Error('logger');
      },
      warn: () => undefined,
    };
    const convert = create({ logger, skip: fail as never });
    expect((await visit(convert)).runExperience('homepage-hero')).not.toBeNull();
  });

  it('waits no longer for a store that hangs than a job and a shutdown may', async () => {
    const never = new Promise<never>(() => undefined);
    const convert = create({ store: { ...memoryStore(), close: () => never } as never });
    const before = performance.now();
    await convert.close({ timeout: 100 });
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(logged.join()).toContain('took too long');
  });

  it('bears property functions that ask for decisions themselves', async () => {
    const asked: ConvertContext[] = [];
    const convert = create({
      visitor: { id: () => 'u1' },
      properties: {
        visitor: () => {
          asked[0]?.runExperience('featured');
          return { utm_campaign: 'spring' };
        },
      },
    });
    asked.push(await visit(convert));
    expect(asked[0]?.runExperience('spring-sale')).toMatchObject({ experienceKey: 'spring-sale' });
    await convert.flush();
    const exposed = collector
      .exposures()
      .map((event) => (event.data as { experienceId: string }).experienceId);
    expect(exposed.sort()).toEqual(['104', '107']);
  });

  it('shows nothing of the instance to what serialises a context', async () => {
    const context = await visit(create());
    context.runExperience('homepage-hero');
    expect(JSON.stringify(context).length).toBeLessThan(200);
  });

  it('survives listeners that throw', async () => {
    const convert = create();
    convert.on('decision', () => {
      throw new Error('listener');
    });
    expect((await visit(convert)).runExperience('homepage-hero')).not.toBeNull();
    expect(logged).toEqual([expect.stringContaining("a listener for 'decision' threw (Error at ")]);
  });

  it('waits no longer for a slow store than it may', async () => {
    const never = new Promise<never>(() => undefined);
    const convert = create({ store: { get: () => never, set: () => never }, storeTimeout: 20 });
    const context = await visit(convert, { cookie: 'cv_vid=known' });
    expect(context.runExperience('homepage-hero')).not.toBeNull();
    expect(logged.join()).toContain('took too long');
  });

  it('decides nothing that depends on stored state which could not be read, and the rest by the hash', async () => {
    const never = new Promise<never>(() => undefined);
    const convert = create({ store: { get: () => never, set: () => never }, storeTimeout: 20 });
    const context = await visit(convert, { cookie: 'cv_vid=known' });
    const sale = { visitorProperties: { utm_campaign: 'spring' } };
    // Its audience is permanent: who has a variation keeps it.
    expect(context.runExperience('spring-sale', sale)).toBeNull();
    expect(context.explain('spring-sale', sale).reason).toBe('state-unavailable');
    expect(context.explain('homepage-hero').reason).toBe('bucketed');
    const newcomer = await visit(convert);
    expect(newcomer.explain('spring-sale', sale).reason).toBe('bucketed');
    const broken = create({
      store: {
        get: () => {
          throw new Error('down');
        },
        set: () => undefined,
      },
    });
    expect((await visit(broken, { cookie: 'cv_vid=known' })).explain('spring-sale', sale).reason).toBe(
      'state-unavailable',
    );
  });

  it('says once what of a config is not run', () => {
    const project = testProject();
    const rule = {
      key: 'path',
      value: '(?=a)(a+)+$',
      matching: { match_type: 'regexMatches', negated: false },
    };
    project.locations![0]!.rules = { OR: [{ AND: [{ OR_WHEN: [rule] }] }] };
    let sink: ProjectSink | undefined;
    create({
      project: { start: (given: ProjectSink) => void (sink = given), stop: () => undefined } as never,
    });
    sink!.config(project);
    sink!.config({ ...project, goals: [] });
    expect(logged).toEqual([
      'convert: the regular expression of the location "pricing", OR[0].AND[0].OR_WHEN[0], could hold the event loop: it is not run, and never matches',
    ]);
  });

  it('writes no visitor id, query, cookie or property into the log', async () => {
    const convert = create({
      visitor: { id: () => 'secret-visitor' },
      properties: { visitor: () => Promise.resolve({}) },
      store: { get: () => Promise.reject(new Error('down')), set: () => Promise.reject(new Error('down')) },
    });
    const context = await convert.open(
      incoming({ cookie: 'cv_vid=secret-cookie' }, { url: '/?q=secret-query' }),
      new FakeResponse(),
    );
    context.runExperience('spring-sale', { visitorProperties: { plan: 'secret-plan' } });
    context.runExperience('homepage-hero');
    context.trackConversion('purchase', { conversionData: [{ key: 'secret-key' as never, value: 1 }] });
    await convert.flush({ timeout: 50 });
    expect(logged.length).toBeGreaterThan(1);
    expect(logged.join('\n')).not.toContain('secret');
  });
});

describe('events', () => {
  it('tell of decisions and conversions, with their reasons', async () => {
    const convert = create({ visitor: { id: () => 'u1' } });
    const seen: unknown[] = [];
    convert.on('decision', ({ experienceKey, reason, enrolled }) =>
      seen.push([experienceKey, reason, enrolled]),
    );
    convert.on('conversion', ({ goalKey, outcome }) => seen.push([goalKey, outcome]));
    const off = convert.on('decision', () => seen.push('never'));
    off();
    const context = await visit(convert);
    context.runExperience('homepage-hero');
    context.runExperience('homepage-hero');
    context.runExperience('live-only');
    context.trackConversion('purchase');
    context.trackConversion('purchase');
    context.trackConversion('unknown');
    expect(seen).toEqual([
      ['homepage-hero', 'bucketed', true],
      ['homepage-hero', 'sticky', false],
      ['live-only', 'environment', false],
      ['purchase', 'tracked'],
      ['purchase', 'already-tracked'],
      ['unknown', 'goal-not-found'],
    ]);
  });

  it('tell of delivery', async () => {
    const convert = create();
    let count = 0;
    convert.on('delivered', (event) => (count += event.count));
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(count).toBe(1);
  });
});

describe('the wire', () => {
  it('is what the official SDK sends, from us', async () => {
    const convert = create({ visitor: { id: () => 'v-ü' }, geo: 'cloudflare' });
    const context = await visit(convert, { 'cf-ipcountry': 'DE', referer: 'https://www.google.com/' });
    const { id } = context.runExperience('homepage-hero')!;
    context.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 10.5 }] });
    await convert.flush();
    const [request] = collector.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/track/1001/2002' });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'ConvertAgent/1.0',
    });
    expect(request!.body).toEqual({
      enrichData: true,
      accountId: '1001',
      projectId: '2002',
      source: expect.stringMatching(/^convert-middleware\/\d+\.\d+\.\d+/) as unknown,
      visitors: [
        {
          visitorId: 'v-ü',
          segments: { country: 'DE', browser: 'CH', devices: ['DESK'], source: 'search', visitorType: 'new' },
          events: [
            { eventType: 'bucketing', data: { experienceId: '101', variationId: id } },
            { eventType: 'conversion', data: { goalId: '501', bucketingData: { 101: id } } },
            {
              eventType: 'conversion',
              data: { goalId: '501', goalData: [{ key: 'amount', value: 10.5 }], bucketingData: { 101: id } },
            },
          ],
        },
      ],
    });
  });
});

describe('jobs and webhooks', () => {
  it('track for a visitor who was here, and decide for one who was not', async () => {
    const convert = create();
    const context = await visit(convert);
    const { id } = context.runExperience('homepage-hero')!;
    await convert.flush();
    const known = await convert.forVisitor(context.visitorId);
    known.trackConversion('purchase');
    const stranger = await convert.forVisitor('crm-7', { properties: { utm_campaign: 'spring' } });
    expect(stranger.runExperience('spring-sale')).not.toBeNull();
    expect(stranger.consent).toBe('granted');
    await convert.flush();
    expect(collector.conversions()[0]).toMatchObject({
      visitorId: context.visitorId,
      data: { bucketingData: { 101: id } },
    });
    expect(collector.exposures().map((event) => event.visitorId)).toEqual([context.visitorId, 'crm-7']);
  });

  it('find a visitor by the id of our cookie, where the app has ids of its own', async () => {
    const convert = create({ visitor: { id: () => undefined } });
    const context = await visit(convert, { cookie: 'cv_vid=from-cookie' });
    const { id } = context.runExperience('homepage-hero')!;
    await convert.flush();
    (await convert.forVisitor('from-cookie')).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions()[0]?.data).toEqual({ goalId: '501', bucketingData: { 101: id } });
  });

  it('count nothing for nobody, and say so once', async () => {
    const convert = create();
    for (const id of [undefined, null, '']) {
      const nobody = await convert.forVisitor(id);
      expect(nobody.visitorId).toBe('');
      expect(nobody.explain('homepage-hero').reason).toBe('no-identity');
      expect(nobody.runExperience('homepage-hero')).toBeNull();
      nobody.trackConversion('purchase');
    }
    await convert.flush();
    expect(collector.requests).toHaveLength(0);
    expect(convert.stats().delivery.reasons).toEqual({ 'no-identity': 3 });
    expect(logged).toEqual([expect.stringContaining('no visitor id')]);
  });

  it('know what a request has decided that is not answered yet', async () => {
    const convert = create({ consent: () => true });
    const context = await visit(convert);
    const { id } = context.runExperience('homepage-hero')!;
    (await convert.forVisitor(context.visitorId)).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions()[0]?.data).toEqual({ goalId: '501', bucketingData: { 101: id } });
  });

  it('go by what they say of consent', async () => {
    const convert = create({ consent: () => true });
    (await convert.forVisitor('a', { consent: 'granted' })).trackConversion('purchase');
    (await convert.forVisitor('b', { consent: 'denied' })).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions().map((event) => event.visitorId)).toEqual(['a']);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });
  });
});

describe('the first project config', () => {
  let configServer: Server;
  let isUp: boolean;
  let asked: number;

  beforeEach(async () => {
    isUp = false;
    asked = 0;
    configServer = createServer((_request, response) => {
      asked += 1;
      if (isUp) response.setHeader('content-type', 'application/json').end(JSON.stringify(testProject()));
      else response.writeHead(503).end();
    });
    configServer.listen(0, '127.0.0.1');
    await once(configServer, 'listening');
  });
  afterEach(() => new Promise((resolve) => configServer.close(resolve)));

  const options = (): ConvertOptions => ({
    sdkKey: '1001/2002',
    endpoints: { config: `http://127.0.0.1:${(configServer.address() as AddressInfo).port}` },
    readyTimeout: 100,
  });

  it('is not waited for: pages are served from the first request, and decisions begin when it is there', async () => {
    const convert = create(options());
    setTimeout(() => (isUp = true), 2_000);
    const reasons = new Set<string>();
    const context = await visit(convert);
    expect(context.runExperience('homepage-hero')).toBeNull();
    expect(context.explain('homepage-hero').reason).toBe('not-ready');
    context.trackConversion('purchase');
    expect(convert.stats().delivery.reasons).toEqual({ 'not-ready': 1 });
    for (let n = 0; n < 200 && !reasons.has('bucketed'); n++) {
      const next = await visit(convert);
      reasons.add(next.explain('homepage-hero').reason);
      await sleep(50);
    }
    expect([...reasons]).toEqual(['not-ready', 'bucketed']);
    expect(asked).toBeGreaterThan(1);
    expect(logged.filter((line) => line.includes('503'))).toHaveLength(1);
    expect(logged.at(-1)).toContain('is back');
  });

  it('is waited for by the first requests, for a moment', async () => {
    isUp = true;
    const convert = create({ ...options(), readyTimeout: 10_000 });
    const opened = convert.open(incoming(), new FakeResponse());
    expect(opened).toBeInstanceOf(Promise);
    expect((await opened).runExperience('homepage-hero')).not.toBeNull();
    expect(convert.open(incoming(), new FakeResponse())).not.toBeInstanceOf(Promise);
  });

  it('is waited for by jobs', async () => {
    setTimeout(() => (isUp = true), 300);
    const convert = create(options());
    (await convert.forVisitor('job')).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions()).toHaveLength(1);
  });
});

describe('a project whose ids are numbers', () => {
  it('is decided, stored and sent as one whose ids are texts', async () => {
    const project = JSON.parse(JSON.stringify(testProject()), (key, value: unknown) => {
      if (['id', 'locations', 'audiences', 'goals'].includes(key) && typeof value === 'string')
        return Number(value);
      return value;
    }) as ReturnType<typeof testProject>;
    for (const each of project.experiences!) {
      each.locations = each.locations!.map(Number) as never;
      each.audiences = each.audiences!.map(Number) as never;
    }
    expect(typeof project.experiences![0]!.variations![0]!.id).toBe('number');
    const convert = create({ project, visitor: { id: () => 'u1' } });
    const context = await visit(convert);
    const given = {
      locationProperties: { path: '/pricing' },
      visitorProperties: { country: 'DE', device: 'mobile' },
    };
    const { id } = context.runExperience('german-pricing', given)!;
    expect(context.runFeature('checkout-button')).toMatchObject({ status: 'enabled' });
    context.trackConversion('purchase');
    await convert.flush();
    expect(collector.exposures()[0]?.data).toEqual({ experienceId: '102', variationId: id });
    expect(collector.conversions()[0]?.data).toMatchObject({ goalId: '501' });
    expect((await visit(convert)).explain('german-pricing', given).reason).toBe('sticky');
  });
});

describe('the environment', () => {
  it('is told of where nothing of the project runs in it', () => {
    const elsewhere = (environment: string) => ({
      ...testProject(),
      experiences: testProject().experiences!.map((each) => ({ ...each, environment })),
    });
    create({ project: elsewhere('production') });
    expect(logged).toEqual([
      expect.stringMatching(/no experience .* environment 'staging'; it has experiences for 'production'/),
    ]);
    create({ project: elsewhere('production'), environment: 'production' });
    create();
    create({ project: { ...testProject(), experiences: [] } });
    expect(logged).toHaveLength(1);
  });
});

describe('lifetime', () => {
  it('close sends what waits, resolves with the ledger, and does so once', async () => {
    const convert = create();
    (await visit(convert)).runExperience('homepage-hero');
    const closing = convert.close();
    expect(convert.close()).toBe(closing);
    expect(await closing).toMatchObject({ accepted: 1, delivered: 1, pending: 0 });
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(convert.stats().delivery).toMatchObject({ accepted: 2, dropped: 1, reasons: { closed: 1 } });
  });

  it('close gives up on a collector that hangs, in time', async () => {
    collector.change({ behaviour: () => 'hang' });
    const convert = create();
    (await visit(convert)).runExperience('homepage-hero');
    expect(await convert.close({ timeout: 100 })).toMatchObject({
      accepted: 1,
      dropped: 1,
      reasons: { closed: 1 },
    });
    expect(logged.at(-1)).toContain('closed with 1 events that could not be delivered');
  });

  it('many instances are no leak', () => {
    const before = process.listenerCount('beforeExit');
    const many = Array.from({ length: 20 }, () => create());
    expect(process.listenerCount('beforeExit')).toBeLessThanOrEqual(before + 1);
    expect(many).toHaveLength(20);
  });
});
