/**
 * The tarball as it would be published: one for all test files of a run, made from the `dist` that the run begins with.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { madeOnce } from '../support/once.js';
import { run } from './commands.js';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Tarball {
  /** Bytes of the `.tgz`. */
  readonly bytes: number;
  /** Where it was built. */
  readonly built: string;
  /** What it holds, unpacked. */
  readonly folder: string;
  /** Paths of the files in it. */
  readonly files: readonly string[];
  readonly manifest: Manifest;
  readonly read: (file: string) => string;
}

export interface Manifest {
  version: string;
  repository: { url: string };
  exports: Record<string, string | Record<'import' | 'require', { types: string; default: string }>>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

const NOT_SOURCE = new Set(['node_modules', 'dist', '.git', 'coverage']);

/** The tarball of this run: whoever needs it first packs it. */
export async function sharedTarball(): Promise<Tarball> {
  return readTarball(await madeOnce('tarball', (parent) => pack(parent, { isBuilt: true })));
}

/** A tarball from a copy without `dist`, so that `npm run pack` has to build it: in a folder below `parent`. */
export async function packFromSources(parent: string): Promise<Tarball> {
  await pack(parent, { isBuilt: false });
  return readTarball(parent);
}

/** `npm run pack` in a copy, so that nothing changes in this folder. */
async function pack(parent: string, { isBuilt }: { isBuilt: boolean }): Promise<void> {
  const built = join(parent, 'built');
  const packed = join(parent, 'packed');
  cpSync(ROOT, built, { recursive: true, filter: (source) => !NOT_SOURCE.has(basename(source)) });
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  if (isBuilt) cpSync(join(ROOT, 'dist'), join(built, 'dist'), { recursive: true });
  mkdirSync(packed);
  await succeed('npm', ['run', 'pack', `--ignore-scripts=${isBuilt}`, '--', packed], built);
  await succeed('tar', ['-xzf', readdirSync(packed)[0] ?? ''], packed);
}

/** Reads what `pack` has left below `parent`. */
function readTarball(parent: string): Tarball {
  const packed = join(parent, 'packed');
  const folder = join(packed, 'package');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const tgz = readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? '';
  return {
    bytes: statSync(join(packed, tgz)).size,
    built: join(parent, 'built'),
    folder,
    files,
    manifest: JSON.parse(read('package.json')) as Manifest,
    read,
  };
}

async function succeed(command: string, args: string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
}
