/**
 * Builds and boots the examples on frameworks that want Node 22, with the packed package (Linux and macOS):
 *
 *     npm run test:stacks                    React Router, SvelteKit, Astro, Nitro, Nest on Express and on Fastify
 *     npm run test:stacks -- nest "react"    those whose names begin so
 *
 * Everything is installed from npm into a temporary folder, by the lock file beside this script. Prints what held: the
 * build, a page that shows its variation and sets one cookie, an exposure at the collector, the same page with the
 * cookie, what the framework does in its own way, and an end on SIGTERM that loses nothing. The exit code is 1 if
 * something did not hold.
 */
import { tryAll } from '../runtimes/command.js';
import { built } from '../support/built.js';

const { COLUMNS, STACK_NAMES, runStacks } = await built('test/stacks/run.ts');

await tryAll({
  names: STACK_NAMES,
  installing: 'the package and the frameworks',
  run: async (given) => [
    {
      columns: ['stack', ...COLUMNS],
      rows: (await runStacks(given)).map(({ stack, findings }) => ({ title: [stack], findings })),
    },
  ],
});
