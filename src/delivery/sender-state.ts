/**
 * Defines the state of the sender of events. Derives the state of the circuit breaker from it, and a text to be
 * printed. Pure.
 */
import type { RetryState } from './retry-schedule.js';
import type { Breaker } from './types.js';

/** The state of a sender, without its events. Each transition replaces one of the three parts. */
export interface SenderState {
  post: 'none' | 'in-flight';
  retry: RetryState;
  lifecycle: 'open' | 'stopped';
}

export function breakerOf({ post, retry }: SenderState): Breaker {
  if (retry.failures === 0) return 'closed';
  return post === 'none' ? 'open' : 'half-open';
}

/**
 * Returns the state as text, for example `ready`, `posting, 2 failures`, `backing off 500 ms, 1 failure`, `stopped`.
 */
export function describeState(state: SenderState, now: number): string {
  const { post, retry, lifecycle } = state;
  const wait = Math.ceil(retry.notBefore - now);
  const doing = post === 'in-flight' ? 'posting' : wait > 0 ? `backing off ${wait} ms` : 'ready';
  const { failures } = retry;
  const failed = failures === 0 ? '' : `, ${failures} ${failures === 1 ? 'failure' : 'failures'}`;
  return lifecycle === 'stopped' ? 'stopped' : doing + failed;
}
