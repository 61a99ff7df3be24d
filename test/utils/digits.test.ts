import { expect, it } from 'vitest';
import { digitsOf } from '../../src/utils/digits.js';

// The hashes of FNV-1a with 64 bits are those of its reference: http://www.isthe.com/chongo/src/fnv/test_fnv.c
it.each([
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['foobar', 0x85944171f73967e8n],
])('the digits of %j are the upper bits of its hash, so that ids stay what they are', (text, hash) => {
  expect(digitsOf(text)).toBe(String(hash >> 11n));
});
