/** What an app gets from `explain()`: the engine's explanation, and what the engine does not know of the visitor. */
import type { Decision, EngineExplanation } from '../engine/types.js';
import type { Visitor } from '../identity/visitor-identity.js';
import { reasonOf } from './decision-recorder.js';
import type { Included } from './participation.js';
import type { Explanation, Reason } from './types.js';

/** The explanation without a variation: for an excluded visitor, and if the engine could not be asked. */
export function unexplained(experienceKey: string, reason: Reason, visitor: Visitor): Explanation {
  const consent = { answer: visitor.consent, by: visitor.consentBy };
  return { experienceKey, reason, variation: null, failed: [], missing: [], consent };
}

/**
 * The explanation of the engine with the reason that the app gets. `first` is the decision that this request made for
 * the experience before; undefined if there is none.
 */
export function explanationOf(
  participation: Included,
  experienceKey: string,
  { decision, failed, missing }: EngineExplanation,
  first: Decision | undefined,
): Explanation {
  const { variation } = decision;
  // A variation that this request decided is `sticky` in later calls. The app gets the reason of the first decision
  // instead.
  const isDecidedHere = decision.reason === 'sticky' && first?.variation?.id === variation?.id;
  const { reason: found } = isDecidedHere && first ? first : decision;
  const reason = reasonOf(participation, found, variation);
  return { ...unexplained(experienceKey, reason, participation.visitor), variation, failed, missing };
}
