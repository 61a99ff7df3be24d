/** The settings that decide which visitor gets which variation, judged by the official SDK itself. */
import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../src/engine/compiled-engine.js';
import type { BucketingOptions, Engine } from '../../src/engine/types.js';
import { createConvert } from '../../src/convert/convert.js';
import { sdkEngine } from '../../src/sdk-engine.js';
import { testProject } from '../support/project.js';
import { visitor } from './conformance.js';

const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;
const IDS = Array.from({ length: 300 }, (_, n) => `visitor-${n}-ü`);

const config = () => {
  const project = testProject();
  project.experiences = ['101', '102', '103'].map((id) => ({
    ...project.experiences![0]!,
    id,
    key: `e${id}`,
    variations: [30, 40, 20].map((share, index) => ({
      id: `${id}${index}`,
      key: `v${index}`,
      status: 'running',
      traffic_allocation: share,
    })),
  }));
  return project;
};

function judged(bucketing: BucketingOptions): unknown[] {
  const sdk = new ConvertSDK({
    data: config() as never,
    bucketing,
    network: { tracking: false },
    logger: { logLevel: 5, customLoggers: [] },
  } as never);
  const attributes = { locationProperties: { path: '/' }, visitorProperties: {} };
  return IDS.map((id) => sdk.createContext(id)!.runExperiences(attributes));
}

const decided = (engine: Engine): unknown[] => {
  const project = engine.load(config());
  return IDS.map((id) =>
    project.experiences(visitor({ id }), {}).flatMap(({ variation }) => variation ?? []),
  );
};

describe.each<BucketingOptions>([
  {},
  { excludeExperienceIdHash: true },
  { excludeExperienceIdHash: false },
  { hash_seed: 1 },
  { hash_seed: 4_294_967_295 },
  { max_traffic: 5_000 },
  { max_traffic: 20_000 },
  { excludeExperienceIdHash: true, hash_seed: 31, max_traffic: 12_345 },
])('D5: bucketing %j', (bucketing) => {
  it('gives the variations of the SDK', () => {
    const theirs = judged(bucketing);
    expect(decided(compiledEngine({ bucketing }))).toEqual(theirs);
    expect(decided(sdkEngine(ConvertSDK, { bucketing }))).toEqual(theirs);
    const isDefault = Object.values(bucketing).every((value) => value === false);
    expect(JSON.stringify(theirs) === JSON.stringify(judged({}))).toBe(isDefault);
  });
});

it('D5: rules.keys_case_sensitive has no effect in the SDK, and is refused here with that reason', () => {
  const rule = {
    rule_type: 'generic_text_key_value',
    key: 'Country',
    value: 'DE',
    matching: { match_type: 'matches', negated: false },
  };
  const project = config();
  project.audiences = [{ id: '1', key: 'a', rules: { OR: [{ AND: [{ OR_WHEN: [rule] }] }] } }];
  for (const each of project.experiences!) each.audiences = ['1'];
  const sdk = new ConvertSDK({
    data: project as never,
    rules: { keys_case_sensitive: false },
    network: { tracking: false },
    logger: { logLevel: 5, customLoggers: [] },
  } as never);
  const attributes = { locationProperties: { path: '/' }, visitorProperties: { country: 'DE' } };
  expect(sdk.createContext('v1')!.runExperiences(attributes)).toEqual([]);
  expect(() => createConvert({ project, rules: { keys_case_sensitive: false } } as never)).toThrow(
    'SDK 4.4 does so',
  );
});
