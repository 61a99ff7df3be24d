/** Two tiers of tests: `npm test` runs the fast one, `npm run test:slow` the files that are named `*.slow.test.ts`. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';
import { LONGEST } from './test/support/longest.js';

const rank = ({ moduleId }: TestSpecification): number => {
  const index = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  return index < 0 ? LONGEST.length : index;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Rooms whose code changes nothing outside of itself, so that their test files may share a process. */
const PURE = 'test/{bridge,consent,engine,identity,model,options,request,utils}/**';
const SLOW = '*.slow.test.ts';

export default defineConfig(({ mode }) => {
  const files = mode === 'slow' ? SLOW : '*.test.ts';
  const exclude = [...configDefaults.exclude, ...(mode === 'slow' ? [] : [`**/${SLOW}`])];
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
      projects: [
        { extends: true, test: { name: 'pure', include: [`${PURE}/${files}`], exclude, isolate: false } },
        {
          extends: true,
          test: { name: 'shell', include: [`test/**/${files}`], exclude: [...exclude, PURE] },
        },
      ],
    },
  };
});
