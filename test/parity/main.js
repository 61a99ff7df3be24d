/**
 * Compares the compiled engine with the official SDK on as many random decisions as are asked for:
 *
 *     npm run parity                              a hundred thousand decisions
 *     npm run parity -- --decisions 5000000       so many, with progress
 *     npm run parity -- --seed 42                 the cases of a seed again
 *
 * Prints the seed, what the cases covered, and a minimal case for the first difference. The exit code is 1 where there
 * is one, and where the cases of a long run didn't cover what they have to.
 */
import { parseArgs } from 'node:util';
import { built } from '../support/built.js';

/** A shorter run may miss what is rare. */
const LONG = 100_000;

const { values } = parseArgs({
  options: { decisions: { type: 'string', default: String(LONG) }, seed: { type: 'string' } },
});
const decisions = Number(values.decisions);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(decisions) || !Number.isSafeInteger(seed)) {
  console.error('--decisions and --seed take whole numbers');
  process.exit(2);
}

const { runParity, gaps } = await built('test/parity/run.ts');
console.log(`seed ${seed}`);
const start = performance.now();
const rate = (count) => Math.round((count * 1000) / (performance.now() - start)).toLocaleString('en');
let printed = start;
const { coverage, difference, ...done } = runParity({
  seed,
  decisions,
  onProgress(count) {
    if (performance.now() - printed < 5000) return;
    printed = performance.now();
    console.log(`${count.toLocaleString('en')} decisions, ${rate(count)} a second`);
  },
});
console.log(`\n${coverage.table()}\n`);
console.log(
  `${done.decisions.toLocaleString('en')} decisions of ${done.cases.toLocaleString('en')} cases,` +
    ` ${rate(done.decisions)} a second, seed ${seed}`,
);
const missing = done.decisions < LONG ? [] : gaps(coverage);
if (difference !== undefined) {
  console.error(`\nThe compiled engine differs from the official SDK.\n\n${difference}`);
} else if (missing.length > 0) {
  console.error(`\nThe cases don't cover what they have to:\n${missing.join('\n')}`);
} else {
  console.log('No difference.');
}
process.exitCode = difference === undefined && missing.length === 0 ? 0 : 1;
