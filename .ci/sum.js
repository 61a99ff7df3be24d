/**
 * Adds up the JSON reports of test runs: `sum.js REPORT STATUS [REPORT STATUS ...]`, where STATUS is the exit code of a
 * run. Prints one line; the exit code is 1 if something failed, or if a run passed nothing.
 */
import { readFileSync } from 'node:fs';

const sum = { passed: 0, failed: 0, skipped: 0 };
for (let n = 2; n < process.argv.length; n += 2) {
  const counts = countsOf(process.argv[n], process.argv[n + 1]);
  for (const name of Object.keys(sum)) sum[name] += counts[name];
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;

function countsOf(report, status) {
  const all = read(report);
  // A run that ended before it could report has passed nothing.
  if (all === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const files = all.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = all.numPassedTests;
  // An error outside of every test fails the run, and no test.
  const failed = all.numFailedTests + files.length || Number(status !== '0' || passed === 0);
  return { passed, failed, skipped: all.numPendingTests + all.numTodoTests };
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return undefined;
  }
}
