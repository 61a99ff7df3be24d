/** What every engine does. The ids of the cases are pinned: other documents refer to them. */
import { describe, expect, it } from 'vitest';
import type { Engine, EngineVisitor, FeatureAttributes, Properties } from '../../src/engine/types.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { applyChange } from '../../src/model/visitor-state/apply-change.js';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import { rules, testProject } from '../support/project.js';

export interface EngineCapabilities {
  /** Tells which rule left a visitor out; without, it says `not-decided`. */
  explainsRules: boolean;
  /** Asks rules and shares the traffic; without, all is as if they matched. Default true. */
  decidesByRules?: boolean;
}

const of = (values: Record<string, unknown>): Properties => ({
  get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
});

export function visitor(given: {
  id?: string;
  state?: VisitorState;
  location?: Record<string, unknown>;
  visitor?: Record<string, unknown>;
  environment?: string;
}): EngineVisitor {
  return {
    id: given.id ?? 'v1',
    state: given.state ?? {},
    locationProperties: of(given.location ?? { path: '/' }),
    visitorProperties: of(given.visitor ?? {}),
    environment: given.environment ?? 'staging',
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

export function engineConformance(
  engine: Engine,
  { explainsRules, decidesByRules = true }: EngineCapabilities,
): void {
  const itRuled = it.runIf(decidesByRules);
  const load = (change: (config: ProjectConfig) => void = () => undefined) => {
    const config = testProject();
    change(config);
    return engine.load(deepFreeze(config));
  };
  const german = {
    location: { path: '/pricing/x' },
    visitor: { country: 'DE', device: 'mobile' },
  };

  describe(`the engine ${engine.name}`, () => {
    it('D13: leaves nothing behind with enableStorage: false', () => {
      const project = load((config) => {
        config.experiences![0]!.locations = ['601'];
        config.experiences![3]!.locations = ['601'];
      });
      const subject = visitor(german);
      const attributes = {
        enableStorage: false,
        updateVisitorProperties: true,
        visitorProperties: { country: 'DE', device: 'mobile' },
      };
      const decisions = [
        project.experience('homepage-hero', subject, attributes),
        project.experience('homepage-hero', subject, { ...attributes, enableTracking: false }),
        project.explain('homepage-hero', subject, attributes).decision,
        ...project.experiences(subject, attributes),
        ...project.feature('checkout-button', subject, attributes).decisions,
        ...project.features(subject, attributes).decisions,
      ];
      expect(decisions.filter(({ variation }) => variation !== null).length).toBeGreaterThan(6);
      for (const { change, events } of decisions)
        expect({ change, events }).toEqual({ change: undefined, events: [] });
      // Nor is an exposure sent that is owed.
      const owed = visitor({ ...german, state: { bucketing: { '101': '1010' }, unexposed: ['101'] } });
      expect(project.experience('homepage-hero', owed, attributes)).toMatchObject({
        reason: decidesByRules ? 'sticky' : (expect.any(String) as unknown),
        events: [],
      });
    });

    it('E1 decides anew with a claim and an exposure that depends on it', () => {
      const decision = load().experience('homepage-hero', visitor({}), {});
      expect(decision).toMatchObject({
        experienceKey: 'homepage-hero',
        reason: 'bucketed',
        variation: { experienceId: '101', experienceKey: 'homepage-hero', experienceName: 'homepage-hero' },
      });
      const { id, bucketingAllocation } = decision.variation!;
      expect(bucketingAllocation).toBeGreaterThanOrEqual(0);
      expect(bucketingAllocation).toBeLessThan(10_000);
      expect(decision.change).toEqual({
        claims: { 101: { variationId: id, replaces: undefined, exposed: true } },
      });
      expect(decision.events).toEqual([
        {
          event: { eventType: 'bucketing', data: { experienceId: '101', variationId: id } },
          claim: 'experience:101',
        },
      ]);
    });

    it('E2 is a function of its arguments: same visitor, same answer; the traffic is shared', () => {
      const project = load();
      const seen = new Map<string, number>();
      for (let n = 0; n < 400; n++) {
        const subject = visitor({ id: `visitor-${n}` });
        const key = project.experience('homepage-hero', subject, {}).variation!.key;
        expect(project.experience('homepage-hero', subject, {}).variation!.key).toBe(key);
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
      expect([...seen.keys()].sort()).toEqual(decidesByRules ? ['original', 'version-b'] : ['original']);
      for (const count of seen.values()) expect(count).toBeGreaterThan(140);
    });

    it('E3 stays with a stored variation, even one that was stopped, and sends nothing', () => {
      const project = load((config) => {
        config.experiences![0]!.variations![1]!.status = 'stopped';
      });
      const decision = project.experience(
        'homepage-hero',
        visitor({ state: { bucketing: { 101: '1011' } } }),
        {},
      );
      expect(decision).toMatchObject({ reason: 'sticky', variation: { id: '1011' }, events: [] });
      expect(decision.change).toBeUndefined();
    });

    it('E4 decides anew where the stored variation no longer exists, and claims to replace it', () => {
      const decision = load().experience(
        'homepage-hero',
        visitor({ state: { bucketing: { 101: '999' } } }),
        {},
      );
      expect(decision.reason).toBe('bucketed');
      expect(decision.change?.claims?.['101']).toMatchObject({ replaces: '999' });
      expect(decision.events).toHaveLength(1);
    });

    it.each([
      ['missing', 'not-found'],
      ['archived-one', 'archived'],
      ['live-only', 'environment'],
      ['nobody', 'traffic'],
    ])('E5 says why %s is not decided: %s', (key, reason) => {
      const decision = load().experience(key, visitor({}), {});
      expect(decision).toEqual({
        experienceKey: key,
        variation: null,
        reason,
        events: [],
        change: undefined,
      });
    });

    itRuled('E6 asks location and audience, with all rules of each', () => {
      const project = load();
      const reason = (given: Parameters<typeof visitor>[0]) =>
        project.experience('german-pricing', visitor(given), {}).reason;
      expect(reason(german)).toBe('bucketed');
      expect(reason({ ...german, location: { path: '/' } })).toBe(explainsRules ? 'location' : 'not-decided');
      expect(reason({ ...german, location: {} })).toBe(explainsRules ? 'location' : 'not-decided');
      const audience = explainsRules ? 'audience' : 'not-decided';
      expect(reason({ ...german, visitor: { country: 'DE', device: 'desktop' } })).toBe(audience);
      expect(reason({ ...german, visitor: { country: 'DE' } })).toBe(audience);
    });

    itRuled('E7 checks a transient audience of a stored decision again, and a permanent one not', () => {
      const project = load();
      const state = { bucketing: { 102: '1020', 107: '1071' } };
      const transient = project.experience('german-pricing', visitor({ ...german, state, visitor: {} }), {});
      expect(transient.variation).toBeNull();
      const permanent = project.experience('spring-sale', visitor({ state }), {});
      expect(permanent).toMatchObject({ reason: 'sticky', variation: { id: '1071' } });
    });

    itRuled('E8 takes inline properties before those of the request, and stored segments after both', () => {
      const project = load();
      const state = { segments: { country: 'DE' } };
      const subject = visitor({ ...german, state, visitor: { device: 'mobile' } });
      expect(project.experience('german-pricing', subject, {}).reason).toBe('bucketed');
      const inline = { visitorProperties: { country: 'FR' } };
      expect(project.experience('german-pricing', subject, inline).variation).toBeNull();
      const elsewhere = { locationProperties: { path: '/' } };
      expect(project.experience('german-pricing', subject, elsewhere).variation).toBeNull();
      expect(
        project.experience('german-pricing', subject, { ...elsewhere, ignoreLocationProperties: true })
          .reason,
      ).toBe('bucketed');
    });

    it('E9 stores inline properties where it is told to, and nothing of the request', () => {
      const { change } = load().experience('homepage-hero', visitor({ visitor: { country: 'FR' } }), {
        visitorProperties: { plan: 'pro' },
        updateVisitorProperties: true,
      });
      expect(change?.segments).toEqual({ plan: 'pro' });
    });

    it('E10 gives a forced variation, where location and audience match, and claims to replace the stored one', () => {
      const project = load();
      const state = { bucketing: { 101: '1010' } };
      const forced = project.experience('homepage-hero', visitor({ state }), { forceVariationId: '1011' });
      expect(forced).toMatchObject({ reason: 'forced', variation: { id: '1011' } });
      expect(forced.change?.claims?.['101']).toMatchObject({ variationId: '1011', replaces: '1010' });
      expect(forced.events).toHaveLength(1);
      const same = project.experience('homepage-hero', visitor({ state }), { forceVariationId: '1010' });
      expect(same).toMatchObject({ variation: { id: '1010' }, events: [] });
      const unmatched = project.experience('german-pricing', visitor({}), { forceVariationId: '1020' });
      expect(unmatched.variation?.key).toBe(decidesByRules ? undefined : 'original');
    });

    it('E11 keeps an exposure owed that was not to be tracked, and sends it with the first tracked decision', () => {
      const project = load();
      const silent = project.experience('homepage-hero', visitor({}), { enableTracking: false });
      expect(silent.events).toEqual([]);
      expect(silent.change?.claims?.['101']?.exposed).toBe(false);
      const { state } = applyChange({}, silent.change!);
      expect(state.unexposed).toEqual(['101']);
      const again = project.experience('homepage-hero', visitor({ state }), { enableTracking: false });
      expect(again).toMatchObject({ reason: 'sticky', events: [] });
      const tracked = project.experience('homepage-hero', visitor({ state }), {});
      expect(tracked.events).toMatchObject([
        {
          event: { data: { experienceId: '101', variationId: tracked.variation?.id } },
          claim: 'exposure:101',
        },
      ]);
      const after = applyChange(state, tracked.change!).state;
      expect(project.experience('homepage-hero', visitor({ state: after }), {}).events).toEqual([]);
    });

    it('E12 decides all experiences in the order of the project', () => {
      const decisions = load().experiences(visitor(german), {});
      expect(decisions.map((each) => each.experienceKey)).toEqual(
        testProject().experiences!.map((each) => each.key),
      );
      const won = decisions.filter((each) => each.variation).map((each) => each.experienceKey);
      expect(won).toEqual([
        'homepage-hero',
        'german-pricing',
        'featured',
        ...(decidesByRules ? [] : ['spring-sale']),
      ]);
    });

    it('E13 casts the variables of a feature, in copies', () => {
      const project = load();
      const cast = project.feature('checkout-button', visitor({}), {});
      expect(cast.features).toMatchObject([
        { key: 'checkout-button', id: '301', status: 'enabled', experienceKey: 'featured' },
      ]);
      expect(cast.features[0]?.variables?.price).toBeTypeOf('number');
      expect(() => Object.assign(cast.features[0]!.variables!, { price: 1 })).toThrow();
      const raw = project.feature('checkout-button', visitor({}), { typeCasting: false });
      expect(raw.features[0]?.variables?.price).toBeTypeOf('string');
    });

    it('E14 enrols for a feature only where an experience carries it', () => {
      const project = load();
      const outcome = project.feature('checkout-button', visitor(german), {});
      expect(outcome.decisions.map((each) => each.experienceKey)).toEqual(['featured']);
      expect(outcome.decisions[0]?.events).toHaveLength(1);
      const silent = project.feature('checkout-button', visitor({}), { enableTracking: false });
      expect(silent.decisions[0]?.events).toEqual([]);
      expect(silent.decisions[0]?.change?.claims?.['104']?.exposed).toBe(false);
      for (const [key, status] of [
        ['unused-feature', { id: '302', name: 'Unused', key: 'unused-feature', status: 'disabled' }],
        ['unknown', { ...(!decidesByRules && { id: 'unknown' }), key: 'unknown', status: 'disabled' }],
      ] as const) {
        expect(project.feature(key, visitor({}), {})).toEqual({ features: [status], decisions: [] });
      }
      const elsewhere = project.feature('checkout-button', visitor({}), {
        experienceKeys: ['homepage-hero'],
      });
      expect(elsewhere).toMatchObject({ features: [{ status: 'disabled' }], decisions: [] });
    });

    it('E15 decides a feature by the first experience that gives it, and by each of them with `all`', () => {
      const project = load((config) => {
        const [first] = config.experiences!;
        for (const variation of first!.variations!) {
          variation.changes = [
            { id: 9, type: 'fullStackFeature', data: { feature_id: 301, variables_data: { price: '1' } } },
          ];
        }
      });
      const keysOf = (attributes: FeatureAttributes): unknown[] => {
        const { features, decisions } = project.feature('checkout-button', visitor({}), attributes);
        return [features, decisions].map((each) => each.map(({ experienceKey }) => experienceKey));
      };
      // Nobody is enrolled in an experience whose feature is not shown.
      expect(keysOf({})).toEqual([['homepage-hero'], ['homepage-hero']]);
      expect(keysOf({ experienceKeys: ['featured'] })).toEqual([['featured'], ['featured']]);
      const all = ['homepage-hero', 'featured'];
      expect(keysOf({ all: true })).toEqual([all, all]);
    });

    it('E16 lists all features, the undecided ones as disabled', () => {
      const { features, decisions } = load().features(visitor({}), {});
      expect(features.map((each) => `${each.key} ${each.status}`)).toEqual([
        'checkout-button enabled',
        'unused-feature disabled',
      ]);
      expect(decisions.map((each) => each.experienceKey)).toEqual(['featured']);
    });

    it('E17 tracks a goal once, with the bucketing it belongs to', () => {
      const project = load();
      const state = { bucketing: { 101: '1010' } };
      const first = project.conversion('purchase', visitor({ state }), {});
      expect(first).toEqual({
        reason: 'tracked',
        change: { goals: ['purchase'] },
        events: [
          {
            event: { eventType: 'conversion', data: { goalId: '501', bucketingData: { 101: '1010' } } },
            claim: 'goal:purchase',
          },
        ],
      });
      const again = project.conversion('purchase', visitor({ state: { goals: { purchase: true } } }), {});
      expect(again).toEqual({ reason: 'already-tracked', events: [] });
      const unknown = project.conversion('unknown', visitor({}), {});
      if (decidesByRules) expect(unknown).toEqual({ reason: 'goal-not-found', events: [] });
    });

    it('E18 sends transactions, repeated ones only where that is asked for', () => {
      const project = load();
      const conversionData = [{ key: 'amount' as const, value: 10 }];
      const first = project.conversion('purchase', visitor({}), { conversionData });
      expect(first.events.map(({ event }) => event.data)).toEqual([
        { goalId: '501' },
        { goalId: '501', goalData: conversionData },
      ]);
      const known = visitor({ state: { goals: { purchase: true } } });
      expect(project.conversion('purchase', known, { conversionData }).events).toEqual([]);
      const repeated = project.conversion('purchase', known, {
        conversionData,
        conversionSetting: { forceMultipleTransactions: true },
      });
      expect(repeated.events).toEqual([
        { event: { eventType: 'conversion', data: { goalId: '501', goalData: conversionData } } },
      ]);
    });

    it('E27 counts a transaction with an id once, also where they may repeat', () => {
      const project = load();
      const sale = (transactionId: string | number, repeats = true) => ({
        conversionData: [{ key: 'transactionId' as const, value: transactionId }],
        conversionSetting: { forceMultipleTransactions: repeats },
      });
      const first = project.conversion('purchase', visitor({}), sale('t1'));
      expect(first.events.map(({ claim }) => claim)).toEqual([
        'goal:purchase',
        'transaction:["purchase","t1"]',
      ]);
      expect(first.change).toEqual({ goals: ['purchase'], transactions: { purchase: ['t1'] } });
      const { state } = applyChange({}, first.change!);

      const again = project.conversion('purchase', visitor({ state }), sale('t1'));
      expect(again).toEqual({ reason: 'already-tracked', events: [] });
      const next = project.conversion('purchase', visitor({ state }), sale(2));
      expect(next.events).toHaveLength(1);
      expect(next.change).toEqual({ transactions: { purchase: ['2'] } });
      // One that may not repeat comes with the goal, and is remembered for those that may.
      const single = project.conversion('purchase', visitor({}), sale('t1', false));
      expect(single.events.map(({ claim }) => claim)).toEqual(['goal:purchase', 'goal:purchase']);
      expect(single.events.map(({ also }) => also)).toEqual([undefined, 'transaction:["purchase","t1"]']);
      expect(single.change).toEqual({ goals: ['purchase'], transactions: { purchase: ['t1'] } });
      // Another goal, and one without an id.
      const other = project.conversion('signup', visitor({ state }), sale('t1'));
      expect(other.events).toHaveLength(2);
      expect(project.conversion('purchase', visitor({ state }), sale('')).events).toHaveLength(1);
    });

    itRuled('E19 tracks with rule data only where the rules of the goal match', () => {
      const project = load();
      const outcome = (key: string, ruleData: Record<string, unknown>) =>
        project.conversion(key, visitor({}), { ruleData }).reason;
      expect(outcome('signup', { plan: 'pro' })).toBe('tracked');
      expect(outcome('signup', { plan: 'free' })).toBe('goal-rules');
      expect(outcome('purchase', { plan: 'pro' })).toBe('goal-rules');
    });

    it('E20 puts visitors into segments whose rules match, next to those they are in', () => {
      const project = load((config) => {
        config.segments!.push({ id: '802', key: 'others', rules: rules({ key: 'spent', value: 'little' }) });
      });
      const change = project.customSegments(
        ['big-spenders'],
        visitor({ state: { segments: { customSegments: ['802'] } } }),
        { ruleData: { spent: 'lots' } },
      );
      expect([...(change.segments?.customSegments as string[])].sort()).toEqual(['801', '802']);
      const none = project.customSegments(['big-spenders'], visitor({}), { ruleData: { spent: 'little' } });
      expect(none).toEqual(decidesByRules ? {} : { segments: { customSegments: ['801'] } });
    });

    it('E22 reads no property that no rule names', () => {
      const asked: string[] = [];
      const watched: Properties = { get: (name) => void asked.push(name) };
      load().experiences({ ...visitor({}), locationProperties: watched, visitorProperties: watched }, {});
      expect(asked).not.toContain('browser');
    });

    it('E23 changes nothing that it is given, and hands out nothing that can be changed', () => {
      const project = load();
      const state = deepFreeze<VisitorState>({
        bucketing: { 101: '1010' },
        goals: { signup: true },
        segments: { customSegments: ['1'] },
        locations: ['601'],
      });
      const subject = deepFreeze({ ...visitor({ ...german, state }) });
      project.experiences(subject, {});
      project.features(subject, {});
      project.conversion('purchase', subject, { conversionData: [{ key: 'amount', value: 1 }] });
      project.customSegments(['big-spenders'], subject, { ruleData: { spent: 'lots' } });
      const { variation } = project.experience('featured', subject, {});
      expect(Object.isFrozen(variation)).toBe(true);
      const other = load((config) => {
        Object.assign(config.experiences![0]!.variations![0]!, { note: { deep: [1] } });
        Object.assign(config.experiences![0]!.variations![1]!, { note: { deep: [1] } });
      }).experience('homepage-hero', subject, {}).variation as unknown as { note: { deep: number[] } };
      expect(() => other.note.deep.push(2)).toThrow();
      expect(() => ((variation!.changes as unknown[])[0] = null)).toThrow();
    });

    itRuled('E25 asks for features what it asks for experiences: stored segments count', () => {
      const project = load((config) => {
        config.experiences!.find((each) => each.key === 'featured')!.audiences = ['702'];
      });
      const status = (given: Parameters<typeof visitor>[0]) =>
        project.feature('checkout-button', visitor(given), {}).features[0]?.status;
      expect(status({})).toBe('disabled');
      expect(status({ state: { segments: { utm_campaign: 'spring' } } })).toBe('enabled');
      expect(
        project.features(visitor({ state: { segments: { utm_campaign: 'spring' } } }), {}).features[0]
          ?.status,
      ).toBe('enabled');
    });

    it('E26 neither stores nor exposes where it gives no variation', () => {
      const project = load((config) => {
        const [first] = config.experiences!;
        first!.variations = first!.variations!.map((each) => ({ ...each, id: Number(each.id) as never }));
      });
      const decision = project.experience('homepage-hero', visitor({}), {});
      if (decision.variation === null) expect([decision.change, decision.events]).toEqual([undefined, []]);
      else expect(decision.events).toHaveLength(1);
    });

    it('E24 bears configs with empty and missing parts', () => {
      const project = engine.load({ account_id: '1', project: { id: '2' } });
      expect(project.experience('any', visitor({}), {}).reason).toBe('not-found');
      expect(project.experiences(visitor({}), {})).toEqual([]);
      expect(project.features(visitor({}), {})).toEqual({ features: [], decisions: [] });
      const { reason } = project.conversion('any', visitor({}), {});
      expect(reason).toBe(decidesByRules ? 'goal-not-found' : 'tracked');
    });
  });
}
