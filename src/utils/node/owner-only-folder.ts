/**
 * Checks whether a folder is for its owner only: another user who could enter it could read visitor ids, or decide what
 * visitors see.
 */
import { chmod, lstat } from 'node:fs/promises';
import { codeOf } from '../errors.js';

/**
 * The result of a check. `private`: this process's user owns the folder, and no other user can enter it. `missing`:
 * there is no folder. Otherwise: the problem with the folder.
 */
export type FolderFinding = 'private' | 'missing' | FolderProblem;
export type FolderProblem = 'link' | 'no-folder' | 'foreign' | 'open';

/** The problems of a folder in words, as messages write them after the path of the folder. */
export const FOLDER_PROBLEMS: Readonly<Record<FolderProblem, string>> = {
  link: 'is a symbolic link',
  'no-folder': 'is no folder',
  foreign: 'belongs to another user',
  open: 'can be entered by others',
};

export interface FolderEntry {
  readonly kind: 'folder' | 'link' | 'other';
  /** The user id of the owner; undefined if the system has none. */
  readonly uid: number | undefined;
  /** The permission bits. */
  readonly mode: number;
}

/**
 * The calls of the file system that a check makes. `inspect` does not follow a symbolic link at the end of the path.
 */
export interface FolderAccess {
  /** Describes the entry at a path; undefined if there is none. */
  inspect(path: string): Promise<FolderEntry | undefined>;
  /** Removes the permissions of all other users from a folder of this process's user. */
  makePrivate(path: string): Promise<void>;
}

const OWNER_ONLY = 0o700;
const OTHERS = 0o077;

const nodeAccess: FolderAccess = {
  async inspect(path) {
    try {
      const found = await lstat(path);
      const kind = found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'folder' : 'other';
      return { kind, uid: process.getuid && found.uid, mode: found.mode };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  makePrivate: (path) => chmod(path, OWNER_ONLY),
};

/**
 * Checks a folder. If this process's user owns the folder and other users can enter it, it is made private first:
 * Kubernetes opens the folders of a volume to a group each time that the volume is mounted. Rejects with Node's error
 * if the folder cannot be inspected or changed.
 */
export async function checkOwnerOnlyFolder(path: string, access = nodeAccess): Promise<FolderFinding> {
  const finding = findingOf(await access.inspect(path));
  if (finding !== 'open') return finding;
  await access.makePrivate(path);
  return findingOf(await access.inspect(path));
}

function findingOf(entry: FolderEntry | undefined): FolderFinding {
  if (entry === undefined) return 'missing';
  if (entry.kind !== 'folder') return entry.kind === 'link' ? 'link' : 'no-folder';
  // Windows has neither user ids nor these permission bits.
  if (process.getuid === undefined) return 'private';
  if (entry.uid !== process.getuid()) return 'foreign';
  return (entry.mode & OTHERS) === 0 ? 'private' : 'open';
}
