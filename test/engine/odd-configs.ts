/** The test that a project config which passes validation can be loaded, and decides, whatever stands in its fields. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../src/engine/compiled-engine.js';
import { validateProject } from '../../src/project/parse-config.js';
import { visitor } from './conformance.js';

/** Values of JSON, among them those that can't be written as text or as a number. */
const odd = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue() },
  fc.constantFrom<unknown>(
    { toString: 1 },
    { valueOf: 1, toString: 1 },
    [[{ toString: 1 }]],
    '',
    0,
    null,
    'a',
    '1',
  ),
);
const fields = (names: readonly string[], more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record({ ...Object.fromEntries(names.map((name) => [name, odd])), ...more }, { requiredKeys: [] });
const list = (of: fc.Arbitrary<unknown>) => fc.array(of, { maxLength: 3 });
const id = fc.oneof(fc.constantFrom('1', '2'), odd);

const rule = fields(['rule_type', 'key', 'value'], {
  matching: fc.oneof(
    fields(['match_type', 'negated']),
    fc.record({ match_type: fc.constantFrom('regexMatches', 'equals', 'isIn'), negated: fc.boolean() }),
    odd,
  ),
  rule_type: fc.oneof(
    fc.constantFrom('bucketed_into_experience_key', 'cookie', 'url', 'goal_triggered'),
    odd,
  ),
});
const rules = fc.oneof(
  fc.record({ OR: list(fc.record({ AND: list(fc.record({ OR_WHEN: list(fc.oneof(rule, odd)) })) })) }),
  odd,
);
const entity = fields(['key', 'name', 'type'], { id, rules });
const variation = fields(['key', 'name', 'status', 'traffic_allocation'], {
  id,
  changes: fc.oneof(
    list(fc.oneof(fields(['type'], { data: fields(['feature_id', 'variables_data']) }), odd)),
    odd,
  ),
});
const experience = fields(['name', 'environment', 'version', 'settings'], {
  id: fc.constantFrom('1', '2', 3),
  key: fc.constantFrom('one', 'two'),
  locations: list(id),
  audiences: list(id),
  site_area: rules,
  variations: list(variation),
}).filter((each) => 'id' in each && 'key' in each);
export const oddConfig = fc.record({
  account_id: fc.constant('1'),
  project: fc.record({ id: fc.constant('2'), utc_offset: odd }),
  experiences: list(experience),
  archived_experiences: list(odd),
  locations: list(entity),
  audiences: list(entity),
  segments: list(entity),
  goals: list(entity),
  features: list(fields(['key', 'name'], { id, variables: fc.oneof(list(fields(['key', 'type'])), odd) })),
});

export function oddConfigs(runs: number): void {
  describe.each([{}, { uiRules: true }, { strictSdk: true }])('the compiled engine with %j', (options) => {
    it('loads every config that is valid, and answers', { timeout: 120_000 }, () => {
      let loaded = 0;
      fc.assert(
        fc.property(oddConfig, (given) => {
          let valid;
          try {
            valid = validateProject(JSON.parse(JSON.stringify(given)), 'the test');
          } catch {
            return;
          }
          loaded++;
          const project = compiledEngine(options).load(valid);
          const subject = { ...visitor({ visitor: { a: 'a' } }), memo: {} };
          for (const key of ['one', 'two', 'three']) {
            project.experience(key, subject, {});
            project.explain(key, subject, { visitorProperties: { a: 1 } });
            project.feature(key, subject, {});
            project.conversion(key, subject, { ruleData: { a: 'a' } });
          }
          project.experiences(subject, { updateVisitorProperties: true, visitorProperties: { a: [1] } });
          project.features(subject, {});
          project.customSegments(['a', '1'], subject, {});
          project.preview({ experienceId: '1', variationId: '2' });
        }),
        { numRuns: runs },
      );
      expect(loaded).toBeGreaterThan(runs / 4);
    });
  });
}
