/** One figure from many blocks, and how far it can be trusted. */

/**
 * The cost that a quarter of the blocks stayed under. What else runs on a machine only ever adds to a block, often and
 * in leaps, so that the median of few blocks is the median of the disturbance; on a quiet machine both are the same.
 */
export function undisturbed(costs) {
  const sorted = [...costs].sort((a, b) => a - b);
  const place = (sorted.length - 1) / 4;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

const RESAMPLES = 1000;

/**
 * What a variant costs against its baseline: 1 is no cost, 0.5 is twice the cost. `low` and `high`: where that lies 95
 * times in 100, by drawing rounds again and again (bootstrap). Both have one cost per round.
 */
export function compare(baseline, variant) {
  const random = randomFrom(1);
  const rounds = Math.min(baseline.length, variant.length);
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    return (
      undisturbed(drawn.map((round) => baseline[round])) / undisturbed(drawn.map((round) => variant[round]))
    );
  }).sort((a, b) => a - b);
  return {
    ratio: undisturbed(baseline.slice(0, rounds)) / undisturbed(variant.slice(0, rounds)),
    low: ratios[Math.floor(RESAMPLES * 0.025)],
    high: ratios[Math.ceil(RESAMPLES * 0.975) - 1],
  };
}

/** How far from 1 the ratio of a thing to itself may be by chance; a ratio inside of that says nothing. */
export function spreadOf({ low, high }) {
  return Math.max(Math.abs(1 - low), Math.abs(high - 1));
}

/** The same numbers in [0, 1) for the same seed (mulberry32), so that two runs do the same work. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled(items, random) {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other], all[last]];
  }
  return all;
}
