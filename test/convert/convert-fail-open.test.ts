/** A Convert where something fails: the page is served, and the operator hears of it. */
import { describe, expect, it, vi } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import type { ConvertOptions } from '../../src/options/types.js';
import type { ProjectSink } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ConvertError } from '../../src/utils/errors.js';
import { incoming } from '../identity/support.js';
import { FakeResponse, visit } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

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
    expect(context.runFeatures().map(({ status }) => status)).toEqual(['disabled', 'disabled']);
    expect(context.explain('homepage-hero').reason).toBe('disabled');
    expect(() => context.trackConversion('purchase')).not.toThrow();
    expect(() => context.runCustomSegments(['a'])).not.toThrow();
    expect(errors.every((error) => error.code === 'CONVERT_INTERNAL')).toBe(true);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(
      /a decision failed, the visitor gets the original \(Error at .*convert-fail-open\.test\.ts/,
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

  it('says once what of a config is not run', async () => {
    const project = testProject();
    const rule = {
      key: 'path',
      value: '(?=a)(a+)+$',
      matching: { match_type: 'regexMatches', negated: false },
    };
    project.locations![0]!.rules = { OR: [{ AND: [{ OR_WHEN: [rule] }] }] };
    let sink: ProjectSink | undefined;
    const convert = create({
      project: { start: (given: ProjectSink) => void (sink = given), stop: () => undefined } as never,
    });
    sink!.config(project);
    sink!.config({ ...project, goals: [] });
    await vi.waitFor(() => expect(convert.stats().project.changes).toBe(1), 30_000);
    expect(logged.map(messageOf)).toEqual([
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
