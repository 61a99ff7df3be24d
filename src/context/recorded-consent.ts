/** Rules for the consent that is stored with a visitor's state, where jobs find it after the request is over. */
import { answersBy, type ConsentAnswer, UNANSWERED, UNASKED } from '../consent/answer.js';
import type { StateChange, VisitorState } from '../model/visitor-state/types.js';

type Recorded = VisitorState['consent'];

const STORED = answersBy('stored');

/**
 * The consent to store after a visitor's answer. Only an answer that jobs would not assume is stored: a grant if
 * consent is configured, a denial (an opt-out that the browser sent) if it is not. `withdrawn` removes the stored
 * consent.
 */
export function consentRecord(
  isAskedFor: boolean,
  answer: 'granted' | 'denied',
): NonNullable<StateChange['consent']> {
  return isAskedFor === (answer === 'granted') ? answer : 'withdrawn';
}

/** True if the stored consent has to change after this answer; false if jobs find the right answer already. */
export function isRecordDue(isAskedFor: boolean, answer: 'granted' | 'denied', recorded: Recorded): boolean {
  const record = consentRecord(isAskedFor, answer);
  if (record !== 'withdrawn') return recorded !== record;
  // `granted` comes here only if consent is not configured. A grant that was stored when consent was configured may
  // stay.
  return answer === 'granted' ? recorded === 'denied' : recorded !== undefined;
}

/**
 * The consent answer that a job reads from the visitor's state. A stored denial holds even if consent is not
 * configured.
 */
export function recordedAnswer(isAskedFor: boolean, recorded: Recorded): ConsentAnswer {
  if (recorded === 'denied') return STORED.denied;
  if (!isAskedFor) return UNASKED;
  return recorded === undefined ? UNANSWERED : STORED.granted;
}
