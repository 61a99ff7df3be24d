/** The hash by which visitors are bucketed: MurmurHash3 of a text, whole or in two parts. */
import { describe, expect, it } from 'vitest';
import { HashPrefix, hashOnce, HashSuffix, murmur3 } from '../../src/engine/murmur3.js';

/** Hashed whole, byte by byte: by none of the short ways. */
const reference = (text: string): number => new HashSuffix('').hash(new HashPrefix(text));

describe('the hash', () => {
  // Published vectors of MurmurHash3_x86_32.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('of %j with seed %i', (text, seed, hash) => {
    expect(murmur3(text, seed)).toBe(hash);
  });

  it('is the same wherever a text is divided', () => {
    const text = 'a-π-\u{1F600}-0123456789';
    for (const whole of [text, text.slice(0, 5), '0123456789-abcdefghi', 'x', '']) {
      for (let at = 0; at <= whole.length; at++) {
        // Not between the two halves of a surrogate pair: each part is encoded by itself.
        if (/[\ud800-\udbff]$/.test(whole.slice(0, at))) continue;
        const divided = new HashSuffix(whole.slice(at)).hash(new HashPrefix(whole.slice(0, at)));
        expect(divided, `${whole} at ${at}`).toBe(reference(whole));
        expect(hashOnce(new HashPrefix(whole.slice(0, at)), whole.slice(at))).toBe(divided);
      }
    }
  });
});
