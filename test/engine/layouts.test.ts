/** Which visitor gets which variation: packed, and anchored (SDK 5.x, by the vectors of its own tests). */
import { describe, expect, it } from 'vitest';
import { bucketAt, layOut } from '../../src/engine/buckets.js';
import { compiledEngine } from '../../src/engine/compiled-engine.js';
import { HashPrefix, hashOnce, HashSuffix, murmur3 } from '../../src/engine/murmur3.js';
import type { ExperienceConfig, ProjectConfig, VariationConfig } from '../../src/model/project-config.js';
import vectors from './layouts.json' with { type: 'json' };
import { visitor } from './conformance.js';

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

/** Upper 0.1 % of the chi-square distribution, by degrees of freedom. */
const CHI_SQUARE: Record<number, number> = { 1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467 };
const VISITORS = 200_000;

describe('the traffic', () => {
  const shares = [
    [50, 50],
    [10, 20, 30],
    [33.34, 33.33, 33.33],
    [5, 5],
    [1, 2, 4, 8],
  ];
  const layouts = [8, 12].flatMap((version) => shares.map((each) => ({ version, shares: each })));

  it.each(layouts)('is shared as the config says: version $version, $shares %', ({ version, shares }) => {
    const variations = shares.map((share, index): VariationConfig => {
      return { id: `v${index}`, key: `v${index}`, status: 'running', traffic_allocation: share };
    });
    const project = compiledEngine().load(projectOf(experience(variations, version)));
    const counts = new Map<string, number>();
    for (let n = 0; n < VISITORS; n++) {
      const key = project.experience('e', visitor({ id: `visitor-${n}` }), {}).variation?.key ?? 'none';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const rest = 100 - shares.reduce((sum, share) => sum + share, 0);
    const expected = [
      ...shares.map((share, index) => [`v${index}`, share] as const),
      ['none', rest] as const,
    ];
    const cells = expected.filter(([, share]) => share > 1e-9);
    const chiSquare = cells
      .map(([key, share]) => ({ seen: counts.get(key) ?? 0, meant: (share / 100) * VISITORS }))
      .reduce((sum, { seen, meant }) => sum + (seen - meant) ** 2 / meant, 0);
    expect(chiSquare).toBeLessThan(CHI_SQUARE[cells.length - 1]!);
  });

  it('moves nobody when it is raised, where the layout is anchored', () => {
    const withShares = (...given: number[]) =>
      compiledEngine().load(
        projectOf(
          experience(
            given.map((share, index) => ({ id: `v${index}`, key: `v${index}`, traffic_allocation: share })),
            12,
          ),
        ),
      );
    // Twice, four and ten times as much, in the same proportions.
    const raised = [1, 2, 4, 10].map((factor) => withShares(1 * factor, 3 * factor, 6 * factor));
    let seen = 0;
    for (let n = 0; n < 20_000; n++) {
      const subject = visitor({ id: `visitor-${n}` });
      let before: string | undefined;
      for (const project of raised) {
        const now = project.experience('e', subject, {}).variation?.key;
        if (before !== undefined) expect(now).toBe(before);
        before = now;
      }
      if (before !== undefined) seen++;
    }
    expect(seen).toBe(20_000);
  });
});

function projectOf(...experiences: ExperienceConfig[]): ProjectConfig {
  return { account_id: '1', project: { id: '2' }, experiences };
}
