/** Shares the traffic of an experience among its variations. */
import type { ExperienceConfig, VariationConfig } from '../model/project-config.js';
import { numberOf, textOf } from './coerce.js';

/** The number of positions that the traffic of an experience is divided into. */
export const MAX_TRAFFIC = 10_000;

/** A part of the traffic, from position `start` (inclusive) to position `end` (exclusive). */
interface Bucket<T> {
  readonly start: number;
  readonly end: number;
  readonly content: T;
}

export type Buckets<T> = readonly Bucket<T>[];

/**
 * The last version of an experience whose variations `packed` lays out. `anchored` lays out those of later versions.
 */
const LAST_PACKED_VERSION = 11;

/**
 * Lays out the variations of an experience over its traffic.
 *
 * @param contentOf makes the content of a variation's bucket from the id of the variation
 */
export function layOut<T>(
  { version, variations }: ExperienceConfig,
  contentOf: (variationId: string) => T,
): Buckets<T> {
  const all = variations ?? [];
  const buckets = numberOf(version) > LAST_PACKED_VERSION ? anchored(all) : packed(all);
  return buckets.map(({ start, end, content }) => ({ start, end, content: contentOf(content) }));
}

/**
 * Returns a warning if the shares of the running variations are over 100 % together: then some variations get less than
 * their share, or nothing. A missing share counts as 100 %, as in the SDK. Undefined if the shares are right.
 */
export function sharesProblem({ variations }: ExperienceConfig): string | undefined {
  const running = (variations ?? []).filter(
    (variation) => variation?.id && isRunning(variation) && hasTraffic(variation.traffic_allocation),
  );
  const isMissing = running.some((variation) => Number.isNaN(numberOf(variation.traffic_allocation)));
  const total = running.reduce((sum, { traffic_allocation: share }) => sum + (numberOf(share) || 100), 0);
  // Shares such as 33.34 add up to a little more than 100.
  if (total < 101) return undefined;
  const cause = isMissing ? '; a missing `traffic_allocation` counts as 100 %' : '';
  const percent = Math.round(total);
  return `has running variations that share ${percent} % of the traffic, so that the last ones get too little${cause}`;
}

/** Returns the bucket at a position of the traffic (0 to 9999); undefined if no bucket is there. */
export function bucketAt<T>(buckets: Buckets<T>, position: number): Bucket<T> | undefined {
  for (let i = 0; i < buckets.length; i++) {
    const bucket = buckets[i]!;
    if (position >= bucket.start && position < bucket.end) return bucket;
  }
  return undefined;
}

/**
 * Lays out the running variations that have traffic, one after the other from position 0 on. Variations whose ids are
 * whole numbers come first, by size, since the official SDK keeps variations in an object by their ids.
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
    // If a share is not a number, `end` stays NaN: as in the SDK, no visitor gets this variation or a later one.
    return { start, end, content: variationId };
  });
}

/**
 * Lays out variations so that each one keeps its start position, whether it runs or not, and takes its share of the
 * traffic from there on. If the traffic is raised or a variation is stopped, no visitor moves to another variation.
 * SDK 5.x lays out experiences of version 12 and up in this way. This function is built from the specification of
 * SDK 5.x and the vectors of its tests, since npm does not serve SDK 5.x.
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

/**
 * True if a variation with this share gets traffic. As in the SDK, a missing share means all of the traffic, and `null`
 * and 0 mean none.
 */
const hasTraffic = (share: unknown): boolean => numberOf(share) > 0 || Number.isNaN(numberOf(share));
