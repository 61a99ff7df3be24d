/** Why a visitor is left out: the entity, the rule, what it expected and what it found. */
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import type { EngineVisitor, ExperienceAttributes } from '../../../src/engine/types.js';
import type {
  ExperienceConfig,
  ProjectConfig,
  RuleEntityConfig,
  RuleSet,
} from '../../../src/model/project-config.js';
import { visitor } from '../conformance.js';

const rule = (key: string | undefined, match_type: string, value: unknown, negated = false) => ({
  rule_type: 'generic_text_key_value',
  ...(key !== undefined && { key }),
  value,
  matching: { match_type, negated },
});
const and = (...rules: object[]): RuleSet => ({ OR: [{ AND: rules.map((each) => ({ OR_WHEN: [each] })) }] });
const entity = (id: string, rules: RuleSet | null, more: object = {}): RuleEntityConfig => {
  return { id, key: `key-${id}`, name: `Name ${id}`, rules, ...more };
};

interface Parts extends Omit<Partial<ProjectConfig>, 'experiences'> {
  experience?: Partial<ExperienceConfig>;
}

function explain(
  { experience, ...more }: Parts,
  subject: EngineVisitor = visitor({}),
  attributes: ExperienceAttributes = {},
) {
  const project = compiledEngine().load({
    account_id: '1',
    project: { id: '2' },
    experiences: [
      {
        id: '100',
        key: 'e',
        settings: { matching_options: { audiences: 'any' } },
        variations: [{ id: '1000', key: 'v' }],
        ...experience,
      },
    ],
    ...more,
  });
  const { decision, failed, missing } = project.explain('e', subject, attributes);
  return { reason: decision.reason, failed, missing };
}

describe('explain', () => {
  it('tells nothing beyond the reason where no rule is behind it', () => {
    expect(explain({})).toEqual({ reason: 'bucketed', failed: [], missing: [] });
    expect(explain({ experience: { variations: [] } }).reason).toBe('no-variations');
    expect(explain({ experience: { environment: 'live' } }).reason).toBe('environment');
    expect(explain({ archived_experiences: [100] }).reason).toBe('archived');
    expect(explain({ experience: { key: 'other' } })).toEqual({
      reason: 'not-found',
      failed: [],
      missing: [],
    });
  });

  it('names the location, the rule in it, its operator, what it expects and what is there', () => {
    const locations = [
      entity('1', and(rule('url', 'contains', '/sale'), rule('path', 'startsWith', '/shop'))),
      entity('2', and(rule('path', 'equals', '/home', true))),
    ];
    const subject = visitor({ location: { path: '/home', url: 'https://shop.example/sale' } });
    expect(explain({ locations, experience: { locations: ['1', '2'] } }, subject)).toEqual({
      reason: 'location',
      failed: [
        {
          type: 'location',
          id: '1',
          key: 'key-1',
          name: 'Name 1',
          rules: [
            {
              path: 'OR[0].AND[1].OR_WHEN[0]',
              problem: 'no-match',
              property: 'path',
              operator: 'startsWith',
              negated: false,
              expected: '/shop',
              actual: '/home',
            },
          ],
        },
        {
          type: 'location',
          id: '2',
          key: 'key-2',
          name: 'Name 2',
          rules: [
            {
              path: 'OR[0].AND[0].OR_WHEN[0]',
              problem: 'no-match',
              property: 'path',
              operator: 'equals',
              negated: true,
              expected: '/home',
              actual: '/home',
            },
          ],
        },
      ],
      missing: [],
    });
    const siteArea = explain({ experience: { site_area: and(rule('path', 'equals', '/x')) } }, subject);
    expect(siteArea).toMatchObject({ reason: 'location', failed: [{ type: 'site-area', rules: [{}] }] });
  });

  it('lists every rule that one would have to match, in each branch', () => {
    const audience: RuleSet = {
      OR: [
        { AND: [{ OR_WHEN: [rule('a', 'equals', 1), rule('b', 'less', 5)] }] },
        { AND: [{ OR_WHEN: [rule('c', 'exists', '')] }, { OR_WHEN: [rule('d', 'isIn', 'x|y')] }] },
      ],
    };
    const subject = visitor({ visitor: { a: 2, b: 7, c: 'here' } });
    const told = explain({ audiences: [entity('1', audience)], experience: { audiences: ['1'] } }, subject);
    expect(told.reason).toBe('audience');
    expect(told.failed[0]!.rules.map(({ path, problem, actual }) => [path, problem, actual])).toEqual([
      ['OR[0].AND[0].OR_WHEN[0]', 'no-match', 2],
      ['OR[0].AND[0].OR_WHEN[1]', 'no-match', 7],
      ['OR[1].AND[1].OR_WHEN[0]', 'missing', undefined],
    ]);
    expect(told.missing).toEqual(['d']);
  });

  it('lists what nobody supplied also where the visitor is in', () => {
    const audience: RuleSet = {
      OR: [and(rule('a', 'equals', 1)).OR![0]!, and(rule('b', 'equals', 1)).OR![0]!],
    };
    const parts = { audiences: [entity('1', audience)], experience: { audiences: ['1'] } };
    expect(explain(parts, visitor({ visitor: { a: 1 } }))).toEqual({
      reason: 'bucketed',
      failed: [],
      missing: ['b'],
    });
  });

  it('tells rules that can never match from those that do not', () => {
    const audience = { OR: [rule(undefined, 'equals', 1), { key: 'x' }].map((each) => and(each).OR![0]!) };
    const told = explain({ audiences: [entity('1', audience)], experience: { audiences: ['1'] } });
    expect(told.failed[0]!.rules).toEqual([
      {
        path: 'OR[0].AND[0].OR_WHEN[0]',
        problem: 'unsupported-rule',
        property: 'generic_text_key_value',
        operator: 'equals',
        negated: false,
        expected: 1,
      },
      { path: 'OR[1].AND[0].OR_WHEN[0]', problem: 'invalid-rule' },
    ]);
    expect(told.missing).toEqual([]);
  });

  it('warns of two experiences with one key, of which the first decides', () => {
    const experience = (id: string) => ({ id, key: 'e', variations: [{ id: `${id}0`, key: 'v' }] });
    const config = { account_id: '1', project: { id: '2' }, experiences: [experience('1'), experience('2')] };
    const project = compiledEngine().load(config);
    expect(project.warnings).toEqual(['the experience "e" shares its key with another one, which decides']);
    expect(project.experience('e', visitor({}), {}).variation?.experienceId).toBe('1');
  });

  it('tells of regular expressions that are not run, and warns of them once when the config is loaded', () => {
    const url = rule('url', 'regexMatches', '(?=a)(a+)+$');
    const config: ProjectConfig = {
      account_id: '1',
      project: { id: '2' },
      experiences: [{ id: '100', key: 'e', locations: ['1'], variations: [{ id: '1000', key: 'v' }] }],
      locations: [entity('1', { OR: [{ AND: [{ OR_WHEN: [rule('url', 'equals', 'x'), url] }] }] })],
    };
    const project = compiledEngine().load(config);
    expect(project.warnings).toEqual([
      'the regular expression of the location "key-1", OR[0].AND[0].OR_WHEN[1], could hold the event loop: it is not run, and never matches',
    ]);
    const { failed } = project.explain('e', visitor({ location: { url: 'aaa' } }), {});
    expect(failed[0]!.rules.map(({ problem }) => problem)).toEqual(['no-match', 'unsafe-pattern']);
    expect(compiledEngine().load({ ...config, locations: [] }).warnings).toEqual([]);
    const long = { OR: [{ AND: [{ OR_WHEN: [rule('url', 'regexMatches', '(?=.*foo)(?=.*bar)', true)] }] }] };
    const limited = compiledEngine().load({ ...config, locations: [entity('1', long)] });
    expect(limited.warnings).toEqual([
      expect.stringMatching(/could hold the event loop: it is not run on values of more than \d+ characters/),
    ]);
    const at = (url: string) =>
      limited.experience('e', visitor({ location: { url } }), {}).variation !== null;
    expect([at('foobar'), at('foo'), at('x'.repeat(5000))]).toEqual([false, true, false]);
  });

  it('shows only the audiences that were asked, and what is wrong with the experience itself', () => {
    const audiences = [
      entity('1', and(rule('a', 'equals', 1)), { type: 'permanent' }),
      entity('2', and(rule('b', 'equals', 1)), { type: 'transient' }),
      entity('3', null),
    ];
    const experience = { audiences: ['1', '2', '3'] };
    const subject = visitor({ state: { bucketing: { 100: '1000' } } });
    const told = explain({ audiences, experience }, subject);
    expect(told.failed.map(({ id, rules }) => [id, rules.length])).toEqual([
      ['2', 1],
      ['3', 0],
    ]);
    const settings = explain({ audiences, experience: { ...experience, settings: {} } }, subject);
    expect(settings.failed.at(-1)?.rules).toEqual([
      { path: 'settings.matching_options', problem: 'invalid-rule' },
    ]);
  });

  it('names what the project does not have, and what has no rules', () => {
    const locations = [entity('1', null), entity('2', and(rule('path', 'doesNotExist', '')))];
    const told = explain({ locations, experience: { locations: ['1', '2', '9'] } });
    expect(told.failed).toMatchObject([
      { id: '1', problem: 'no-rules', rules: [] },
      { id: '2', rules: [{ problem: 'no-match' }] },
      { id: '9', problem: 'not-found', rules: [] },
    ]);
    const absent = explain({ locations, experience: { locations: ['2'] } }, visitor({ location: {} }));
    expect(absent).toEqual({ reason: 'bucketed', failed: [], missing: [] });
    const exists = {
      audiences: [entity('1', and(rule('plan', 'exists', '')))],
      experience: { audiences: ['1'] },
    };
    expect(explain(exists).missing).toEqual(['plan']);
  });

  it('names the segments of which the visitor would have to be in one', () => {
    const parts = { segments: [entity('1', null)], experience: { audiences: ['1'] } };
    expect(explain(parts)).toMatchObject({ reason: 'segment', failed: [{ type: 'segment', key: 'key-1' }] });
    const subject = visitor({ state: { segments: { customSegments: ['1'] } } });
    expect(explain(parts, subject).reason).toBe('bucketed');
  });

  it('says what could not be read', () => {
    const subject = { ...visitor({}), stateUnavailable: true };
    const parts = { segments: [entity('1', null)], experience: { audiences: ['1'] } };
    expect(explain(parts, subject).reason).toBe('state-unavailable');
    expect(explain({}, subject).reason).toBe('bucketed');
  });

  it('hands out nothing that leads into what is stored or given', () => {
    const tags = ['a'];
    const parts = {
      audiences: [entity('1', and(rule('tags', 'equals', 'x')))],
      experience: { audiences: ['1'] },
    };
    const told = explain(parts, visitor({ state: { segments: { tags } } }));
    const actual = told.failed[0]!.rules[0]!.actual as string[];
    expect(actual).toEqual(['a']);
    expect(() => actual.push('x')).toThrow(TypeError);
    expect(tags).toEqual(['a']);
  });

  it('takes inline properties into account', () => {
    const parts = {
      audiences: [entity('1', and(rule('plan', 'equals', 'pro')))],
      experience: { audiences: ['1'] },
    };
    const told = explain(parts, visitor({}), { visitorProperties: { plan: 'free' } });
    expect(told.failed[0]!.rules[0]).toMatchObject({ problem: 'no-match', actual: 'free' });
  });
});
