/** The outcomes of conversions, and which of them are worth another try. */

/**
 * The outcome of a conversion:
 *
 * - `accepted` recorded: the commit decides, and `committed()` and the event `conversion` tell the final outcome
 * - `tracked` the outbox has taken it; the goal counts
 * - `already-tracked` the visitor's goal, or transaction, was tracked before, perhaps by another process
 * - `deferred` stored until the visitor consents (consent mode `hold`)
 * - `goal-not-found` the project has no goal of this key
 * - `goal-rules` the rules of the goal do not match
 * - `bad-data` Convert does not take the conversion data
 * - `too-large` the event is over 32 KiB
 * - `consent` the visitor has not consented, or has withdrawn the consent
 * - `bot` the request comes from a bot
 * - `no-identity` the visitor has no id that is worth counting for, or a job gave none
 * - `read-only` the request leaves no trace: HEAD, OPTIONS, a preview
 * - `disabled` the option `skip`; nothing is sent (`stats().delivery.disabled`); or an error in this package (see the
 *   event `error`)
 * - `forgotten` the visitor was forgotten meanwhile
 * - `not-ready` no project config has arrived
 * - `refused` the outbox has no room, or is closed
 * - `store-unavailable` the store has failed
 * - `timeout` the store or the outbox had not answered when `committed()` stopped waiting
 *
 * docs/reference/conversion-outcomes.md says what to do about each.
 */
export type TrackOutcome =
  | 'accepted'
  | 'tracked'
  | 'already-tracked'
  | 'deferred'
  | 'goal-not-found'
  | 'goal-rules'
  | 'bad-data'
  | 'too-large'
  | 'consent'
  | 'bot'
  | 'no-identity'
  | 'read-only'
  | 'disabled'
  | 'forgotten'
  | 'not-ready'
  | 'refused'
  | 'store-unavailable'
  | 'timeout';

/** The result of `trackConversion`: the outcome as far as it is known at once. */
export interface ConversionResult {
  readonly outcome: TrackOutcome;
  /**
   * True if nothing is counted, and tracking the conversion again later may count it: then a webhook answers 503, so
   * that the platform sends it again.
   */
  readonly retry: boolean;
}

/** One conversion of a `CommitReport`. */
export interface TrackedConversion extends ConversionResult {
  readonly goalKey: string;
}

/** The result of `committed()`: the final outcomes of a context's conversions. */
export interface CommitReport {
  /** True if one of the conversions has `retry`. */
  readonly retry: boolean;
  /** The conversions of this context, in the order of the calls; the last 1,000 if there are more. */
  readonly conversions: readonly TrackedConversion[];
}

/** The outcomes that a conversion may have another time. */
const RETRY: ReadonlySet<TrackOutcome> = new Set<TrackOutcome>([
  'not-ready',
  'refused',
  'store-unavailable',
  'timeout',
]);

const results = new Map<TrackOutcome, ConversionResult>();

/** The result with this outcome, frozen: the same object at each call. */
export function resultOf(outcome: TrackOutcome): ConversionResult {
  let result = results.get(outcome);
  if (result === undefined) {
    result = Object.freeze({ outcome, retry: RETRY.has(outcome) });
    results.set(outcome, result);
  }
  return result;
}

/**
 * The result if the store has failed, and the outbox has taken the conversion. It is sent, so it must not come again:
 * it would count twice.
 */
export const SENT_UNSTORED: ConversionResult = Object.freeze({ outcome: 'store-unavailable', retry: false });
