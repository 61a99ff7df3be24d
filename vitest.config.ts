import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** What takes longest, so that no worker is left alone with one of them at the end. */
const LONGEST = [
  'package/tarball',
  'examples/shop',
  'adapters/load',
  'integrations/redis/outbox/process',
  'delivery/spool/process',
  'integrations/redis/outbox/faults',
  'system/fleet',
  'parity/parity',
  'integrations/redis/outbox/redis-outbox',
  'delivery/spool/spool-outbox',
].map((name) => `/test/${name}.test.ts`);

const rank = ({ moduleId }: TestSpecification): number => {
  const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return index < 0 ? LONGEST.length : index;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    include: ['test/**/*.test.ts'],
    sequence: { sequencer: LongestFirst },
    // A bound for what hangs, not a promise: machines that run this may have other things to do.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Two cores, and many tests that wait: more workers than that only make timers late.
    maxWorkers: 3,
  },
});
