/** Keys that the project does not have: the operator is told of each once, with the key that was probably meant. */
import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { expect, it } from 'vitest';
import { UnknownKeys } from '../../src/context/unknown-keys.js';
import { createConvert } from '../../src/convert/convert.js';
import { sdkEngine } from '../../src/sdk-engine.js';
import type { WarnOnce } from '../../src/utils/operator-log.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;

it.each([undefined, sdkEngine(ConvertSDK)])(
  'names the key that was meant, once, with the engine %j',
  async (engine) => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const logger = { error: log, warn: log };
    const convert = createConvert({ project: testProject(), engine, delivery: false, logger });
    for (const id of ['v1', 'v2']) {
      const visitor = await convert.forVisitor(id);
      for (const key of ['hompage-hero', 'something-else', 'nobody', 'live-only']) {
        visitor.runExperience(key);
        visitor.peek(key);
        visitor.explain(key);
      }
      for (const key of ['checkout-buton', 'unused-feature']) {
        visitor.runFeature(key);
        visitor.runFeature(key, { all: true });
      }
      visitor.trackConversion('purchas');
      visitor.trackConversion('signup', { ruleData: {} });
      visitor.runFeatures();
    }
    const denied = await convert.forVisitor('v3', { consent: 'denied' });
    denied.runExperience('not asked');
    expect(lines.map(messageOf)).toEqual([
      'convert: runExperience: the project has no experience "hompage-hero", so nobody is in it; did you mean ' +
        '"homepage-hero"?',
      'convert: runExperience: the project has no experience "something-else", so nobody is in it',
      'convert: runFeature: the project has no feature "checkout-buton", so it is disabled; did you mean ' +
        '"checkout-button"?',
      'convert: trackConversion: the project has no goal "purchas", so nothing is sent for it; did you mean ' +
        '"purchase"?',
    ]);
    await convert.close();
  },
);

it('tells of few keys, whatever an app takes from its requests, and quotes no text', () => {
  const told: Parameters<WarnOnce>[] = [];
  const unknown = new UnknownKeys((...each) => void told.push(each));
  const config = { ...testProject(), goals: undefined };
  const keys = ['two\nlines "\u202e', 'x'.repeat(100_000), `${'x'.repeat(100_000)}y`];
  for (const key of [...keys, ...Array.from({ length: 1_000 }, (_, n) => `key ${n}`)])
    unknown.met('goal', key, config);
  expect(told).toHaveLength(20);
  expect(told[0]![1]).toContain('no goal of a key that is not quoted');
  expect(told.every(([, text, detail = '']) => /^goal \d+$/.test(detail) && text.length < 300)).toBe(true);
  expect(told.at(-1)![1]).toMatch(/No further goal keys are told of$/);
});
