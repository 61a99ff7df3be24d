/** Decides, for `runCustomSegments`, which of the named segments a visitor now belongs to. */
import type { StateChange } from '../model/visitor-state/types.js';
import { textOf } from './coerce.js';
import type { EvaluationInput } from './evaluation/evaluation-input.js';
import type { EvaluationState } from './evaluation/evaluation-state.js';
import type { Plan } from './plan-types.js';
import { isRuleError } from './rules/compile-rules.js';

export function customSegments(
  plan: Plan,
  keys: readonly string[],
  input: EvaluationInput,
  state: EvaluationState,
): StateChange {
  const { customSegments } = state;
  const added: string[] = [];
  let isMatched = false;
  for (const { config, rules } of plan.segments) {
    if (!keys.includes(config.key)) continue;
    // After one segment has matched, the later segments are added without evaluating their rules, as in the SDK.
    if (!isMatched) {
      const result = rules.match(input.visitor);
      if (isRuleError(result)) return {};
      isMatched = Boolean(result);
    }
    if (!isMatched || config.id == null) continue;
    const id = textOf(config.id);
    if (!customSegments.includes(id)) added.push(id);
  }
  return added.length === 0 ? {} : { segments: { customSegments: [...customSegments, ...added] } };
}
