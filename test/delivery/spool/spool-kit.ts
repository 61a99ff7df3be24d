/** Spools for tests that run them in this process. */
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import { temporaryFolder } from '../../support/folder.js';
import type { MakeOutbox } from '../outbox.conformance.js';
import { fakeDisk } from './fake-disk.js';

/** Paths of spools that are removed at the end. Call it at the top of a test file. */
export function freshSpools(): () => string {
  const folder = temporaryFolder('spool', afterAll);
  let spools = 0;
  return () => join(folder, String((spools += 1)));
}

/** The bound of the queue is that of the disk. */
export const bounded =
  (fresh: () => string): MakeOutbox =>
  ({ maxQueueBytes, ...options }) =>
    spoolOutbox({ path: fresh(), maxBytes: maxQueueBytes })(options);

/** Hardly anything fits into memory. */
export const crowded: MakeOutbox = ({ maxQueueBytes, ...options }) =>
  spoolOutbox(
    { path: '/spool', maxBytes: maxQueueBytes },
    { files: fakeDisk(), segmentBytes: 1000 },
  )({ ...options, maxQueueBytes: 1500 });
