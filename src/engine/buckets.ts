/** Shares the traffic of an experience among its variations. */
import type { ExperienceConfig, VariationConfig } from '../model/project-config.js';
import { numberOf, textOf } from './coerce.js';

/** The traffic is divided into so many positions. */
export const MAX_TRAFFIC = 10_000;

/** A part of the traffic, from position `start` (inclusive) to position `end` (exclusive). */
interface Bucket<T> {
  readonly start: number;
  readonly end: number;
  readonly content: T;
}

export type Buckets<T> = readonly Bucket<T>[];

/** Experiences of a version beyond this one are laid out anchored. */
const LAST_PACKED_VERSION = 11;

/** @param contentOf what lies in the bucket of a variation, by its id */
export function layOut<T>(
  { version, variations }: ExperienceConfig,
  contentOf: (variationId: string) => T,
): Buckets<T> {
  const all = variations ?? [];
  const buckets = numberOf(version) > LAST_PACKED_VERSION ? anchored(all) : packed(all);
  return buckets.map(({ start, end, content }) => ({ start, end, content: contentOf(content) }));
}

/** The bucket at a position of the traffic (0 to 9999), if there is one. */
export function bucketAt<T>(buckets: Buckets<T>, position: number): Bucket<T> | undefined {
  for (let i = 0; i < buckets.length; i++) {
    const bucket = buckets[i]!;
    if (position >= bucket.start && position < bucket.end) return bucket;
  }
  return undefined;
}

/**
 * Running variations with traffic, one after the other from 0 on. The official SDK keeps them in an object by their
 * ids, so that ids which are whole numbers come first, by size.
 */
function packed(variations: readonly VariationConfig[]): Buckets<string> {
  const shares: Record<string, unknown> = {};
  for (const variation of variations) {
    const share = variation?.traffic_allocation as unknown;
    if (isRunning(variation) && hasTraffic(share) && variation.id)
      shares[textOf(variation.id)] = share || 100;
  }
  let end = 0;
  return Object.keys(shares).map((variationId) => {
    const start = end;
    end += numberOf(shares[variationId]) * 100;
    // A share that is no number ends the traffic: in the SDK, no position after it is below NaN.
    return { start, end, content: variationId };
  });
}

/**
 * Each variation keeps its position whether it runs or not, and takes its share of the traffic from there on: to raise
 * the traffic, or to stop a variation, moves nobody. This is how SDK 5.x lays out experiences of version 12 and up; it
 * is built from its specification and the vectors of its tests, since npm serves no 5.x.
 */
function anchored(variations: readonly VariationConfig[]): Buckets<string> {
  const placed = variations.filter((variation) => variation.id);
  const weights = placed.map(({ traffic_allocation: share }) => {
    const weight = numberOf(share);
    return Number.isNaN(weight) ? 100 : weight;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return [];
  let before = 0;
  return placed.map((variation, index) => {
    const weight = weights[index]!;
    const start = (before / total) * MAX_TRAFFIC;
    before += weight;
    const end = isRunning(variation) && weight > 0 ? start + weight * 100 : start;
    return { start, end, content: variation.id };
  });
}

const isRunning = (variation: VariationConfig): boolean =>
  variation?.status ? variation.status === 'running' : true;

/** True if a share has traffic, as in the SDK: a missing share is all of it, `null` and 0 are none. */
const hasTraffic = (share: unknown): boolean => numberOf(share) > 0 || Number.isNaN(numberOf(share));
