/** Puts the unpacked tarball, and links to what this repository has installed, where a package manager would. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { testProject } from '../support/project.js';
import { ROOT, type Tarball } from './tarball.js';

const CONSUMERS = join(import.meta.dirname, 'consumers');
const SDK = '@convertcom/js-sdk';

/** Other names that a package is to be found under: `{ express: 'express4' }`. */
export type Aliases = Readonly<Record<string, string>>;

/** What apps with all frameworks have installed, beside us. */
export const FRAMEWORKS = ['express', 'koa', 'fastify'];
export const TYPES = ['@types/express', '@types/koa', '@types/node', '@fastify/view'];
export { SDK };

export interface FlatOptions {
  name: string;
  packages?: readonly string[];
  aliases?: Aliases;
  /** Packages to copy instead of linking, so that what they depend on is found beside them. */
  copies?: readonly string[];
  /** For `.js` and `.ts` files. Default `commonjs`. */
  type?: 'module' | 'commonjs';
}

/** As npm does it: everything in one `node_modules`. Returns the folder of the app. */
export function installFlat(parent: string, tarball: Tarball, options: FlatOptions): string {
  const { name, packages = [], aliases = {}, copies = [], type = 'commonjs' } = options;
  const app = startApp(join(parent, name), type);
  const modules = join(app, 'node_modules');
  cpSync(tarball.folder, join(modules, 'convert-middleware'), { recursive: true });
  for (const each of Object.keys(tarball.manifest.dependencies)) link(modules, each);
  for (const each of packages) link(modules, each, aliases);
  for (const each of copies)
    cpSync(join(ROOT, 'node_modules', each), join(modules, each), { recursive: true });
  return app;
}

/**
 * As pnpm does it in a workspace: every package stands in a virtual store, beside links to what it names as its
 * dependencies and peers, and to nothing else. The app's own `node_modules` isn't above the store. What is hoisted
 * there are the older frameworks of another app. Returns the folder of the app.
 */
export function installPnpm(parent: string, tarball: Tarball, packages: readonly string[]): string {
  const { dependencies, peerDependencies, version } = tarball.manifest;
  const root = join(parent, 'workspace');
  const store = join(root, 'node_modules/.pnpm');
  const ours = join(store, `convert-middleware@${version}/node_modules`);
  cpSync(tarball.folder, join(ours, 'convert-middleware'), { recursive: true });
  const peers = Object.keys(peerDependencies).filter((name) => packages.includes(name));
  for (const each of [...Object.keys(dependencies), ...peers]) link(ours, each);
  for (const each of ['express', 'koa']) {
    link(join(store, 'node_modules'), each, { express: 'express4', koa: 'koa2' });
  }
  const app = startApp(join(root, 'apps/shop'), 'module');
  const modules = join(app, 'node_modules');
  for (const each of packages) link(modules, each);
  symlinkSync(join(ours, 'convert-middleware'), join(modules, 'convert-middleware'));
  return app;
}

/** The programs of the fixtures, and the project that they run. */
function startApp(folder: string, type: 'module' | 'commonjs'): string {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  cpSync(join(CONSUMERS, 'apps'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type }));
  writeFileSync(join(folder, 'project.json'), JSON.stringify(testProject()));
  return folder;
}

function link(modules: string, name: string, aliases: Aliases = {}): void {
  const path = join(modules, name);
  const target = join(ROOT, 'node_modules', aliases[name] ?? name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

export interface CompilerOptions {
  module: string;
  moduleResolution?: string;
  skipLibCheck?: boolean;
  declaration?: boolean;
  types?: string[];
  lib?: string[];
}

/**
 * A folder of the app with TypeScript fixtures, given with the extensions that they are to have. `more` are files that
 * the caller puts there.
 */
export function addProgram(
  app: string,
  name: string,
  files: readonly string[],
  options: CompilerOptions,
  more: readonly string[] = [],
): string {
  const folder = join(app, name);
  mkdirSync(folder);
  for (const file of files) {
    cpSync(join(CONSUMERS, 'types', file.replace(/\.[cm]?ts$/, '.ts')), join(folder, file));
  }
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022'],
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    skipLibCheck: true,
    types: ['node'],
    ...options,
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: [...files, ...more] }),
  );
  return folder;
}
