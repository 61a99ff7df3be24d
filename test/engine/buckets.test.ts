/** Which visitor gets which variation: packed, and anchored (SDK 5.x, by the vectors of its own tests). */
import { describe, expect, it } from 'vitest';
import { bucketAt, layOut } from '../../src/engine/buckets.js';
import { murmur3 } from '../../src/engine/murmur3.js';
import type { ExperienceConfig } from '../../src/model/project-config.js';
import vectors from './buckets.json' with { type: 'json' };
import { trafficSuite } from './traffic.js';

const EXPERIENCE = '900000001';

const place = (visitorId: string, experienceId = EXPERIENCE): number =>
  Math.floor((murmur3(experienceId + visitorId) / 2 ** 32) * 10_000);

const experience = (variations: unknown, version: unknown): ExperienceConfig =>
  ({ id: EXPERIENCE, key: 'e', version, variations }) as ExperienceConfig;

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
