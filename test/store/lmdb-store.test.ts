/** Visitor state in real LMDB databases. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { lmdbStore } from '../../src/lmdb.js';
import { storeConformance } from '../../src/testing.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'convert-lmdb-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('lmdbStore is a store', () => {
  storeConformance(it, (place) => lmdbStore(join(root, place), { ephemeralAge: 400 }), {
    shared: true,
    ephemeralAge: 400,
  });
});
