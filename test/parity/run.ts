/** Runs as many random cases as are asked for, and shrinks the first one that differs. */
import fc from 'fast-check';
import { config, maybeConfig } from './configs.js';
import { Coverage } from './coverage.js';
import { judge, type ParityCase } from './judge.js';
import { listOf } from './values.js';
import { visitor } from './visitors.js';

export { gaps } from './demands.js';

const parityCase: fc.Arbitrary<ParityCase> = fc.record({
  projects: fc.tuple(config, maybeConfig),
  visitors: listOf(visitor, 1, 10),
});

export interface ParityRun {
  /** Where the cases come from: the same seed makes the same cases. */
  readonly seed: number;
  /** At least so many. */
  readonly decisions: number;
  /** Cases of one seed; then the next one comes. Default 200. */
  readonly batch?: number;
  readonly onProgress?: (decisions: number) => void;
}

export interface ParityReport {
  /** Those before the first difference. */
  readonly decisions: number;
  readonly cases: number;
  readonly coverage: Coverage;
  /** The first difference: its seed, its minimal case, and what was expected. */
  readonly difference: string | undefined;
}

export function runParity({ seed, decisions: wanted, batch = 200, onProgress }: ParityRun): ParityReport {
  const coverage = new Coverage();
  let decisions = 0;
  let cases = 0;
  for (let next = seed; decisions < wanted; next++) {
    let isShrinking = false;
    const property = fc.property(parityCase, (each) => {
      if (isShrinking) return void judge(each, new Coverage());
      isShrinking = true;
      decisions += judge(each, coverage);
      cases++;
      isShrinking = false;
    });
    const result = fc.check(property, { seed: next, numRuns: batch });
    if (result.failed) return { decisions, cases, coverage, difference: described(next, result) };
    onProgress?.(decisions);
  }
  return { decisions, cases, coverage, difference: undefined };
}

function described(seed: number, { counterexample, errorInstance }: fc.RunDetails<[ParityCase]>): string {
  const error =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : errorInstance;
  return [
    String(error),
    '',
    `Again: npm run parity -- --seed ${seed}`,
    '',
    'The minimal case, to be pasted into a test beside test/parity/judge.ts:',
    '',
    ...(counterexample ? [`judge(${fc.stringify(asJson(counterexample[0]))}, new Coverage());`] : []),
  ].join('\n');
}

/** Projects are JSON; so they are shorter. */
function asJson({ projects, visitors }: ParityCase): ParityCase {
  const given = projects.filter((project) => project !== undefined);
  return { projects: JSON.parse(JSON.stringify(given)) as ParityCase['projects'], visitors };
}
