/** The file operations of the spool, behind an interface: tests let a disk fail, or a machine lose its power. */
import { constants, writeSync } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  unlink,
  utimes,
} from 'node:fs/promises';
import { codeOf } from '../../utils/errors.js';

export interface Entry {
  readonly kind: 'folder' | 'link' | 'other';
  /** The id of its owner; undefined if the system has none. */
  readonly uid: number | undefined;
  /** The permission bits. */
  readonly mode: number;
  /** When it was touched last, by the clock of the file system. */
  readonly touched: number;
  readonly size: number;
}

export interface SpoolFile {
  /** Appends all data, or rejects; a part of it may have been written then. */
  append(data: Uint8Array): Promise<void>;
  /** Appends synchronously, for the exit of the process. */
  appendNow(data: Uint8Array): void;
  write(data: Uint8Array, at: number): Promise<void>;
  /** Up to `length` bytes; fewer at the end of the file. */
  read(from: number, length: number): Promise<Buffer>;
  /** Makes written data survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * No method but `realPath` follows a symbolic link at the end of a path. All reject with errors of Node's, by `code`.
 */
export interface SpoolFiles {
  /** `parents`: those above it, too, and it may be there already. For its owner only. */
  makeFolder(path: string, how?: { parents: boolean }): Promise<void>;
  /** Takes a folder of ours away from everybody else. */
  makePrivate(path: string): Promise<void>;
  /** undefined if there is nothing at that path. */
  inspect(path: string): Promise<Entry | undefined>;
  list(path: string): Promise<string[]>;
  /** A new file, for writing. */
  create(path: string): Promise<SpoolFile>;
  /** An existing file, for reading; with `write` for reading and writing. */
  open(path: string, write?: boolean): Promise<SpoolFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  touch(path: string): Promise<void>;
  /** Makes the names in the folder survive a power cut, if the file system can promise it. */
  syncFolder(path: string): Promise<void>;
  /** The path without symbolic links. */
  realPath(path: string): Promise<string>;
}

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
// Absent on Windows, where there are no such links to speak of.
const NO_FOLLOW = (constants.O_NOFOLLOW as number | undefined) ?? 0;
/** Errors of file systems that sync no folders: some network and user-space ones. */
const NO_FOLDER_SYNC = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS']);

export const nodeFiles: SpoolFiles = {
  async makeFolder(path, { parents } = { parents: false }) {
    await mkdir(path, { mode: OWNER_ONLY_FOLDER, recursive: parents });
  },
  makePrivate: (path) => chmod(path, OWNER_ONLY_FOLDER),
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
    fileOf(await open(path, (write ? constants.O_RDWR : constants.O_RDONLY) | NO_FOLLOW)),
  rename: rename,
  remove: unlink,
  removeFolder: rmdir,
  async touch(path) {
    const now = new Date();
    await utimes(path, now, now);
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

/** In a loop: a disk that fills up takes only a part of the data. */
async function writeAll(handle: FileHandle, data: Uint8Array, at: number | null): Promise<void> {
  for (let done = 0; done < data.length;) {
    const position = at === null ? null : at + done;
    const { bytesWritten } = await handle.write(data, done, data.length - done, position);
    done += bytesWritten;
  }
}
