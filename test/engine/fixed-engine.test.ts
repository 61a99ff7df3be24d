import { describe, expect, it } from 'vitest';
import { fixedEngine } from '../../src/engine/fixed-engine.js';
import { adoptProject } from '../../src/project/parse-config.js';
import { testProject } from '../support/project.js';
import { engineConformance, visitor } from './conformance.js';

engineConformance(fixedEngine(), { explainsRules: true, decidesByRules: false });

describe('the engine fixed, beyond that', () => {
  const load = () => fixedEngine().load(adoptProject(testProject(), 'the test project'));

  it('gives everybody the first running variation, whatever rules and traffic say', () => {
    const config = testProject();
    Object.assign(config.experiences![1]!.variations![0]!, { status: 'paused' });
    Object.assign(config.experiences![1]!.variations![1]!, { status: undefined, traffic_allocation: 1 });
    config.experiences![1]!.site_area = { OR: [] };
    const project = fixedEngine().load(adoptProject(config, 'the test project'));
    for (let n = 0; n < 200; n++) {
      const decision = project.experience('german-pricing', visitor({ id: `v${n}` }), {});
      expect(decision).toMatchObject({ reason: 'bucketed', variation: { id: '1021', key: 'version-b' } });
    }
  });

  it('gives it also where the layout is that of version 12', () => {
    const config = testProject();
    Object.assign(config.experiences![0]!, { version: 12 });
    Object.assign(config.experiences![0]!.variations![0]!, { status: 'stopped' });
    const project = fixedEngine().load(adoptProject(config, 'the test project'));
    for (let n = 0; n < 200; n++) {
      expect(project.experience('homepage-hero', visitor({ id: `v${n}` }), {}).variation?.id).toBe('1011');
    }
  });

  it('tracks a goal that has rules with any rule data, and one that nobody declared by its key', () => {
    const project = load();
    const outcome = project.conversion('signup', visitor({}), { ruleData: { plan: 'free' } });
    expect(outcome).toMatchObject({ reason: 'tracked', events: [{ event: { data: { goalId: '502' } } }] });
    const unknown = visitor({});
    const conversionData = [{ key: 'amount' as const, value: 10 }];
    expect(project.conversion('anything', unknown, { conversionData, ruleData: {} })).toEqual({
      reason: 'tracked',
      change: { goals: ['anything'] },
      events: [
        { event: { eventType: 'conversion', data: { goalId: 'anything' } }, claim: 'goal:anything' },
        {
          event: { eventType: 'conversion', data: { goalId: 'anything', goalData: conversionData } },
          claim: 'goal:anything',
        },
      ],
    });
    const again = visitor({ state: { goals: { anything: true } } });
    expect(project.conversion('anything', again, {}).reason).toBe('already-tracked');
  });

  it('puts visitors into every segment that is named, once', () => {
    const state = { segments: { customSegments: ['801'] } };
    const change = load().customSegments(['big-spenders', 'vip', 'vip'], visitor({ state }), {});
    expect(change).toEqual({ segments: { customSegments: ['801', 'vip'] } });
  });

  it('explains that nothing failed and nothing is missing', () => {
    const explanation = load().explain('german-pricing', visitor({ location: {} }), {});
    expect(explanation).toMatchObject({ decision: { reason: 'bucketed' }, failed: [], missing: [] });
  });

  it('leaves the config as it is', () => {
    const config = adoptProject(testProject(), 'the test project');
    fixedEngine().load(config).experiences(visitor({}), {});
    expect(config).toEqual(testProject());
  });
});
