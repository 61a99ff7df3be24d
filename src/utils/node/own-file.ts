/**
 * Opens files that must belong to the user of this process. The owner is asked of the opened file, not of its path:
 * whoever may write to a folder can put another file into the place of a path between two calls.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What is wrong with an opened file: it is a folder, a pipe or a device, or it belongs to another user. */
export type FileProblem = 'no-file' | 'foreign';

/** The codes of the errors with which opening a wrong file fails. */
export const FILE_CODES: Readonly<Record<FileProblem, string>> = {
  'no-file': 'ENOFILE',
  foreign: 'EFOREIGN',
};

/**
 * The flags refuse symbolic links, and keep the opening of a pipe from waiting for a writer. Windows has neither flag,
 * and hardly any links and pipes.
 */
const SAFE_FLAGS = ((constants.O_NOFOLLOW as number | undefined) ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file of this process's user. Rejects with the errors of Node, among them `ELOOP` for a symbolic link, or with
 * a code of `FILE_CODES`.
 *
 * @param mode the permissions of a file that is made
 */
export async function openOwn(path: string, flags: number, mode?: number): Promise<FileHandle> {
  const handle = await open(path, flags | SAFE_FLAGS, mode);
  try {
    assertOwn(path, await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Does what `openOwn` does, at once. Returns a file descriptor. */
export function openOwnSync(path: string, flags: number, mode?: number): number {
  const file = openSync(path, flags | SAFE_FLAGS, mode);
  try {
    assertOwn(path, fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function assertOwn(path: string, found: Stats): void {
  const problem = problemOf(found);
  if (problem === undefined) return;
  const what = problem === 'foreign' ? 'belongs to another user' : 'is no file';
  throw Object.assign(new Error(`${path} ${what}`), { code: FILE_CODES[problem] });
}

function problemOf(found: Stats): FileProblem | undefined {
  if (!found.isFile()) return 'no-file';
  // Windows has no user ids.
  return process.getuid === undefined || found.uid === process.getuid() ? undefined : 'foreign';
}
