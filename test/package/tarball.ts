/** The tarball as it would be published, built from a copy so that the `dist` of this folder stays as it is. */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
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

/** `npm run pack`, which builds first, in a folder below `parent`. */
export async function pack(parent: string): Promise<Tarball> {
  const built = join(parent, 'built');
  const packed = join(parent, 'packed');
  cpSync(ROOT, built, { recursive: true, filter: (source) => !NOT_SOURCE.has(basename(source)) });
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  mkdirSync(packed);
  await succeed('npm', ['run', 'pack', '--ignore-scripts=false', '--', packed], built);

  const [name = ''] = readdirSync(packed);
  await succeed('tar', ['-xzf', name], packed);
  const folder = join(packed, 'package');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    bytes: statSync(join(packed, name)).size,
    built,
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
