import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import { storeConformance } from './conformance.js';

storeConformance('memoryStore', () => memoryStore());

const seen = { goals: ['seen'] };

describe('memoryStore', () => {
  it('is bounded, and forgets those first that were not seen for longest', () => {
    const store = memoryStore({ max: 100 });
    for (let n = 0; n < 1_000; n++) {
      store.commit(`v${n}`, seen, { ephemeral: false });
      store.read('v0');
    }
    expect(store.size).toBe(100);
    expect(store.read('v0')).toBeDefined();
    expect(store.read('v999')).toBeDefined();
    expect(store.read('v500')).toBeUndefined();
  });

  it('lets a flood of ids that never come back push out nobody', () => {
    const store = memoryStore({ max: 100 });
    for (let n = 0; n < 100; n++) store.commit(`known-${n}`, seen, { ephemeral: false });
    for (let n = 0; n < 10_000; n++) store.commit(`minted-${n}`, seen, { ephemeral: true });
    expect(store.size).toBeLessThanOrEqual(200);
    for (let n = 0; n < 100; n++) expect(store.read(`known-${n}`)).toBeDefined();
  });

  it('forgets an id that did not come back in time, and keeps one that did', async () => {
    const store = memoryStore({ ephemeralAge: 40 });
    store.commit('stays', seen, { ephemeral: true });
    store.commit('goes', seen, { ephemeral: true });
    store.commit('writes', seen, { ephemeral: true });
    expect(store.read('stays')).toBeDefined();
    store.commit('writes', { goals: ['again'] }, { ephemeral: false });
    await sleep(80);
    expect(store.read('goes')).toBeUndefined();
    expect(store.read('stays')).toEqual({ goals: { seen: true } });
    expect(store.read('writes')).toEqual({ goals: { seen: true, again: true } });
  });
});
