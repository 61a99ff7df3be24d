/** Rules for the consent that is stored with a visitor's state, where jobs find it after the request is over. */
import { answersBy, type ConsentAnswer, UNANSWERED, UNASKED } from '../consent/answer.js';
import type { StateChange, VisitorState } from '../model/visitor-state/types.js';

type Recorded = VisitorState['consent'];

const STORED = answersBy('stored');

/**
 * The record to store after an answer. Only an answer that jobs would not assume is on record: a grant if consent is
 * asked for, a denial (an opt-out that the browser sent) if it is not.
 */
export function consentRecord(
  isAskedFor: boolean,
  answer: 'granted' | 'denied',
): NonNullable<StateChange['consent']> {
  return isAskedFor === (answer === 'granted') ? answer : 'withdrawn';
}

/** False if the record says all that jobs need to know of the answer. */
export function isRecordDue(isAskedFor: boolean, answer: 'granted' | 'denied', recorded: Recorded): boolean {
  const record = consentRecord(isAskedFor, answer);
  if (record !== 'withdrawn') return recorded !== record;
  // A grant from the time when consent was asked for contradicts no grant.
  return answer === 'granted' ? recorded === 'denied' : recorded !== undefined;
}

/** The answer that a job finds on record. A recorded denial holds even if consent is not asked for. */
export function recordedAnswer(isAskedFor: boolean, recorded: Recorded): ConsentAnswer {
  if (recorded === 'denied') return STORED.denied;
  if (!isAskedFor) return UNASKED;
  return recorded === undefined ? UNANSWERED : STORED.granted;
}
