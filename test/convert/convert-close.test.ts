/** How a Convert commits what was decided, and what it does at its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

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
      return [context.isNewVisitor, visitorType, /^cv_ses=1\.\w+\.(.)/.exec(response.cookies.join())?.[1]];
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
    expect(logged.at(-1)).toContain('closed with 1 event that could not be delivered');
  });

  it('close waits for a store that does not answer no longer than the events can be sent', async () => {
    const never = new Promise<never>(() => undefined);
    const store = { ...memoryStore(), remote: true, commit: () => never, close: () => never };
    const convert = create({ store: store as never });
    for (let n = 0; n < 2; n++) (await visit(convert)).runExperience('homepage-hero');
    // With the whole time for the store, no event would be sent.
    expect(await convert.close({ timeout: 1_000 })).toMatchObject({ accepted: 2, delivered: 2, dropped: 0 });
    expect(logged).toEqual([
      expect.stringContaining('closed before the visitor store had taken 2 changes, which may be lost'),
    ]);
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(logged).toHaveLength(1);
  });

  it('many instances are no leak', () => {
    const before = process.listenerCount('beforeExit');
    const many = Array.from({ length: 20 }, () => create());
    expect(process.listenerCount('beforeExit')).toBeLessThanOrEqual(before + 1);
    expect(many).toHaveLength(20);
  });
});
