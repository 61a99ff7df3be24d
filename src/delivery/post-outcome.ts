/** Says what an answer of the tracking endpoint means for the batch of events that was posted. Pure. */
import { ConvertError } from '../utils/errors.js';

/**
 * - `delivered` done
 * - `retry` send the same batch again, after a backoff
 * - `pause` the endpoint doesn't know us, or is not there; keep everything and ask again at the longest backoff
 * - `halve` the batch is too large; send it in two
 * - `reject` the endpoint will never take this batch
 */
export type PostOutcome = 'delivered' | 'retry' | 'pause' | 'halve' | 'reject';

const BY_STATUS: Readonly<Record<number, PostOutcome>> = {
  401: 'pause',
  403: 'pause',
  408: 'retry',
  413: 'halve',
  425: 'retry',
  429: 'retry',
};

const BY_CLASS: Readonly<Record<number, PostOutcome>> = { 2: 'delivered', 3: 'pause', 4: 'reject' };

/** After an unknown status the batch is posted again: that loses no event. */
export function postOutcome(status: number): PostOutcome {
  return BY_STATUS[status] ?? BY_CLASS[Math.floor(status / 100)] ?? 'retry';
}

/** The statuses with which `Retry-After` says when to come back (RFC 6585, RFC 9110). */
export function heedsRetryAfter(status: number): boolean {
  return status === 429 || status === 503;
}

/** For the message of the error: what becomes of the events, and what the operator can do. */
const CONSEQUENCE: Readonly<Record<Exclude<PostOutcome, 'delivered'>, string>> = {
  retry: 'its events are kept and sent again',
  pause: 'all events are kept and it is asked again; check the SDK key and `endpoints.track`',
  halve: 'an event is too large for it even alone, and was given up',
  reject: 'the batch was given up; check the SDK key and `endpoints.track`',
};

export function deliveryError(
  failure: string,
  outcome: Exclude<PostOutcome, 'delivered'>,
  url: string,
): ConvertError {
  const message = `the tracking endpoint ${failure}: ${CONSEQUENCE[outcome]} (${publicUrl(url)})`;
  return new ConvertError('CONVERT_DELIVERY', message);
}

/** Without query and credentials. */
function publicUrl(url: string): string {
  if (!URL.canParse(url)) return 'its URL is not valid';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
