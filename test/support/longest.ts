/**
 * The test files that a run begins with: they take longest, and no worker is to be left alone with one of them at the
 * end.
 */
export const LONGEST = [
  'package/tarball.slow.test.ts',
  'parity/parity.slow.test.ts',
  'adapters/load.slow.test.ts',
  'integrations/redis/outbox/process.slow.test.ts',
  'delivery/spool/process.slow.test.ts',
  'docs/guides.slow.test.ts',
  'examples/shop.slow.test.ts',
  'system/fleet.slow.test.ts',
  'system/shared-pages.slow.test.ts',
  'examples/templates.slow.test.ts',
  'delivery/spool/spool-outbox.slow.test.ts',
  'integrations/redis/outbox/redis-outbox.slow.test.ts',
  'system/two-versions.slow.test.ts',
  'delivery/spool/spool-outbox.test.ts',
  'integrations/redis/outbox/redis-outbox.test.ts',
  'adapters/koa.test.ts',
  'adapters/share.test.ts',
  'adapters/express.test.ts',
  'adapters/fastify.test.ts',
  'package/tarball.test.ts',
  'integrations/redis/outbox/faults.test.ts',
  'delivery/spool/process.test.ts',
  'context/participation-table.test.ts',
  'system/process.test.ts',
];
