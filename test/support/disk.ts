/** A small file system of one's own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext } from 'vitest';

/** In memory, until the test is over. Skips where this user can not mount one. */
export async function mounted(options: `size=${string}` | 'ro', { skip }: TestContext): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'convert-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    await rm(path, { recursive: true });
    // A laptop's user may not; what runs for a release must.
    expect(process.env.CI).not.toBe('true');
    return skip('this user can not mount a file system');
  }
  onTestFinished(async () => {
    execFileSync('umount', ['-l', path]);
    await rm(path, { recursive: true });
  });
  return path;
}

/** Files and folders can no more be changed there; or can be, again. */
export function remount(path: string, options: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${options}`, path]);
}
