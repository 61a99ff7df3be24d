import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { spoolOutbox } from '../../src/delivery/spool-outbox.js';
import { outboxConformance } from './outbox.conformance.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-spool-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let spools = 0;
const fresh = (): string => join(folder, String((spools += 1)));

outboxConformance(
  'spoolOutbox',
  // The bound of the queue is that of the disk.
  ({ maxQueueBytes, ...options }) => spoolOutbox({ path: fresh(), maxBytes: maxQueueBytes })(options),
  { outlives: true },
);
