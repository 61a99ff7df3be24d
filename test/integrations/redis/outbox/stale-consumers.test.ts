import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BEGIN, GIVEN_UP, type StreamState } from '../../../../src/integrations/redis/outbox/event-stream.js';
import { StaleConsumers } from '../../../../src/integrations/redis/outbox/stale-consumers.js';

const LEASE = 10_000;

/** What Redis says when its clock shows this. */
const at = (now: number): StreamState => ({ identity: 'x', isGone: () => false, bytes: 0, last: BEGIN, now });

describe('whether others have been silent', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'], now: 0 }));
  afterEach(() => void vi.useRealTimers());

  /** Answers every 200 ms for so many milliseconds, by a clock that is 1,000,000 ahead. */
  function hear(silence: StaleConsumers, milliseconds: number, ahead = 1_000_000): void {
    for (const end = performance.now() + milliseconds; performance.now() < end;) {
      vi.advanceTimersByTime(200);
      silence.heard(at(performance.now() + ahead));
    }
  }
  const claimed = (silence: StaleConsumers): number | undefined => {
    const claim = silence.claim(performance.now());
    silence.claimed(undefined);
    return claim?.milliseconds;
  };

  it('is not asked before Redis has answered once', () => {
    expect(new StaleConsumers(LEASE).claim(0)).toBeUndefined();
  });

  it('is known to who has heard Redis for a lease; before, only what was given up is anybody\u2019s', () => {
    const silence = new StaleConsumers(LEASE);
    hear(silence, 5_000);
    expect(claimed(silence)).toBe(GIVEN_UP);
    hear(silence, 6_000);
    expect(claimed(silence)).toBe(LEASE);
  });

  it('is asked from time to time, or at once where there is more', () => {
    const silence = new StaleConsumers(LEASE);
    hear(silence, 11_000);
    expect(silence.claim(performance.now())).toMatchObject({ from: BEGIN });
    expect(silence.claim(performance.now())).toBeUndefined();
    silence.claimed('5-0');
    expect(silence.claim(performance.now())).toMatchObject({ from: '5-0' });
    silence.claimed(undefined);
    vi.advanceTimersByTime(2_500);
    expect(silence.claim(performance.now())).toMatchObject({ from: BEGIN });
  });

  it('is not known to who did not hear Redis, not even by an answer to what was asked before', () => {
    const silence = new StaleConsumers(LEASE);
    hear(silence, 20_000);
    vi.advanceTimersByTime(5_000);
    silence.missed();
    vi.advanceTimersByTime(7_000);
    silence.heard(at(performance.now() + 1_000_000));
    expect(claimed(silence)).toBe(GIVEN_UP);
    hear(silence, 10_200);
    expect(claimed(silence)).toBe(LEASE);
  });

  it('is not known when the clock of Redis was set', () => {
    const silence = new StaleConsumers(LEASE);
    hear(silence, 20_000);
    hear(silence, 400, 1_020_000);
    expect(claimed(silence)).toBe(GIVEN_UP);
  });

  it('is decided for half a lease by the clock of Redis', () => {
    const silence = new StaleConsumers(LEASE);
    hear(silence, 20_000);
    vi.advanceTimersByTime(100);
    expect(silence.claim(performance.now())).toMatchObject({ until: 1_000_000 + performance.now() + 5_000 });
  });
});
