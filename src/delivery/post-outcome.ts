/** Says what an answer of the tracking endpoint means for the batch of events that was posted. Pure. */
import { ConvertError } from '../utils/errors.js';
import type { TransportAnswer } from './types.js';

/**
 * The meaning of an answer for the batch that was posted:
 *
 * - `delivered` the endpoint took the batch
 * - `retry` the same batch is posted again, after a backoff
 * - `pause` the endpoint refuses the SDK key, or something else answers in its place; all events are kept, and the
 *   batch is posted again after the longest backoff
 * - `halve` the batch is too large; it is posted again in two halves
 * - `isolate` the endpoint will never take this batch: the events that it refuses are searched for and given up
 */
export type PostOutcome = 'delivered' | 'retry' | 'pause' | 'halve' | 'isolate';

const BY_STATUS: Readonly<Record<number, PostOutcome>> = {
  401: 'pause',
  403: 'pause',
  404: 'pause',
  408: 'retry',
  410: 'pause',
  413: 'halve',
  425: 'retry',
  429: 'retry',
};

const BY_CLASS: Readonly<Record<number, PostOutcome>> = { 2: 'delivered', 3: 'pause', 4: 'isolate' };

/**
 * Returns the outcome of a POST by its answer. After an unknown status the batch is posted again, so that no event is
 * lost. A web page comes from somebody else than the endpoint, whatever its status: a login, a captive portal.
 */
export function postOutcome({ status, isPage = false }: TransportAnswer): PostOutcome {
  const outcome = BY_STATUS[status] ?? BY_CLASS[Math.floor(status / 100)] ?? 'retry';
  return outcome === 'delivered' && isPage ? 'pause' : outcome;
}

/** Says what the endpoint did, for the error message. */
export function failureOf({ status, isPage = false }: TransportAnswer): string {
  return isPage ? `answered ${status} with a web page` : `answered ${status}`;
}

/**
 * True for a status with which the endpoint, or a firewall in front of it, may have refused single events of a batch,
 * although the status does not say so. A 503 says that the endpoint itself can take nothing now.
 */
export function mayBlameEvents(status: number): boolean {
  return status === 403 || (status >= 500 && status < 600 && status !== 503);
}

/** True for a status with which the header `Retry-After` says when to post again (RFC 6585, RFC 9110). */
export function heedsRetryAfter(status: number): boolean {
  return status === 429 || status === 503;
}

/** The end of the error message: what becomes of the events, and what the operator can do. */
const CONSEQUENCE: Readonly<Record<Exclude<PostOutcome, 'delivered'>, string>> = {
  retry: 'its events are kept and sent again',
  pause: 'all events are kept and it is asked again; check the SDK key and `endpoints.track`',
  halve: 'an event is too large for it even alone, and was given up',
  isolate: 'the events that it refuses are given up; check the SDK key and `endpoints.track`',
};

export function deliveryError(
  failure: string,
  outcome: Exclude<PostOutcome, 'delivered'>,
  url: string,
): ConvertError {
  const message = `the tracking endpoint ${failure}: ${CONSEQUENCE[outcome]} (${publicUrl(url)})`;
  return new ConvertError('CONVERT_DELIVERY', message);
}

/** Returns the URL without query and credentials, so that it can be logged. */
function publicUrl(url: string): string {
  if (!URL.canParse(url)) return 'its URL is not valid';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
