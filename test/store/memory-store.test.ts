import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import { storeConformance } from '../../src/testing.js';

describe('memoryStore is a store', () => {
  storeConformance(it, () => memoryStore({ ephemeralAge: 400 }), { ephemeralAge: 400, age: 400 });
});

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
    for (let n = 0; n < 10_000; n++) store.commit(`generated-${n}`, seen, { ephemeral: true });
    expect(store.size).toBeLessThanOrEqual(200);
    for (let n = 0; n < 100; n++) expect(store.read(`known-${n}`)).toBeDefined();
  });

  it('keeps notes beside the visitors, who push out none, and no more of them than visitors', () => {
    const store = memoryStore({ max: 3 });
    const note = (key: string) => store.commit(key, seen, { ephemeral: false, age: 60_000 });
    for (const key of ['a', 'b', 'c', 'd', 'b']) note(key);
    for (let n = 0; n < 10; n++) store.commit(`v${n}`, seen, { ephemeral: n % 2 === 0 });
    expect(['a', 'b', 'c', 'd'].filter((key) => store.read(key, { prolongs: false }))).toEqual([
      'b',
      'c',
      'd',
    ]);
    store.delete('c');
    note('e');
    expect(['b', 'c', 'd', 'e'].filter((key) => store.read(key))).toEqual(['b', 'd', 'e']);
  });

  it('does not take a visitor for one who is back if a read says so', async () => {
    const store = memoryStore({ ephemeralAge: 100 });
    store.commit('v', seen, { ephemeral: true });
    expect(store.read('v', { prolongs: false })).toEqual({ goals: { seen: true } });
    await sleep(150);
    expect(store.read('v')).toBeUndefined();
  });

  it('holds the state of like visitors once, and never mixes them up', () => {
    const store = memoryStore();
    const claims = Object.freeze({ 7: Object.freeze({ variationId: 'x', exposed: true }) });
    const commit = (key: string, locations?: string[]) =>
      store.commit(key, { claims, ...(locations && { locations }) }, { ephemeral: true }).state;
    const first = commit('a', ['home']);
    expect(first).toEqual({ bucketing: { 7: 'x' }, locations: ['home'] });
    expect(commit('b', ['home'])).toBe(first);
    expect(commit('c')).toEqual({ bucketing: { 7: 'x' } });
    expect(commit('d', ['shop'])).toEqual({ bucketing: { 7: 'x' }, locations: ['shop'] });
    store.commit('a', { goals: ['buy'] }, { ephemeral: true });
    expect(store.read('a')).toEqual({ bucketing: { 7: 'x' }, goals: { buy: true }, locations: ['home'] });
    expect(store.read('b')).toEqual({ bucketing: { 7: 'x' }, locations: ['home'] });
    // First write wins for them as for all others.
    const other = { claims: { 7: { variationId: 'y', exposed: true } } };
    expect([...store.commit('b', other, { ephemeral: true }).lost]).toEqual(['experience:7']);
  });

  it('sees what a job wrote of an id before the request that issued it', () => {
    const store = memoryStore();
    const claims = (variationId: string) => ({ claims: { 7: { variationId, exposed: true } } });
    store.commit('v', claims('x'), { ephemeral: false });
    const { state, lost } = store.commit('v', claims('y'), { ephemeral: true, first: true });
    expect(state).toEqual({ bucketing: { 7: 'x' } });
    expect([...lost]).toEqual(['experience:7']);
    expect(store.size).toBe(1);
  });

  it('forgets an id that did not come back in time, and keeps one that did', async () => {
    const store = memoryStore({ ephemeralAge: 300 });
    store.commit('stays', seen, { ephemeral: true });
    store.commit('goes', seen, { ephemeral: true });
    store.commit('writes', seen, { ephemeral: true });
    expect(store.read('stays')).toBeDefined();
    store.commit('writes', { goals: ['again'] }, { ephemeral: false });
    await sleep(400);
    expect(store.read('goes')).toBeUndefined();
    expect(store.read('stays')).toEqual({ goals: { seen: true } });
    expect(store.read('writes')).toEqual({ goals: { seen: true, again: true } });
  });
});
