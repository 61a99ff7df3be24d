/** Two tiers of tests: `npm test` runs the fast one, `npm run test:slow` the files that are named `*.slow.test.ts`. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';
import { ALONE } from './test/support/alone.js';
import { LONGEST } from './test/support/longest.js';

const SLOW = '**/*.slow.test.ts';

/** The longest files come first, and those that run alone last: a shared worker ends if one of these is next. */
const rank = ({ moduleId, project }: TestSpecification): number => {
  const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  if (index >= 0) return index;
  return project.name === 'shared' ? LONGEST.length : LONGEST.length + 1;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig(({ mode }) => {
  const isSlow = mode === 'slow';
  const alone = Object.keys(ALONE)
    .filter((file) => file.endsWith('.slow.test.ts') === isSlow)
    .map((file) => `test/${file}`);
  const exclude = [...configDefaults.exclude, ...(isSlow ? [] : [SLOW])];
  return {
    test: {
      globalSetup: ['test/support/build.ts', 'test/support/shared-folder.ts'],
      sequence: { sequencer: LongestFirst },
      // A bound for what hangs, not a promise: machines that run this may have other things to do.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 30_000 } },
      // Two cores, and many tests that wait: with fewer workers, a core is idle for a fifth of the time.
      maxWorkers: 5,
      unstubEnvs: true,
      unstubGlobals: true,
      projects: [
        {
          extends: true,
          test: {
            name: 'shared',
            include: [isSlow ? SLOW : 'test/**/*.test.ts'],
            exclude: [...exclude, ...alone],
            setupFiles: ['test/support/tidy.ts'],
            // A worker loads the sources once, which takes longer than most files of tests.
            isolate: false,
          },
        },
        { extends: true, test: { name: 'alone', include: alone } },
      ],
    },
  };
});
