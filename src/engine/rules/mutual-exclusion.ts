/**
 * Mutual exclusion: a rule that asks whether the visitor is in another experience. Such a rule takes the place of all
 * other rules of its audience. It follows the specification of SDK 5.x, since npm does not serve SDK 5.x.
 */
import type { RuleSet } from '../../model/project-config.js';
import { textOf } from '../coerce.js';

export interface Exclusion {
  /** The key of the other experience. */
  readonly experienceKey: string;
  /** True if the visitor must not be in the other experience; false if the visitor must be in it. */
  readonly negated: boolean;
  /** The path of the rule in the rules of the audience: `OR[0].AND[1].OR_WHEN[0]`. */
  readonly path: string;
}

export const RULE_TYPE = 'bucketed_into_experience_key';

export function exclusionOf(rules: RuleSet | null | undefined): Exclusion | undefined {
  for (const [or, branch] of listOf(rules?.OR).entries()) {
    for (const [and, part] of listOf(branch?.AND).entries()) {
      for (const [when, rule] of listOf(part?.OR_WHEN).entries()) {
        if (rule?.rule_type !== RULE_TYPE) continue;
        return {
          experienceKey: textOf(rule.value),
          negated: Boolean(rule.matching?.negated),
          path: `OR[${or}].AND[${and}].OR_WHEN[${when}]`,
        };
      }
    }
  }
  return undefined;
}

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}
