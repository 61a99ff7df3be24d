/**
 * Makes what an app gets from `explain()`: the explanation of the engine, completed by the reasons that only the
 * context knows.
 */
import type { Visitor } from '../identity/visitor-identity.js';
import type { ContextDecision, ContextExplanation } from './decider.js';
import { reasonOf } from './decision-recorder.js';
import { type Included, type Participation, previewsIn } from './participation.js';
import type { Explanation, Reason } from './types.js';

/** The explanation without a variation: for an excluded visitor, and if the engine could not be asked. */
export function unexplained(experienceKey: string, reason: Reason, visitor: Visitor): Explanation {
  const consent = { answer: visitor.consent, by: visitor.consentBy };
  return { experienceKey, reason, variation: null, failed: [], missing: [], consent };
}

/**
 * Explains an experience. `ask` asks the engine; an excluded visitor and a preview need no engine. `first` is the
 * decision that this request made for the experience before; undefined if there is none.
 */
export function explanationOf(
  participation: Participation,
  experienceKey: string,
  ask: (participation: Included) => ContextExplanation,
  first: ContextDecision | undefined,
): Explanation {
  const without = (reason: Reason): Explanation => unexplained(experienceKey, reason, participation.visitor);
  const preview = previewsIn(participation)?.get(experienceKey);
  if (preview !== undefined) return { ...without('preview'), variation: preview.variation };
  if (participation.status === 'excluded') return without(participation.excludedBy);
  const { decision, failed, missing } = ask(participation);
  const { variation } = decision;
  // A variation that this request decided is `sticky` in later calls. The app gets the reason of the first decision
  // instead.
  const isDecidedHere = decision.reason === 'sticky' && first?.variation?.id === variation?.id;
  const { reason: found } = isDecidedHere && first ? first : decision;
  return { ...without(reasonOf(participation, found, variation)), variation, failed, missing };
}
