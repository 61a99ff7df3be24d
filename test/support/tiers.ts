/** The two tiers of tests, and the test files that a run begins with. */
export const FAST = 'test/**/*.test.ts';
export const SLOW = 'test/**/*.slow.test.ts';

/** The files that take longest come first, so that no worker is left alone with one of them at the end. */
export const LONGEST = [
  'package/tarball.slow.test.ts',
  'examples/shop.slow.test.ts',
  'adapters/load.slow.test.ts',
  'integrations/redis/outbox/process.slow.test.ts',
  'delivery/spool/process.slow.test.ts',
  'parity/parity.slow.test.ts',
  'system/fleet.slow.test.ts',
  'examples/shop.test.ts',
  'integrations/redis/outbox/faults.test.ts',
  'package/tarball.test.ts',
  'integrations/redis/outbox/redis-outbox.test.ts',
  'delivery/spool/spool-outbox.test.ts',
];
