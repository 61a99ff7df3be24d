/** Mutual exclusion, as SDK 5.x has it: by the vectors of its tests and of its siblings. */
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import type { RuleEntityConfig, RuleSet } from '../../../src/model/project-config.js';
import { applyChange } from '../../../src/model/visitor-state/apply-change.js';
import type { VisitorState } from '../../../src/model/visitor-state/types.js';
import { rules } from '../../support/project.js';
import { visitor } from '../conformance.js';

const IN_A = { bucketing: { 100111: '100901' } };
const IN_B = { bucketing: { 100222: '100902' } };
const GONE = { bucketing: { 100111: 'gone' } };

const isIn = (value: unknown, negated?: boolean) => ({
  rule_type: 'bucketed_into_experience_key',
  value,
  matching: { match_type: 'equals', ...(negated !== undefined && { negated }) },
});
const only = (value: unknown, negated?: boolean): RuleSet => or(isIn(value, negated));
const or = (...rule: object[]): RuleSet => ({ OR: rule.map((each) => ({ AND: [{ OR_WHEN: [each] }] })) });
const and = (...rule: object[]): RuleSet => ({ OR: [{ AND: rule.map((each) => ({ OR_WHEN: [each] })) }] });
const country = rules({ key: 'country', value: 'US' }).OR[0]!.AND[0]!.OR_WHEN[0]!;
const isPro = rules({ key: 'plan', value: 'pro' });

interface Setup {
  audiences: RuleSet[];
  match?: 'all' | 'any';
  type?: string;
  order?: 'ab' | 'ba';
}

function load({ audiences, match = 'all', type = 'transient', order = 'ab' }: Setup) {
  const entities = audiences.map((each, index): RuleEntityConfig => {
    return { id: `70${index}`, key: `audience-${index}`, type, rules: each };
  });
  const a = { id: '100111', key: 'exp-a', variations: [{ id: '100901', key: 'a' }] };
  const b = {
    id: '100222',
    key: 'exp-b',
    audiences: entities.map(({ id }) => id),
    settings: { matching_options: { audiences: match } },
    variations: [{ id: '100902', key: 'b' }],
  };
  return compiledEngine().load({
    account_id: '1',
    project: { id: '2' },
    experiences: order === 'ab' ? [a, b] : [b, a],
    audiences: entities,
  });
}

describe('mutual exclusion', () => {
  it.each<[string, RuleSet, VisitorState, Record<string, unknown>, boolean]>([
    ['in A, is not', only('exp-a', false), {}, {}, false],
    ['not in A, is not', only('exp-a', true), {}, {}, true],
    ['in A, is', only('exp-a', false), IN_A, {}, true],
    ['not in A, is', only('exp-a', true), IN_A, {}, false],
    ['not in A, is in B', only('exp-a', true), IN_B, {}, true],
    ['in an unknown one', only('exp-zz', false), {}, {}, false],
    ['not in an unknown one', only('exp-zz', true), {}, {}, true],
    [
      'another rule of the same part is not asked',
      and(country, isIn('exp-a', true)),
      {},
      { country: 'GB' },
      true,
    ],
    ['nor one of another branch', or(country, isIn('exp-a', true)), IN_A, { country: 'US' }, false],
    ['the first such rule counts', or(isIn('exp-a', false), isIn('exp-b', false)), IN_B, {}, false],
    ['a variation that is gone counts', only('exp-a', false), GONE, {}, true],
    ['negated is missing', only('exp-a'), IN_A, {}, true],
    ['the key is compared as text', only(['exp-a'], false), IN_A, {}, true],
  ])('%s', (_name, audience, state, properties, served) => {
    const subject = visitor({ state, visitor: properties });
    const decision = load({ audiences: [audience] }).experience('exp-b', subject, {});
    expect(decision.variation !== null).toBe(served);
    if (!served) expect(decision.reason).toBe('exclusion');
  });

  it.each<[string, 'all' | 'any', VisitorState, Record<string, unknown>, boolean]>([
    ['pro, not in A', 'all', {}, { plan: 'pro' }, true],
    ['pro, in A', 'all', IN_A, { plan: 'pro' }, false],
    ['not pro, not in A', 'any', {}, {}, true],
    ['not pro, not in A', 'all', {}, {}, false],
    ['not pro, in A', 'any', IN_A, {}, false],
  ])('beside another audience: %s, %s', (_name, match, state, properties, served) => {
    const project = load({ audiences: [isPro, only('exp-a', true)], match });
    const decision = project.experience('exp-b', visitor({ state, visitor: properties }), {});
    expect(decision.variation !== null).toBe(served);
  });

  it.each<[string, Setup, string[], string[]]>([
    ['A comes first', { audiences: [only('exp-a', true)] }, ['a'], ['a']],
    ['B comes first, transient', { audiences: [only('exp-a', true)], order: 'ba' }, ['b', 'a'], ['a']],
    [
      'B comes first, permanent',
      { audiences: [only('exp-a', true)], order: 'ba', type: 'permanent' },
      ['b', 'a'],
      ['b', 'a'],
    ],
    ['B excludes itself', { audiences: [only('exp-b', true)] }, ['a', 'b'], ['a']],
  ])('counts what the same call decided before: %s', (_name, setup, first, second) => {
    const project = load(setup);
    let state: VisitorState = {};
    const run = (): string[] =>
      project.experiences(visitor({ state }), {}).flatMap(({ variation, change }) => {
        if (change) ({ state } = applyChange(state, change));
        return variation?.key ?? [];
      });
    expect(run()).toEqual(first);
    expect(run()).toEqual(second);
  });

  it('says which rule keeps a visitor out', () => {
    const project = load({ audiences: [and(country, isIn('exp-a', true))] });
    expect(project.explain('exp-b', visitor({ state: IN_A }), {}).failed).toEqual([
      {
        type: 'exclusion',
        id: '700',
        key: 'audience-0',
        rules: [
          {
            path: 'OR[0].AND[1].OR_WHEN[0]',
            problem: 'no-match',
            property: 'bucketed_into_experience_key',
            negated: true,
            expected: 'exp-a',
          },
        ],
      },
    ]);
  });
});
