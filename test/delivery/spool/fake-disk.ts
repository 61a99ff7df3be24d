/**
 * A disk in memory that can be full, fail, and lose its power: what was not synced may then be there, in part, or not.
 */
import { basename, dirname } from 'node:path';
import type { Entry, SpoolFile, SpoolFiles } from '../../../src/delivery/spool/files.js';

interface FileNode {
  kind: 'file';
  data: Buffer;
  /** The data that were synced: a power cut leaves at least these. */
  durable: Buffer;
  touched: number;
}

interface FolderNode {
  kind: 'folder';
  names: Map<string, DiskNode>;
  durable: Map<string, DiskNode>;
  touched: number;
}

type DiskNode = FileNode | FolderNode;

export interface FakeDisk extends SpoolFiles {
  /** The code of the error with which each write fails from now on; undefined: writes succeed. */
  failure: string | undefined;
  /** The code of the error with which each opening of an existing file fails; undefined: it succeeds. */
  openFailure: string | undefined;
  /** The most bytes that the disk holds. A write that does not fit writes its first bytes, and fails. */
  room: number;
  /** Cuts the power. `random`, in [0, 1), decides which of the data that were not synced are left. */
  cutPower(random: () => number): void;
  /** The content of all files, by path. */
  files(): Record<string, Buffer>;
}

export function fakeDisk(): FakeDisk {
  let ticks = 0;
  const newFolder = (): FolderNode => ({
    kind: 'folder',
    names: new Map(),
    durable: new Map(),
    touched: ++ticks,
  });
  const root = newFolder();

  function find(path: string): DiskNode | undefined {
    if (path === '/') return root;
    const folder = find(dirname(path));
    return folder?.kind === 'folder' ? folder.names.get(basename(path)) : undefined;
  }
  function folderAt(path: string): FolderNode {
    const node = find(path);
    if (node?.kind !== 'folder') throw failure('ENOENT');
    return node;
  }
  function fileAt(path: string): FileNode {
    const node = find(path);
    if (node?.kind !== 'file') throw failure('ENOENT');
    return node;
  }
  function used(node: DiskNode = root): number {
    if (node.kind === 'file') return node.data.length;
    return [...node.names.values()].reduce((sum, each) => sum + used(each), 0);
  }
  function check(): void {
    if (disk.failure !== undefined) throw failure(disk.failure);
  }
  function put(node: FileNode, data: Uint8Array, at: number): void {
    check();
    const fits = Math.max(0, Math.min(data.length, disk.room - used() + Math.max(0, node.data.length - at)));
    const grown = Buffer.alloc(Math.max(node.data.length, at + fits));
    node.data.copy(grown);
    grown.set(data.subarray(0, fits), at);
    node.data = grown;
    if (fits < data.length) throw failure('ENOSPC');
  }
  function handle(node: FileNode): SpoolFile {
    return {
      append: async (data) => put(node, data, node.data.length),
      appendNow: (data) => put(node, data, node.data.length),
      write: async (data, at) => put(node, data, at),
      read: async (from, length) => Buffer.from(node.data.subarray(from, from + length)),
      async sync() {
        check();
        node.durable = Buffer.from(node.data);
      },
      async close() {},
    };
  }

  const disk: FakeDisk = {
    failure: undefined,
    openFailure: undefined,
    room: Infinity,
    async makeFolder(path, how) {
      if (how?.parents && path !== '/' && find(dirname(path)) === undefined)
        await disk.makeFolder(dirname(path), how);
      const parent = folderAt(dirname(path));
      if (parent.names.has(basename(path))) {
        if (how?.parents) return;
        throw failure('EEXIST');
      }
      check();
      parent.names.set(basename(path), newFolder());
    },
    async makePrivate() {},
    async inspect(path): Promise<Entry | undefined> {
      const node = find(path);
      if (node === undefined) return undefined;
      const kind = node.kind === 'folder' ? 'folder' : 'other';
      return { kind, uid: process.getuid?.(), mode: 0o700, touched: node.touched, size: used(node) };
    },
    list: async (path) => [...folderAt(path).names.keys()],
    async create(path) {
      check();
      const parent = folderAt(dirname(path));
      if (parent.names.has(basename(path))) throw failure('EEXIST');
      const node: FileNode = {
        kind: 'file',
        data: Buffer.alloc(0),
        durable: Buffer.alloc(0),
        touched: ++ticks,
      };
      parent.names.set(basename(path), node);
      return handle(node);
    },
    async open(path) {
      if (disk.openFailure !== undefined) throw failure(disk.openFailure);
      return handle(fileAt(path));
    },
    async rename(from, to) {
      const node = find(from);
      if (node === undefined) throw failure('ENOENT');
      check();
      folderAt(dirname(from)).names.delete(basename(from));
      folderAt(dirname(to)).names.set(basename(to), node);
    },
    async remove(path) {
      fileAt(path);
      folderAt(dirname(path)).names.delete(basename(path));
    },
    async removeFolder(path) {
      if (folderAt(path).names.size > 0) throw failure('ENOTEMPTY');
      folderAt(dirname(path)).names.delete(basename(path));
    },
    async touch(path) {
      fileAt(path).touched = ++ticks;
    },
    async syncFolder(path) {
      check();
      const folder = folderAt(path);
      folder.durable = new Map(folder.names);
    },
    realPath: async (path) => path,
    cutPower(random) {
      lose(root, random);
    },
    files() {
      const all: Record<string, Buffer> = {};
      const collect = (node: DiskNode, path: string): void => {
        if (node.kind === 'file') all[path] = node.data;
        else for (const [name, each] of node.names) collect(each, `${path}/${name}`);
      };
      collect(root, '');
      return all;
    },
  };
  return disk;
}

function lose(node: DiskNode, random: () => number): void {
  if (node.kind === 'file') {
    const isLonger = node.data.length > node.durable.length;
    // What was overwritten in place may be either; of what was appended, any part may be there, or nothing but zeros.
    const kept = isLonger ? Math.floor(random() * (node.data.length - node.durable.length + 1)) : 0;
    const appended = Buffer.from(node.data.subarray(node.durable.length, node.durable.length + kept));
    if (random() < 0.2) appended.fill(0);
    const base = random() < 0.5 ? node.durable : node.data.subarray(0, node.durable.length);
    node.data = Buffer.concat([base, appended]);
    node.durable = Buffer.from(node.data);
    return;
  }
  const names = new Map(node.durable);
  for (const [name, each] of node.names) if (!node.durable.has(name) && random() < 0.5) names.set(name, each);
  for (const name of node.durable.keys()) if (!node.names.has(name) && random() < 0.5) names.delete(name);
  node.names = names;
  node.durable = new Map(names);
  for (const each of names.values()) lose(each, random);
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: fake disk`), { code });
}
