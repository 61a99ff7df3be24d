/** A folder for what several test files of one run need and only the first one makes: a global setup of Vitest. */
import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** It is removed after the run. */
    sharedFolder: string;
  }
}

export default function setup({ provide }: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'convert-shared-'));
  provide('sharedFolder', folder);
  return () => rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
