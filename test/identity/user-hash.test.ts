/** Hashes of users: what a store knows of who has logged in. */
import { nodeDigests } from '../../src/utils/node/digests.js';
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { isUserId, userHasher } from '../../src/identity/user-hash.js';

const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];
const plain = (text: string): string => createHash('sha256').update(text).digest('base64url');

it('F5: with secrets, new entries get an HMAC of the first one; the others and the plain hash are known', () => {
  const hashes = userHasher(nodeDigests, [NEW, OLD])(4711);
  expect(hashes).toEqual([
    userHasher(nodeDigests, NEW)(4711)[0],
    userHasher(nodeDigests, OLD)(4711)[0],
    plain('4711'),
  ]);
  expect(new Set(hashes).size).toBe(3);
  expect(hashes[0]).toMatch(/^[0-9a-z]{25}$/);
});

it('F5: without secrets it is the plain SHA-256, as before', () => {
  expect(userHasher(nodeDigests, undefined)('ann@shop.example')).toEqual([plain('ann@shop.example')]);
});

it('F6: a text with a lone surrogate is no id: another one would have its hash', () => {
  expect(userHasher(nodeDigests, NEW)('a\ud800')).toEqual(userHasher(nodeDigests, NEW)('a\ud801'));
  expect(['a\ud800', '\udc00b', '🧥'].map(isUserId)).toEqual([false, false, true]);
});

it('a number is the user that its text is', () => {
  expect(userHasher(nodeDigests, NEW)(4711)).toEqual(userHasher(nodeDigests, NEW)('4711'));
  expect([0, 4711, 'ann', 'x'.repeat(256)].map(isUserId)).toEqual([true, true, true, true]);
  expect([NaN, Infinity, '', 'x'.repeat(257), null, {}].map(isUserId)).not.toContain(true);
});
