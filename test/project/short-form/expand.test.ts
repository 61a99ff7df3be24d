/** The short form of a project: what it becomes, and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import type { EngineProject } from '../../../src/engine/types.js';
import { standingOf } from '../../../src/model/project-config.js';
import type { ShortProject } from '../../../src/model/short-project.js';
import { adoptProject, parseProjectFile } from '../../../src/project/parse-config.js';
import { expanded } from '../../../src/project/short-form/expand.js';
import { visitor } from '../../engine/conformance.js';

const load = (project: ShortProject): EngineProject =>
  compiledEngine().load(adoptProject(project, 'the test'));

/** The variations of 1,000 visitors; null for those who do not take part. */
function bucket(project: EngineProject, key: string): (string | null)[] {
  return Array.from(
    { length: 1_000 },
    (_, n) => project.experience(key, visitor({ id: `visitor-${n}` }), {}).variation?.key ?? null,
  );
}
const countOf = (all: readonly (string | null)[], key: string | null): number =>
  all.filter((each) => each === key).length;

describe('the short form', () => {
  it('becomes a config with all that it says', () => {
    const config = adoptProject(
      {
        $schema: './project.schema.json',
        experiences: {
          hero: ['original', 'version-b'],
          price: {
            variations: {
              original: { weight: 70, features: { button: { price: 10, caption: 'Buy', big: false } } },
              cheap: { weight: 30, features: { button: { price: 9.5, caption: 'Buy', big: true } } },
            },
            traffic: 50,
            audience: 'us',
            location: 'path is /pricing',
          },
        },
        audiences: { us: 'country is US' },
        goals: ['signup'],
      } satisfies ShortProject,
      'the test',
    );
    const digits = expect.stringMatching(/^\d{10,16}$/) as string;
    const rule = (key: string, value: string) => ({
      OR: [
        {
          AND: [
            {
              OR_WHEN: [
                {
                  rule_type: 'generic_text_key_value',
                  key,
                  value,
                  matching: { match_type: 'matches', negated: false },
                },
              ],
            },
          ],
        },
      ],
    });
    expect(config).toMatchObject({
      account_id: '0',
      project: { id: '0' },
      experiences: [
        {
          id: digits,
          key: 'hero',
          variations: [
            { id: digits, key: 'original', traffic_allocation: 50, changes: [] },
            { id: digits, key: 'version-b', traffic_allocation: 50, changes: [] },
          ],
        },
        {
          key: 'price',
          audiences: [config.audiences![0]!.id],
          site_area: rule('path', '/pricing'),
          goals: [config.goals![0]!.id],
          variations: [
            { key: 'original', traffic_allocation: 35 },
            {
              key: 'cheap',
              traffic_allocation: 15,
              changes: [
                {
                  type: 'fullStackFeature',
                  data: {
                    feature_id: config.features![0]!.id,
                    variables_data: { price: 9.5, caption: 'Buy', big: true },
                  },
                },
              ],
            },
          ],
        },
      ],
      audiences: [{ id: digits, key: 'us', type: 'permanent', rules: rule('country', 'US') }],
      goals: [{ id: digits, key: 'signup' }],
      features: [
        {
          id: digits,
          key: 'button',
          variables: [
            { key: 'price', type: 'float' },
            { key: 'caption', type: 'string' },
            { key: 'big', type: 'boolean' },
          ],
        },
      ],
    });
    expect(Object.isFrozen(config.experiences)).toBe(true);
  });

  it('can stand in a file', () => {
    const text = '\uFEFF{"experiences":{"hero":["original","version-b"]}}';
    const config = parseProjectFile(new TextEncoder().encode(text), 'the file');
    expect(config).toEqual(adoptProject({ experiences: { hero: ['original', 'version-b'] } }, 'the test'));
  });

  it('shares the traffic as the weights say', () => {
    const equal = bucket(load({ experiences: { e: ['a', 'b'] } }), 'e');
    expect(countOf(equal, null)).toBe(0);
    expect(countOf(equal, 'a')).toBeGreaterThan(440);
    expect(countOf(equal, 'b')).toBeGreaterThan(440);
    const weighted = bucket(load({ experiences: { e: { a: 33.3, b: 33.3, c: 33.3, d: 0 } } }), 'e');
    expect([countOf(weighted, null), countOf(weighted, 'd')]).toEqual([0, 0]);
    expect(countOf(bucket(load({ experiences: { e: { a: 90, b: 10 } } }), 'e'), 'a')).toBeGreaterThan(860);
  });

  it('moves nobody when an experience, a goal or an audience is added', () => {
    const key = fc
      .string({ minLength: 1, maxLength: 12 })
      .filter((each) => each !== 'hero' && each !== '__proto__');
    const before = bucket(load({ experiences: { hero: ['a', 'b', 'c'] } }), 'hero');
    fc.assert(
      fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 5 }), (keys) => {
        const others = Object.fromEntries(keys.map((each) => [each, ['a', 'b']]));
        const more = { goals: keys, audiences: { us: 'country is US' } };
        const after = load({ experiences: { ...others, hero: ['a', 'b', 'c'], last: ['c'] }, ...more });
        expect(bucket(after, 'hero')).toEqual(before);
      }),
      { numRuns: 20 },
    );
  });

  it('moves nobody when the traffic of an experience is raised', () => {
    const at = (traffic: number) =>
      bucket(load({ experiences: { e: { variations: ['a', 'b'], traffic } } }), 'e');
    const some = at(20);
    const all = at(80);
    expect(countOf(some, null)).toBeGreaterThan(750);
    expect(countOf(all, null)).toBeLessThan(250);
    expect(some.every((key, index) => key === null || key === all[index])).toBe(true);
    expect(countOf(at(0), null)).toBe(1_000);
  });

  it('has the id that it gives, and its experiences keep theirs', () => {
    const experiences = { hero: ['a', 'b'] };
    const [without, ...numbered] = [{}, { id: 7 }, { id: '12' }].map((more) =>
      adoptProject({ ...more, experiences }, 'the test'),
    );
    expect(numbered.map(({ project }) => project.id)).toEqual(['7', '12']);
    for (const each of numbered) expect(each.experiences).toEqual(without!.experiences);
  });

  it.each(['paused', 'archived'])('gives nobody a variation of what is %s', (name) => {
    const off = { e: { variations: ['a', 'b'], [name]: true }, f: { variations: ['a', 'b'], [name]: false } };
    const project = load({ experiences: off });
    expect(countOf(bucket(project, 'e'), null)).toBe(1_000);
    expect(countOf(bucket(project, 'f'), null)).toBe(0);
    const decided = load({ experiences: { e: ['a', 'b'] } }).experience('e', visitor({}), {}).variation!;
    const state = { bucketing: { [decided.experienceId]: decided.id } };
    expect(project.experience('e', visitor({ state }), {}).variation).toBeNull();
    const config = adoptProject({ experiences: off }, 'the test');
    expect([standingOf(config, 'staging', 'e'), standingOf(config, 'staging', 'f')]).toEqual([
      name === 'paused' ? 'paused' : 'not-running',
      'runs',
    ]);
  });

  it('keeps a visitor in whose audience line no longer holds', () => {
    const project = load({
      experiences: { e: { variations: ['a', 'b'], audience: 'utm_source is google' } },
    });
    const first = project.experience('e', visitor({ visitor: { utm_source: 'google' } }), {});
    const state = { bucketing: { [first.variation!.experienceId]: first.variation!.id } };
    expect(project.experience('e', visitor({ state }), {}).variation?.key).toBe(first.variation!.key);
    expect(project.experience('e', visitor({}), {}).variation).toBeNull();
  });
});

describe('what could mean two things is refused', () => {
  const hero = ['original', 'version-b'];
  it.each<[unknown, string]>([
    [{}, 'it has neither account_id and project, as a config of Convert, nor experiences by key'],
    [{ $schema: 'x' }, 'it has neither'],
    [
      { account_id: '1', experiences: { hero } },
      'it has account_id as in a config of Convert, and it has experiences as in the short form',
    ],
    [{ experiences: { hero }, goals: [{ id: '1', key: 'a' }] }, 'it has goals as in a config'],
    [{ account_id: '1', project: { id: '1' }, goals: ['a'] }, 'it has account_id and project as in a config'],
    [
      { experiences: { hero }, goal: ['a'] },
      "it has a field 'goal', which there is not; did you mean goals?",
    ],
    [{ experiences: { hero }, features: {} }, 'features belong to a variation'],
    [{ experiences: { hero }, goals: {} }, 'goals must be a list of keys (given an object)'],
    [{ experiences: { hero }, goals: ['a', 'a'] }, "goals has the key 'a' twice"],
    [{ experiences: { hero }, goals: ['a', 5] }, 'goals as in a config'],
    [
      { experiences: { hero }, audiences: { us: 5 } },
      'audiences.us must be rules in one line, such as country is US (given 5)',
    ],
    [
      { experiences: { hero }, audiences: { 'the us': 'country is US' } },
      "audiences has the name 'the us'; a name has no white space",
    ],
    [
      { audiences: { us: 'country is US' } },
      'experiences must be an object with an experience for each key (given undefined)',
    ],
    [
      { id: 'shop', experiences: { hero } },
      "id must be the number of the project: up to 15 digits (given 'shop')",
    ],
    [
      { experiences: { hero: { variations: hero, status: 'paused' } } },
      "experiences.hero has a field 'status', which there is not; an experience that is not to run has paused: true",
    ],
    [
      { experiences: { hero: { variations: hero, paused: 'yes' } } },
      "experiences.hero.paused must be true or false (given 'yes')",
    ],
    [{ experiences: { '': hero } }, 'experiences has an experience whose key is empty'],
    [{ experiences: { hero: [] } }, 'experiences.hero has no variation'],
    [{ experiences: { hero: {} } }, 'experiences.hero has no variation'],
    [
      { experiences: { hero: 'original' } },
      'experiences.hero must be a list of variations, their weights, or',
    ],
    [{ experiences: { hero: ['a', 'a'] } }, "experiences.hero has the key 'a' twice"],
    [{ experiences: { hero: ['a', 5] } }, 'experiences.hero[1] must be a key (given 5)'],
    [
      { experiences: { hero: { a: 50, b: 20 } } },
      'experiences.hero has weights that add up to 70, not to 100; if only some',
    ],
    [{ experiences: { hero: { a: 50, b: {} } } }, 'experiences.hero gives a weight to some variations only'],
    [
      { experiences: { hero: { a: '50', b: 50 } } },
      "experiences.hero.a must be a weight in percent, or { weight, features } (given '50')",
    ],
    [
      { experiences: { hero: { a: -1, b: 101 } } },
      'experiences.hero.a must be a number of percent from 0 to 100 (given -1)',
    ],
    [
      { experiences: { hero: { a: 90, traffic: 10 } } },
      'experiences.hero.traffic is a setting, or the key of a variation?',
    ],
    [
      { experiences: { hero: { variations: hero, trafic: 10 } } },
      "experiences.hero has a field 'trafic', which there is not; did you mean traffic?",
    ],
    [
      { experiences: { hero: { variations: hero, traffic: 110 } } },
      'experiences.hero.traffic must be a number of percent from 0 to 100 (given 110)',
    ],
    [
      { experiences: { hero: { variations: hero, audience: 'us' } } },
      "experiences.hero.audience names the audience 'us', which there is not; name it in `audiences`",
    ],
    [
      { experiences: { hero: { variations: hero, audience: 'usa' } }, audiences: { us: 'a is b' } },
      "did you mean 'us'?",
    ],
    [
      { experiences: { hero: { variations: hero, audience: 'country is' } } },
      "experiences.hero.audience is 'country is'; at its end: here, a value is meant",
    ],
    [
      { experiences: { hero: { variations: hero, location: 'country is US' } } },
      "experiences.hero.location is 'country is US'; character 1 (country): the property country is about the visitor",
    ],
    [
      { experiences: { hero: { a: { features: 'x' } } } },
      'experiences.hero.a.features must be { featureKey: { variable: value } }',
    ],
    [
      { experiences: { hero: { a: { features: { f: 1 } } } } },
      'experiences.hero.a.features.f must be { variable: value }, with {} for none (given 1)',
    ],
    [
      { experiences: { hero: { a: { features: { f: { x: null } } } } } },
      'experiences.hero.a.features.f.x must be a number, a text',
    ],
    [
      { experiences: { hero: { a: { features: { f: { x: 1 } } }, b: { features: { f: { x: '1' } } } } } },
      'experiences.hero.b.features.f.x is of the type string, and in experiences.hero.a.features.f of the type integer',
    ],
    [
      { experiences: { hero: { a: { features: { f: { x: 1 } } }, b: { features: { f: {} } } } } },
      "experiences.hero.b.features.f lacks the variable 'x', which experiences.hero.a.features.f has",
    ],
  ])('%j', (project, problem) => {
    expect(() => adoptProject(project, 'the test')).toThrow(problem);
    expect(() => adoptProject(project, 'the test')).toThrow(/^convert: the test is not a project/);
  });

  it('so are two keys whose hashes are equal', () => {
    const project = { experiences: { hero: ['a', 'b'] } };
    expect(() => expanded(project, 'the test', () => '7')).toThrow(
      'it has ["experience","hero"] and ["variation","hero","a"], which have the same id by chance: rename one of them',
    );
  });
});
