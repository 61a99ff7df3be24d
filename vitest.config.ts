/** Two tiers of tests: `npm test` runs the fast one, `npm run test:slow` the files that are named `*.slow.test.ts`. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';
import { FAST, LONGEST, SLOW } from './test/support/tiers.js';

const rank = ({ moduleId }: TestSpecification): number => {
  const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  return index < 0 ? LONGEST.length : index;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig(({ mode }) => ({
  test: {
    globalSetup: ['test/support/build.ts', 'test/support/shared-folder.ts'],
    include: [mode === 'slow' ? SLOW : FAST],
    exclude: [...configDefaults.exclude, ...(mode === 'slow' ? [] : [SLOW])],
    sequence: { sequencer: LongestFirst },
    // A bound for what hangs, not a promise: machines that run this may have other things to do.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Two cores, and many tests that wait: more workers than that only make timers late.
    maxWorkers: 3,
  },
}));
