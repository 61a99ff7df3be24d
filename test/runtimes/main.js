/**
 * Boots the packed package on other runtimes than the tests run on, with each adapter (Linux and macOS):
 *
 *     npm run test:runtimes                       Node 22, 24 and 26, Bun and Deno
 *     npm run test:runtimes -- bun "node 26"      those whose names begin so
 *
 * Everything is installed from npm into a temporary folder. Prints what held: a page that shows its variation, an
 * exposure at the collector, a cookie that brings the same page again, and an end on SIGTERM that loses nothing. The
 * exit code is 1 if something did not hold.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printTable } from '../../bench/support/table.js';
import { built } from '../support/built.js';

const { COLUMNS, RUNTIME_NAMES, runRuntimes } = await built('test/runtimes/run.ts');
const wanted = process.argv.slice(2).map((name) => name.toLowerCase());
const beginsWith = (start) => (name) => name.toLowerCase().startsWith(start);
const unknown = wanted.filter((start) => !RUNTIME_NAMES.some(beginsWith(start)));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${RUNTIME_NAMES.join(', ')}`);
  process.exit(2);
}
const names = RUNTIME_NAMES.filter(
  (name) => wanted.length === 0 || wanted.some((start) => beginsWith(start)(name)),
);

const root = join(import.meta.dirname, '../..');
const folder = await mkdtemp(join(await realpath(tmpdir()), 'convert-runtimes-'));
console.log('Installing the package, the frameworks and the runtimes ...\n');
try {
  const results = await runRuntimes({ root, folder, names });
  const isOk = (finding) => finding === 'ok';
  printTable(
    ['runtime', 'adapter', ...COLUMNS],
    results.map(({ runtime, adapter, findings }) => [
      runtime,
      adapter,
      ...findings.map((finding) => (isOk(finding) || finding === 'not tried' ? finding : 'FAILED')),
    ]),
  );
  for (const { runtime, adapter, findings } of results) {
    const at = findings.findIndex((finding) => !isOk(finding));
    if (at < 0) continue;
    console.error(`\n${runtime}, ${adapter}, ${COLUMNS[at]}: ${findings[at]}`);
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
