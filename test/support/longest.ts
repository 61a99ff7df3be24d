/**
 * The test files that a run begins with: they take longest, and no worker is to be left alone with one of them at the
 * end.
 */
export const LONGEST = [
  'package/tarball.slow.test.ts',
  'examples/shop.slow.test.ts',
  'adapters/load.slow.test.ts',
  'integrations/redis/outbox/process.slow.test.ts',
  'delivery/spool/process.slow.test.ts',
  'parity/parity.slow.test.ts',
  'delivery/spool/spool-outbox.slow.test.ts',
  'examples/boot.slow.test.ts',
  'system/fleet.slow.test.ts',
  'integrations/redis/outbox/faults.test.ts',
  'integrations/redis/outbox/redis-outbox.test.ts',
  'delivery/spool/spool-outbox.test.ts',
  'examples/shop.test.ts',
  'package/tarball.test.ts',
];
