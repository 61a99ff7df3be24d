/** Cells of a table that compare a variant with the baseline. */
import { compare } from '../support/statistics.js';

/** Ratio, its range, and whether it says nothing; of the rounds in which both took part. */
export function comparison(baseline, run, unit, spread) {
  if (run === baseline) return ['1.00', '', ''];
  const { rounds = baseline[unit].map((_, round) => round) } = run;
  const { ratio, low, high } = compare(
    rounds.map((round) => baseline[unit][round]),
    run[unit],
  );
  return [
    ratio.toFixed(2),
    `${low.toFixed(2)}-${high.toFixed(2)}`,
    Math.abs(1 - ratio) <= spread ? 'no difference' : '',
  ];
}

export const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
