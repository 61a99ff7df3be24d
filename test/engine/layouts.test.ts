/** Which visitor gets which variation: packed, and anchored (SDK 5.x, by the vectors of its own tests). */
import { describe, expect, it } from 'vitest';
import { bucketAt, layOut } from '../../src/engine/buckets.js';
import { HashPrefix, hashOnce, HashSuffix, murmur3 } from '../../src/engine/murmur3.js';
import type { ExperienceConfig } from '../../src/model/project-config.js';
import vectors from './layouts.json' with { type: 'json' };
import { trafficSuite } from './traffic.js';

const EXPERIENCE = '900000001';

const place = (visitorId: string, experienceId = EXPERIENCE): number =>
  Math.floor((murmur3(experienceId + visitorId) / 2 ** 32) * 10_000);

const experience = (variations: unknown, version: unknown): ExperienceConfig =>
  ({ id: EXPERIENCE, key: 'e', version, variations }) as ExperienceConfig;

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

const itself = (variationId: string): string => variationId;

describe('layouts', () => {
  it.each(vectors.placed as [keyof typeof vectors.configs, number, string, number, string | null][])(
    '%s, version %s: %s at %i gets %s',
    (config, version, visitorId, value, expected) => {
      expect(place(visitorId)).toBe(value);
      const buckets = layOut(experience(vectors.configs[config], version), itself);
      expect(bucketAt(buckets, value)?.content ?? null).toBe(expected);
    },
  );

  it.each(vectors.gate as [unknown, boolean][])('version %j: anchored is %s', (version, anchored) => {
    // Packed, ids that are whole numbers come first.
    const buckets = layOut(experience([{ id: '20' }, { id: '10' }], version), itself);
    expect(bucketAt(buckets, 0)?.content).toBe(anchored ? '20' : '10');
  });

  it.each(vectors.selected)('anchored, $note', ({ variations, select }) => {
    const buckets = layOut(experience(variations, 12), itself);
    for (const [value, expected] of Object.entries(select)) {
      expect(bucketAt(buckets, Number(value))?.content ?? null, `at ${value}`).toBe(expected);
    }
  });
});

describe('the traffic', () => trafficSuite(10_000));
