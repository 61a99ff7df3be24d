/** What is on record of a visitor's consent after their answer, and what a job makes of it. */
import { describe, expect, it } from 'vitest';
import { consentRecord, isRecordDue, recordedAnswer } from '../../src/context/recorded-consent.js';

type Record = 'granted' | 'denied' | undefined;

/** By whether consent is asked for, the visitor's answer, and the record so far. */
const COMMITTED = [
  // A request with a grant: see `UnitOfWork`.
  [true, 'granted', undefined, 'granted'],
  [true, 'granted', 'granted', 'nothing'],
  [true, 'granted', 'denied', 'granted'],
  [false, 'granted', undefined, 'nothing'],
  [false, 'granted', 'granted', 'nothing'],
  [false, 'granted', 'denied', 'withdrawn'],
  // A request with a denial: see `revokeConsent`.
  [true, 'denied', undefined, 'nothing'],
  [true, 'denied', 'granted', 'withdrawn'],
  [true, 'denied', 'denied', 'withdrawn'],
  [false, 'denied', undefined, 'denied'],
  [false, 'denied', 'granted', 'denied'],
  [false, 'denied', 'denied', 'nothing'],
] as const;

/** A job: see `JobContext`. */
const READ = [
  [true, undefined, 'unknown', 'none'],
  [true, 'granted', 'granted', 'stored'],
  [true, 'denied', 'denied', 'stored'],
  [false, undefined, 'granted', 'none'],
  [false, 'granted', 'granted', 'none'],
  [false, 'denied', 'denied', 'stored'],
] as const;

describe('recorded consent', () => {
  it.each(COMMITTED)(
    'asked for: %s, answer %s, on record %s: commits %s',
    (isAsked, answer, recorded, committed) => {
      const isDue = isRecordDue(isAsked, answer, recorded);
      expect(isDue ? consentRecord(isAsked, answer) : 'nothing').toBe(committed);
    },
  );

  it.each(READ)('asked for: %s, on record %s: a job finds %s by %s', (isAsked, recorded, answer, by) => {
    expect(recordedAnswer(isAsked, recorded)).toEqual({ answer, by });
  });

  it.each(COMMITTED)(
    'asked for: %s, answer %s, on record %s: jobs do as the visitor says',
    (isAsked, answer, recorded) => {
      const committed = isRecordDue(isAsked, answer, recorded) ? consentRecord(isAsked, answer) : recorded;
      const after: Record = committed === 'withdrawn' ? undefined : committed;
      expect(recordedAnswer(isAsked, after).answer === 'granted').toBe(answer === 'granted');
    },
  );
});
