/**
 * Explains a decision: which location, audience or segment left the visitor out, and which of its rules did not match.
 */
import type { RuleEntityConfig } from '../../model/project-config.js';
import { deepCopy, deepFreeze, textOf } from '../coerce.js';
import type { PlannedExperience, RuleEntity } from '../plan-types.js';
import { failedRules } from '../rules/compile-rules.js';
import { RULE_TYPE } from '../rules/mutual-exclusion.js';
import { ABSENT } from '../rules/property-names.js';
import type { CompiledRules } from '../rules/types.js';
import type { Decision, EngineExplanation, FailedRule, Failure } from '../types.js';
import { assignedTo, audienceResult, type Call, isChecked } from './evaluate.js';
import type { PropertyValues } from './property-values.js';

export function explainDecision(
  call: Call,
  experience: PlannedExperience | undefined,
  decision: Decision,
): EngineExplanation {
  if (experience === undefined) return { decision, failed: [], missing: [] };
  call.state.deciding = experience.id;
  const failed = FAILURES[decision.reason]?.(call, experience) ?? [];
  return deepFreeze({ decision, failed, missing: missingOf(call, experience) });
}

type Explain = (call: Call, experience: PlannedExperience) => Failure[];

const audienceFailures: Explain = (call, experience) => {
  const isAssigned = assignedTo(call.state, experience) !== undefined;
  const failed = experience.audiences
    .filter((each) => isChecked(each, isAssigned) && audienceResult(call, each) !== true)
    .map(({ config, rules, exclusion }): Failure => {
      if (exclusion === undefined) return failure('audience', { config, rules }, call.input.visitor);
      const { path, experienceKey: expected, negated } = exclusion;
      const rule = { path, problem: 'no-match', property: RULE_TYPE, negated, expected } as const;
      return { type: 'exclusion', ...named(config), rules: [rule] };
    });
  if (experience.audiencesMatch !== undefined) return failed;
  return [...failed, { type: 'audience', rules: [{ path: NO_MATCHING_OPTIONS, problem: 'invalid-rule' }] }];
};

/**
 * The functions that explain a decision, by its reason. Reasons that have nothing to do with rules are not in the
 * table.
 */
const FAILURES: Partial<Record<Decision['reason'], Explain>> = {
  location: ({ input }, { config, locations, siteArea }) =>
    locations === undefined
      ? [{ type: 'site-area', rules: explained(siteArea, input.location) }]
      : [
          ...locations
            .filter((each) => input.locationResult(each) !== true)
            .map((each) => failure('location', each, input.location)),
          ...(config.locations ?? [])
            .filter((id) => !locations.some((each) => each.config.id === id))
            .map((id): Failure => ({ type: 'location', id: textOf(id), problem: 'not-found', rules: [] })),
        ],
  audience: audienceFailures,
  exclusion: audienceFailures,
  segment: (_call, { segments }) => segments.map((each) => ({ type: 'segment', ...named(each), rules: [] })),
};

/**
 * The path of the settings that say how the audiences of an experience are combined. If an experience has audiences and
 * no such settings, the official SDK fails on it, and the visitor gets no variation here.
 */
const NO_MATCHING_OPTIONS = 'settings.matching_options';

function failure(
  type: 'location' | 'audience',
  { config, rules }: Pick<RuleEntity, 'config' | 'rules'>,
  values: PropertyValues,
): Failure {
  const problem = rules === undefined ? ({ problem: 'no-rules' } as const) : undefined;
  return { type, ...named(config), ...problem, rules: explained(rules, values) };
}

function named({ id, key, name }: RuleEntityConfig): Pick<Failure, 'id' | 'key' | 'name'> {
  return { id, key, ...(name !== undefined && { name }) };
}

function explained(rules: CompiledRules | undefined, values: PropertyValues): FailedRule[] {
  if (rules === undefined) return [];
  return failedRules(rules, values).map(({ path, rule: { about } }): FailedRule => {
    if (about === undefined) return { path, problem: 'invalid-rule' };
    const { rule, source } = about;
    const { property } = source;
    const { match_type: operator, negated } = rule.matching;
    const value = source.read(values);
    const problem = about.problem ?? (value === ABSENT ? 'missing' : 'no-match');
    return {
      path,
      problem,
      property,
      operator,
      negated,
      expected: rule.value,
      ...(value !== ABSENT && { actual: deepCopy(value) }),
    };
  });
}

function missingOf({ input }: Call, { locations, siteArea, audiences }: PlannedExperience): string[] {
  return [
    ...missingIn([siteArea, ...(locations ?? []).map(({ rules }) => rules)], input.location),
    ...missingIn(
      audiences.map(({ rules }) => rules),
      input.visitor,
    ),
  ].filter((name, index, all) => all.indexOf(name) === index);
}

/**
 * Returns the names of the properties that rules read and nobody supplied. A rule that matches because its property is
 * missing does not count.
 */
function missingIn(all: readonly (CompiledRules | undefined)[], values: PropertyValues): string[] {
  return all
    .flatMap((rules) => rules?.branches.flat(2) ?? [])
    .flatMap(({ about, test }) => {
      if (about === undefined || about.problem !== undefined || test(values) === true) return [];
      return about.source.read(values) === ABSENT ? [about.source.property] : [];
    });
}
