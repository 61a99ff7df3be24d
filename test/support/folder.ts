/** Folders for tests. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Removes it with all that is in it, also where a write that was under way is still to end there. */
export const removeFolder = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 10 });

/** A folder that goes after the test, or when `over` says so: `afterAll`. */
export function temporaryFolder(
  name: string,
  over: (cleanup: () => Promise<void>) => void = onTestFinished,
  parent = tmpdir(),
): string {
  const path = mkdtempSync(join(parent, `convert-${name}-`));
  over(() => removeFolder(path));
  return path;
}
