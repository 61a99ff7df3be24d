/** Preview links and features, consent and methods. */
import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../src/engine.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { sdkEngine } from '../../src/sdk-engine.js';
import { collector, collectorPerTest, create } from '../convert/setup.js';
import { incoming } from '../identity/support.js';
import { FakeResponse } from '../support/http.js';

collectorPerTest();

const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;
const LINK = '/?convert_preview=104.1041';
const SHOWN = { key: 'checkout-button', status: 'enabled', variables: { price: 12, caption: 'Get' } };

async function previewed(options: ConvertOptions = {}, request: object = {}) {
  const convert = create({ visitor: { id: () => 'u3' }, ...options });
  const response = new FakeResponse();
  const context = await convert.open({ ...incoming({}), method: 'GET', url: LINK, ...request }, response);
  return { convert, context };
}

describe.each([compiledEngine(), sdkEngine(ConvertSDK)])(
  'a preview link, with the engine $name',
  (engine) => {
    it('B7: features follow it', async () => {
      const { context: other } = await previewed({ engine }, { url: '/' });
      expect(other.peek('featured')!.id).toBe('1040');
      const { convert, context } = await previewed({ engine });
      expect(context.runExperience('featured')!.id).toBe('1041');
      expect(context.runFeature('checkout-button')).toMatchObject(SHOWN);
      expect(context.runFeature('checkout-button', { typeCasting: false })).toMatchObject({
        variables: { price: '12' },
      });
      expect(context.runFeatures().map(({ key, status }) => `${key} ${status}`)).toEqual([
        'checkout-button enabled',
        'unused-feature disabled',
      ]);
      expect(context.runFeature('checkout-button', { all: true })).toMatchObject([SHOWN]);
      expect(context.runFeature('unused-feature')).toMatchObject({ status: 'disabled' });
      expect(context.runFeature('checkout-button', { experienceKeys: ['homepage-hero'] })).toMatchObject({
        status: 'disabled',
      });
      await convert.flush();
      expect(collector.events).toEqual([]);
    });

    it.each(['denied', 'unknown'] as const)(
      'B7: it works with consent %s, and leaves no trace',
      async (answer) => {
        const { convert, context } = await previewed({ engine, consent: () => answer });
        expect(context.runExperience('featured')!.id).toBe('1041');
        expect(context.explain('featured')).toMatchObject({ reason: 'preview', variation: { id: '1041' } });
        expect(context.runFeature('checkout-button')).toMatchObject(SHOWN);
        expect(context.runFeatures()).toMatchObject([SHOWN, { key: 'unused-feature', status: 'disabled' }]);
        expect(context.runExperiences().map(({ id }) => id)).toEqual(['1041']);
        expect(context.runExperience('homepage-hero')).toBeNull();
        expect(context.explain('homepage-hero').reason).toBe('consent');
        expect(context.bridge.json()).toBe('{"variations":{"featured":"version-b"},"exposed":[]}');
        context.trackConversion('purchase');
        await convert.flush();
        expect(collector.events).toEqual([]);
      },
    );

    it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('B7: it has no effect on a %s', async (method) => {
      const { context } = await previewed({ engine }, { method });
      expect(context.explain('featured').reason).not.toBe('preview');
    });
  },
);
