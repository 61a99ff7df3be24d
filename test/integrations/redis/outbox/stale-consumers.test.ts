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
  function hear(stale: StaleConsumers, milliseconds: number, ahead = 1_000_000): void {
    for (const end = performance.now() + milliseconds; performance.now() < end;) {
      vi.advanceTimersByTime(200);
      stale.heard(at(performance.now() + ahead));
    }
  }
  const claimed = (stale: StaleConsumers): number | undefined => {
    const claim = stale.claim(performance.now());
    stale.claimed(undefined);
    return claim?.milliseconds;
  };

  it('is not asked before Redis has answered once', () => {
    expect(new StaleConsumers(LEASE).claim(0)).toBeUndefined();
  });

  it('is known to who has heard Redis for a lease; before, only what was given up is anybody\u2019s', () => {
    const stale = new StaleConsumers(LEASE);
    hear(stale, 5_000);
    expect(claimed(stale)).toBe(GIVEN_UP);
    hear(stale, 6_000);
    expect(claimed(stale)).toBe(LEASE);
  });

  it('is asked from time to time, or at once where there is more', () => {
    const stale = new StaleConsumers(LEASE);
    hear(stale, 11_000);
    expect(stale.claim(performance.now())).toMatchObject({ from: BEGIN });
    expect(stale.claim(performance.now())).toBeUndefined();
    stale.claimed('5-0');
    expect(stale.claim(performance.now())).toMatchObject({ from: '5-0' });
    stale.claimed(undefined);
    vi.advanceTimersByTime(2_500);
    expect(stale.claim(performance.now())).toMatchObject({ from: BEGIN });
  });

  it('is not known to who did not hear Redis, not even by an answer to what was asked before', () => {
    const stale = new StaleConsumers(LEASE);
    hear(stale, 20_000);
    vi.advanceTimersByTime(5_000);
    stale.missed();
    vi.advanceTimersByTime(7_000);
    stale.heard(at(performance.now() + 1_000_000));
    expect(claimed(stale)).toBe(GIVEN_UP);
    hear(stale, 10_200);
    expect(claimed(stale)).toBe(LEASE);
  });

  it('is not known when the clock of Redis was set', () => {
    const stale = new StaleConsumers(LEASE);
    hear(stale, 20_000);
    hear(stale, 400, 1_020_000);
    expect(claimed(stale)).toBe(GIVEN_UP);
  });

  it('is decided for half a lease by the clock of Redis', () => {
    const stale = new StaleConsumers(LEASE);
    hear(stale, 20_000);
    vi.advanceTimersByTime(100);
    expect(stale.claim(performance.now())).toMatchObject({ until: 1_000_000 + performance.now() + 5_000 });
  });
});
