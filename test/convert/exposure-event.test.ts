import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConvertEvents } from '../../src/context/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { visit } from '../support/http.js';
import { collectorPerTest, create } from './setup.js';
import '../support/loaded.js';

collectorPerTest();

type Exposure = ConvertEvents['exposure'];

describe('the event `exposure`', () => {
  it('comes once per stored assignment whose exposure was accepted, also on its diagnostics channel', async () => {
    const store = memoryStore();
    const convert = create({ store });
    const heard: Exposure[] = [];
    const published: unknown[] = [];
    const subscriber = (message: unknown): void => void published.push(message);
    subscribe('convert-middleware:exposure', subscriber);
    onTestFinished(() => void unsubscribe('convert-middleware:exposure', subscriber));
    convert.on('exposure', (event) => heard.push(event));
    const before = Date.now();
    for (let n = 0; n < 3; n++) {
      const visitor = await convert.forVisitor('v1');
      visitor.runExperience('homepage-hero');
      visitor.runExperience('homepage-hero');
      visitor.peek('checkout-test');
      await visitor.flush();
    }
    const { id, key } = (await convert.forVisitor('v1')).peek('homepage-hero')!;
    expect(heard).toEqual([
      {
        visitorId: 'v1',
        experienceId: '101',
        experienceKey: 'homepage-hero',
        variationId: id,
        variationKey: key,
        at: heard[0]?.at,
      },
    ]);
    expect(heard[0]?.at).toBeGreaterThanOrEqual(before);
    expect(published).toEqual(heard);
  });

  it('comes for one of two requests that decide at the same time', async () => {
    const convert = create();
    const heard: Exposure[] = [];
    convert.on('exposure', (event) => heard.push(event));
    const [one, other] = [await convert.forVisitor('v1'), await convert.forVisitor('v1')];
    one.runExperience('homepage-hero');
    other.runExperience('homepage-hero');
    await convert.flush();
    expect(heard).toHaveLength(1);
  });

  it('does not come if the outbox refuses the exposure, the store fails, or nothing is enrolled', async () => {
    const full = create({ delivery: { maxQueueBytes: 65_536, linger: 60_000 } });
    const broken = create({
      store: {
        get: () => undefined,
        set: () => {
          throw new Error('down');
        },
      },
    });
    const heard: Exposure[] = [];
    for (const convert of [full, broken]) convert.on('exposure', (event) => heard.push(event));
    (await full.forVisitor('x'.repeat(40_000))).runExperience('homepage-hero');
    (await broken.forVisitor('v1')).runExperience('homepage-hero');
    const context = await visit(full);
    context.peek('homepage-hero');
    context.runExperience('homepage-hero', { enableStorage: false });
    await Promise.all([full.flush(), broken.flush()]);
    expect(heard).toEqual([]);
    expect(full.stats().delivery.reasons).toEqual({ 'too-large': 1 });
  });
});
