/** Visitor state in real LMDB databases. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { lmdbStore } from '../../../src/lmdb.js';
import { storeConformance } from '../../../src/testing.js';
import { temporaryFolder } from '../../support/folder.js';

const root = temporaryFolder('lmdb', afterAll);

/** Milliseconds: long enough for a machine that has other things to do. */
const AGE = 3_000;

describe('lmdbStore is a store', () => {
  storeConformance(it, (place) => lmdbStore(join(root, place), { ephemeralAge: AGE }), {
    shared: true,
    ephemeralAge: AGE,
    age: 1_500,
  });
});

describe('lmdbStore, told that nothing can be there', () => {
  const first = { ephemeral: true, first: true };
  const claims = (variationId: string) => ({ claims: { 7: { variationId, exposed: true } } });

  it('sees what is there all the same', async () => {
    const store = lmdbStore(join(root, 'there'));
    await store.commit('v', claims('x'), { ephemeral: false });
    const { state, lost } = await store.commit('v', claims('y'), first);
    expect([state, [...lost]]).toEqual([{ bucketing: { 7: 'x' } }, ['experience:7']]);
    await store.close?.();
  });

  it('writes over what has expired, and was not swept yet', async () => {
    // It expires in the middle between two rounds of the sweep, which come every second.
    const ephemeralAge = 2_500;
    const store = lmdbStore(join(root, 'expired'), { ephemeralAge });
    await store.commit('v', claims('x'), first);
    // Not by reading: what is read lives on.
    await sleep(ephemeralAge + 20);
    const { state, lost } = await store.commit('v', claims('y'), first);
    expect([state, [...lost]]).toEqual([{ bucketing: { 7: 'y' } }, []]);
    expect(await store.read('v')).toEqual({ bucketing: { 7: 'y' } });
    await store.close?.();
  });
});
