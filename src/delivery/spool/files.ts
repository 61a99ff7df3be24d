/**
 * Defines the file operations of the spool as an interface, so that tests can let a disk fail or a machine lose its
 * power. Implements them with Node's.
 */
import { constants, writeSync } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { codeOf } from '../../utils/errors.js';
import { makePrivate } from '../../utils/node/owner-only-folder.js';
import { openOwn } from '../../utils/node/own-file.js';

export interface Entry {
  readonly kind: 'folder' | 'link' | 'other';
  /** The id of the user who owns the file; undefined if the system has no such ids. */
  readonly uid: number | undefined;
  /** The permission bits of the file. */
  readonly mode: number;
  /** When the file was modified or touched last, in milliseconds since the epoch, by the clock of the file system. */
  readonly touched: number;
  readonly size: number;
}

export interface SpoolFile {
  /** Appends all data. If it rejects, a part of the data may have been written. */
  append(data: Uint8Array): Promise<void>;
  /** Appends synchronously, for the exit of the process. */
  appendNow(data: Uint8Array): void;
  write(data: Uint8Array, at: number): Promise<void>;
  /** Reads up to `length` bytes from the offset `from`; fewer at the end of the file. */
  read(from: number, length: number): Promise<Buffer>;
  /** Makes written data survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Only `makeFolder` with `parents`, `list` and `realPath` follow a symbolic link at the end of a path. `open` and
 * `touch` refuse files of other users. All methods reject with errors that differ by `code`, most of them Node's.
 */
export interface SpoolFiles {
  /**
   * Makes a folder that only its owner can enter. With `parents`, missing folders above it are made, too, and the
   * folder may exist already.
   */
  makeFolder(path: string, how?: { parents: boolean }): Promise<void>;
  /** Sets the permissions of a folder of this user so that only its owner can enter it. */
  makePrivate(path: string): Promise<void>;
  /** Returns the data of a file or folder; undefined if nothing is at that path. */
  inspect(path: string): Promise<Entry | undefined>;
  list(path: string): Promise<string[]>;
  /** Makes a new file and opens it for appending. Rejects if something is at that path already. */
  create(path: string): Promise<SpoolFile>;
  /** Opens an existing file for reading, or with `write` for reading and writing. */
  open(path: string, write?: boolean): Promise<SpoolFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  touch(path: string): Promise<void>;
  /** Makes the names in the folder survive a power cut, if the file system can promise it. */
  syncFolder(path: string): Promise<void>;
  /** Returns the path without symbolic links. */
  realPath(path: string): Promise<string>;
}

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
// Windows has no such flag, and hardly any symbolic links.
const NO_FOLLOW = (constants.O_NOFOLLOW as number | undefined) ?? 0;
/** Codes of errors of file systems that can not sync folders: some network and user-space ones. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS']);

export const nodeFiles: SpoolFiles = {
  async makeFolder(path, { parents } = { parents: false }) {
    await mkdir(path, { mode: OWNER_ONLY_FOLDER, recursive: parents });
  },
  makePrivate: async (path) => makePrivate(path),
  async inspect(path) {
    try {
      const found = await lstat(path);
      return {
        kind: found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'folder' : 'other',
        uid: process.getuid === undefined ? undefined : found.uid,
        mode: found.mode & 0o777,
        touched: found.mtimeMs,
        size: found.size,
      };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  list: (path) => readdir(path),
  create: async (path) =>
    fileOf(
      await open(
        path,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | NO_FOLLOW,
        OWNER_ONLY_FILE,
      ),
    ),
  open: async (path, write = false) =>
    fileOf(await openOwn(path, write ? constants.O_RDWR : constants.O_RDONLY)),
  rename: rename,
  remove: unlink,
  removeFolder: rmdir,
  async touch(path) {
    const now = new Date();
    const file = await openOwn(path, constants.O_WRONLY);
    try {
      await file.utimes(now, now);
    } finally {
      await file.close();
    }
  },
  async syncFolder(path) {
    if (process.platform === 'win32') return;
    const folder = await open(path, constants.O_RDONLY | NO_FOLLOW);
    try {
      await folder.sync();
    } catch (error) {
      if (!NO_FOLDER_SYNC.has(codeOf(error))) throw error;
    } finally {
      await folder.close();
    }
  },
  realPath: (path) => realpath(path),
};

function fileOf(handle: FileHandle): SpoolFile {
  return {
    append: (data) => writeAll(handle, data, null),
    appendNow(data) {
      for (let done = 0; done < data.length;) done += writeSync(handle.fd, data, done);
    },
    write: (data, at) => writeAll(handle, data, at),
    async read(from, length) {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(buffer, done, length - done, from + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return buffer.subarray(0, done);
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** Writes all data, in a loop: a disk that fills up takes only a part of the data at a time. */
async function writeAll(handle: FileHandle, data: Uint8Array, at: number | null): Promise<void> {
  for (let done = 0; done < data.length;) {
    const position = at === null ? null : at + done;
    const { bytesWritten } = await handle.write(data, done, data.length - done, position);
    done += bytesWritten;
  }
}
