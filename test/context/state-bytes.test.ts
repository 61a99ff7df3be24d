/** What a job stores of one visitor is bounded, told once and counted. */
import { describe, expect, it } from 'vitest';
import { sdkEngine } from '../../src/sdk-engine.js';
import { collector, collectorPerTest, create, logged } from '../convert/setup.js';
import { ConvertSDK } from '../parity/sdk.js';

collectorPerTest();

const KEY = '1001-2002-v';

function kept() {
  const values = new Map<string, unknown>();
  const store = {
    get: (key: string) => values.get(key),
    set: (key: string, value: unknown) => void values.set(key, value),
  };
  return {
    store,
    bytes: () => Buffer.byteLength(JSON.stringify(values.get(KEY))),
    state: () => values.get(KEY),
  };
}

describe.each([
  ['the compiled engine', undefined],
  ['the official SDK', sdkEngine(ConvertSDK)],
])('F4: with %s, a visitor', (_name, engine) => {
  it('with 120 transactions whose ids have 30 KB is small, and each of them counts once', async () => {
    const { store, bytes } = kept();
    const convert = create({ store, ...(engine && { engine }) });
    const track = async (n: number): Promise<void> => {
      const visitor = await convert.forVisitor('v');
      visitor.trackConversion('purchase', {
        conversionData: [{ key: 'transactionId', value: `${'x'.repeat(30_000)}${n}` }],
        conversionSetting: { forceMultipleTransactions: true },
      });
      await visitor.flush();
    };
    for (let n = 0; n < 120; n++) await track(n);
    // One conversion of the goal itself, and the transactions.
    expect(collector.conversions()).toHaveLength(121);
    for (const n of [119, 50, 20]) await track(n);
    expect(collector.conversions()).toHaveLength(121);
    expect(bytes()).toBeLessThan(10_000);
  });

  it('with 60 properties of 77 KB keeps the variation, and the operator is told once', async () => {
    const { store, bytes, state } = kept();
    const convert = create({ store, ...(engine && { engine }) });
    for (let n = 0; n < 60; n++) {
      const visitor = await convert.forVisitor('v');
      visitor.runExperience('homepage-hero');
      visitor.updateVisitorProperties({ [`p${n}`]: 'x'.repeat(77_000), [`q${n}`]: n });
      await visitor.flush();
    }
    expect(bytes()).toBeLessThanOrEqual(64 * 1024);
    expect(state()).toMatchObject({
      bucketing: { 101: expect.any(String) as string },
      segments: { q0: 0, q59: 59 },
    });
    await expect.poll(() => convert.stats().state.trimmed).toBe(60);
    expect(logged.filter((line) => line.includes('maxStateBytes'))).toHaveLength(1);
  });
});

it('F4: maxStateBytes sets the bound, and a request sees all that it has set', async () => {
  const { store, bytes } = kept();
  const convert = create({ store, maxStateBytes: 200_000 });
  const visitor = await convert.forVisitor('v');
  visitor.updateVisitorProperties({ large: 'x'.repeat(150_000) });
  visitor.updateVisitorProperties({ small: 1 });
  expect(Object.keys(visitor.getVisitorData().segments ?? {})).toEqual(['large', 'small']);
  await visitor.flush();
  expect(bytes()).toBeGreaterThan(150_000);
  expect(() => create({ maxStateBytes: 100 })).toThrow(
    'option `maxStateBytes` must be a number of bytes from 4096 to 16777216 (given 100)',
  );
});
