import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashOf } from '../../../src/utils/node/hash.js';

it('F6: ids with halves of surrogate pairs have hashes of their own', () => {
  const ids = ['a\ud83d', 'a\ud83e', 'a\ufffd', 'a'];
  expect(new Set(ids.map(hashOf)).size).toBe(ids.length);
});

it('the hash of any other id is its SHA-256', () => {
  for (const id of ['a', 'ü\u{1F600}'])
    expect(hashOf(id)).toBe(createHash('sha256').update(id).digest('hex'));
});
