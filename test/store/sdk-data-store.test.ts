import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sdkStore } from '../../src/store/sdk-data-store.js';
import type { SdkDataStore } from '../../src/store/types.js';
import { storeConformance } from '../../src/testing.js';

function inMemory(): SdkDataStore & { kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  return { kept, get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) };
}

/** As one over a network: every answer takes a while, and values are text in between. */
function remote(kept = new Map<string, string>()): SdkDataStore {
  return {
    async get(key) {
      await sleep(1);
      const text = kept.get(key);
      return text === undefined ? null : (JSON.parse(text) as unknown);
    },
    async set(key, value) {
      await sleep(1);
      kept.set(key, JSON.stringify(value));
    },
  };
}

describe('a synchronous store of the SDK is a store', () => {
  storeConformance(it, () => sdkStore(inMemory()));
});

describe('an asynchronous store of the SDK is a store', () => {
  const places = new Map<string, Map<string, string>>();
  const at = (place: string): Map<string, string> => {
    const kept = places.get(place) ?? new Map<string, string>();
    places.set(place, kept);
    return kept;
  };
  // Two processes may overwrite each other.
  storeConformance(it, (place) => sdkStore(remote(at(place))), { shared: true, atomic: false });
});

describe('a store of the SDK', () => {
  it('keeps the shape that the official SDK stores, behind the number of the format', async () => {
    const store = inMemory();
    await sdkStore(store).commit(
      '1-2-v',
      { claims: { 7: { variationId: 'x', exposed: true } } },
      { ephemeral: false },
    );
    expect(store.kept.get('1-2-v')).toEqual({ format: 1, bucketing: { 7: 'x' } });
  });

  it('reads what the official SDK wrote, and nothing of what is garbage', async () => {
    const store = inMemory();
    store.kept.set('ok', { bucketing: { 7: 'x' }, locations: ['a'], segments: { country: 'DE' } });
    store.kept.set('bad', 'garbage');
    store.kept.set('half', { bucketing: 7, goals: { buy: true } });
    expect(await sdkStore(store).read('ok')).toEqual({
      bucketing: { 7: 'x' },
      locations: ['a'],
      segments: { country: 'DE' },
    });
    expect(await sdkStore(store).read('bad')).toBeUndefined();
    expect(await sdkStore(store).read('half')).toEqual({ goals: { buy: true } });
  });

  it('rejects a commit with the reason when the store fails, and goes on with the next', async () => {
    let broken = true;
    const kept = inMemory();
    const store = sdkStore({
      ...kept,
      set: (key, value) => (broken ? Promise.reject(new Error('disk full')) : kept.set(key, value)),
    });
    await expect(store.commit('k', { goals: ['a'] }, { ephemeral: false })).rejects.toMatchObject({
      code: 'CONVERT_STORE',
      message: expect.stringContaining('the data store failed to write') as unknown,
      cause: expect.objectContaining({ message: 'disk full' }) as unknown,
    });
    broken = false;
    expect((await store.commit('k', { goals: ['b'] }, { ephemeral: false })).state).toEqual({
      goals: { b: true },
    });
  });
});
