/** Work that is done once in a run, whichever test file needs it first: the workers share a folder. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';

/**
 * The folder `name` of this run, after `make` has filled it. A second caller waits until the first one is done; if
 * `make` fails, it fails for both.
 */
export async function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(inject('sharedFolder'), name);
  const [lock, done, failed] = ['lock', 'done', 'failed'].map((state) => `${folder}.${state}`) as [
    string,
    string,
    string,
  ];
  if (taken(lock)) {
    while (!existsSync(done)) {
      if (existsSync(failed))
        throw new Error(`${name} could not be made; the first test file that needs it says why`);
      await sleep(20);
    }
    return folder;
  }
  try {
    mkdirSync(folder);
    await make(folder);
    writeFileSync(done, '');
    return folder;
  } catch (error) {
    writeFileSync(failed, '');
    throw error;
  }
}

/** Makes the lock, or says that there is one: only one process can make a folder. */
function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true;
    throw error;
  }
}
