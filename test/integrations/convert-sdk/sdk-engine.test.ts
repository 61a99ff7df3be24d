import { createRequire } from 'node:module';
import type Sdk from '@convertcom/js-sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EngineVisitor } from '../../../src/engine/types.js';
import { applyChange } from '../../../src/model/visitor-state/apply-change.js';
import { sdkEngine } from '../../../src/sdk-engine.js';
import { engineConformance, visitor } from '../../engine/conformance.js';
import { rules, testProject } from '../../support/project.js';

// As Node gives it; what a bundler makes of the import differs.
const { default: ConvertSDK } = createRequire(import.meta.url)('@convertcom/js-sdk') as typeof Sdk;

const newSdk = () =>
  new ConvertSDK({
    data: structuredClone(testProject()) as never,
    network: { tracking: false },
    logger: { logLevel: 5, customLoggers: [] },
  } as never);

engineConformance(sdkEngine(ConvertSDK), { explainsRules: false });

describe('sdkEngine', () => {
  afterEach(() => vi.restoreAllMocks());

  it('takes the class however the package arrives', () => {
    for (const given of [ConvertSDK, { default: ConvertSDK }, { default: { default: ConvertSDK } }]) {
      expect(sdkEngine(given).name).toBe('@convertcom/js-sdk');
    }
  });

  it.each([
    ['nothing', undefined],
    ['an object', {}],
    ['an instance', newSdk()],
  ])('refuses %s, and says what is meant', (_name, given) => {
    expect(() => sdkEngine(given)).toThrow(/sdkEngine\(ConvertSDK\)/);
  });

  it('refuses a version with another inside, and names the supported ones', () => {
    expect(() => sdkEngine(class {})).toThrow(/not supported \(no _apiManager.enqueue\); install 4\.4\.x/);
  });

  it('decides as the SDK itself does', () => {
    const project = sdkEngine(ConvertSDK, { strictSdk: true }).load(testProject());
    // Two of them: running features, the SDK changes the config that it answers experiences from.
    const [original, forFeatures] = [newSdk(), newSdk()];
    for (let n = 0; n < 200; n++) {
      const id = `visitor-${n}-ü`;
      const location = { path: n % 2 === 0 ? '/pricing' : '/' };
      const properties = { country: n % 3 === 0 ? 'DE' : 'FR', device: 'mobile' };
      const attributes = { locationProperties: location, visitorProperties: properties };
      const theirs = original.createContext(id)!.runExperiences(attributes);
      const subject = visitor({ id, location, visitor: properties });
      const ours = project.experiences(subject, {}).flatMap(({ variation }) => variation ?? []);
      expect(ours).toEqual(theirs);
      expect(project.feature('checkout-button', subject, {}).features).toEqual([
        forFeatures.createContext(id)!.runFeature('checkout-button', attributes),
      ]);
    }
  });

  it('knows the environment of a visitor as contexts give it: by a getter of a class', () => {
    const { environment, ...rest } = visitor({});
    const subject = Object.assign(Object.create({ environment }) as EngineVisitor, rest);
    const project = sdkEngine(ConvertSDK).load(testProject());
    const decided = project.experiences(subject, {}).filter(({ variation }) => variation);
    expect(decided.map(({ experienceKey }) => experienceKey)).toEqual(['homepage-hero', 'featured']);
    expect(project.feature('checkout-button', subject, {}).features[0]?.status).toBe('enabled');
  });

  it('enrols as the SDK does with strictSdk: in all experiences, whatever enableTracking says', () => {
    const project = sdkEngine(ConvertSDK, { strictSdk: true }).load(testProject());
    const { decisions } = project.feature('checkout-button', visitor({}), { enableTracking: false });
    expect(decisions.map((each) => each.experienceKey)).toEqual(['homepage-hero', 'featured']);
    expect(decisions.flatMap((each) => each.events)).toHaveLength(2);
    const untracked = project.experience('homepage-hero', visitor({}), { enableTracking: false });
    const { state } = applyChange({}, untracked.change!);
    expect(project.experience('homepage-hero', visitor({ state }), {}).events).toEqual([]);
  });

  it('D11: is not held up by a regular expression of a config, and names it', () => {
    const config = testProject();
    const regexes = ['^https?://shop/(a+)+$', '(x+x+)+y', '((a+)+(?<!b))\\1c$', '^/pri.*', 'a)'];
    config.audiences = regexes.map((value, index) => ({
      id: String(900 + index),
      key: `regex-${index}`,
      rules: rules({ key: 'url', value, match: 'regexMatches' }),
    }));
    config.experiences = regexes.map((_value, index) => ({
      ...config.experiences![0]!,
      id: String(index + 1),
      key: `e${index}`,
      audiences: [String(900 + index)],
    }));
    const project = sdkEngine(ConvertSDK).load(config);
    const hostile = [
      `https://shop/${'a'.repeat(5_000)}!`,
      'x'.repeat(5_000),
      `${'a'.repeat(5_000)}!`,
      '/pricing',
    ];
    const started = performance.now();
    const given = hostile.map((url) =>
      regexes.map(
        (_regex, index) => project.experience(`e${index}`, visitor({ visitor: { url } }), {}).reason,
      ),
    );
    // It took hours before, so this bound is no measurement.
    expect(performance.now() - started).toBeLessThan(60_000);
    const out = Array<string>(5).fill('not-decided');
    expect(given).toEqual([out, out, out, [...out.slice(0, 3), 'bucketed', 'not-decided']]);
    expect(project.warnings).toEqual([
      expect.stringMatching(/regular expression of the audience "regex-2".*never matches/),
    ]);
  });

  it('starts no timer, makes no request, says nothing', () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const said = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level),
    );
    const project = sdkEngine(ConvertSDK).load(testProject());
    for (let n = 0; n < 20; n++) project.experiences(visitor({ id: `v${n}` }), {});
    project.conversion('missing', visitor({}), {});
    project.feature('missing', visitor({}), {});
    expect(timers).not.toHaveBeenCalled();
    for (const spy of said) expect(spy).not.toHaveBeenCalled();
  });

  it('keeps nothing of one visitor for another, nor of one call for the next', () => {
    const project = sdkEngine(ConvertSDK).load(testProject());
    const first = project.experience('homepage-hero', visitor({}), {});
    expect(project.experience('homepage-hero', visitor({}), {})).toEqual(first);
    project.conversion('purchase', visitor({}), {});
    expect(project.conversion('purchase', visitor({}), {}).reason).toBe('tracked');
  });
});
