/**
 * Checks whether a folder is for its owner only: another user who could enter it could read visitor ids, or decide what
 * visitors see.
 */
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from 'node:fs';
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

/** The flags that open a folder and no symbolic link. Windows has neither flag. */
const FOLDER_FLAGS =
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) | ((constants.O_DIRECTORY as number | undefined) ?? 0);

function inspect(path: string): FolderEntry | undefined {
  try {
    const found = lstatSync(path);
    const kind = found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'folder' : 'other';
    return { kind, uid: process.getuid && found.uid, mode: found.mode };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes the permissions of all other users from a folder of this process's user. The permissions are those of the
 * opened folder, not of whatever stands at its path: others may have put a link there since the path was checked.
 */
export function makePrivate(path: string): void {
  const folder = openSync(path, constants.O_RDONLY | FOLDER_FLAGS);
  try {
    if (fstatSync(folder).uid === process.getuid?.()) fchmodSync(folder, OWNER_ONLY);
  } finally {
    closeSync(folder);
  }
}

const nodeAccess: FolderAccess = {
  inspect: async (path) => inspect(path),
  makePrivate: async (path) => makePrivate(path),
};

/** Does what `checkOwnerOnlyFolder` does, at once. */
export function checkOwnerOnlyFolderNow(path: string): FolderFinding {
  const finding = findingOf(inspect(path));
  if (finding !== 'open') return finding;
  makePrivate(path);
  return findingOf(inspect(path));
}

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
