/**
 * Boots the packed package on other runtimes than the tests run on, with each adapter (Linux and macOS), and runs the
 * suites of the adapters over `convert-middleware/fetch` there:
 *
 *     npm run test:runtimes                       Node 22, 24 and 26, Bun and Deno
 *     npm run test:runtimes -- bun "node 26"      those whose names begin so
 *
 * Everything is installed from npm into a temporary folder. Prints what held of each app: a page that shows its
 * variation, an exposure at the collector, a cookie that brings the same page again, and an end on SIGTERM that loses
 * nothing. `bun` and `deno` are the examples in `examples/edge`, on the runtime's own server. Then prints how many
 * cases of the suites ran, and whether they held. The exit code is 1 if something did not hold.
 */
import { built } from '../support/built.js';
import { tryAll } from './command.js';

const { COLUMNS, RUNTIME_NAMES, runRuntimes } = await built('test/runtimes/run.ts');

await tryAll({
  names: RUNTIME_NAMES,
  installing: 'the package, the frameworks and the runtimes',
  run: async (given) => {
    const { apps, suites } = await runRuntimes(given);
    return [
      { columns: ['runtime', 'app', ...COLUMNS], rows: apps },
      { columns: ['runtime', 'cases', 'over /fetch'], rows: suites },
    ];
  },
});
