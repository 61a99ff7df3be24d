/** Installs the frameworks and the packed package, builds the examples, and tries each of them. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { CHECKS, describe, tryApp } from '../runtimes/check.js';
import { installRuntimes, npm, packInto, type Runtime } from '../runtimes/install.js';
import { STACKS } from './stacks.js';

export const STACK_NAMES = STACKS.map(({ name }) => name);

const { page, exposure, cookie, end } = CHECKS;
/** `own` is what the stack itself wants. */
export const COLUMNS = ['build', 'page', 'exposure', 'cookie', 'own', 'end'];

/** The Node that the frameworks want. */
const NODE = 'Node 22.23.3';

export interface StacksRun {
  /** The root of the repository. */
  readonly root: string;
  /** A folder outside of the repository, in which everything is installed and built. */
  readonly folder: string;
  /** Some of `STACK_NAMES`. */
  readonly names: readonly string[];
}

export interface StackResult {
  readonly stack: string;
  /** `ok`, `not tried` or the fault, for each of `COLUMNS`. */
  readonly findings: readonly string[];
}

export async function runStacks({ root, folder, names }: StacksRun): Promise<StackResult[]> {
  const [node] = await installRuntimes(join(folder, 'runtimes'), [NODE]);
  const workspace = join(folder, 'stacks');
  const project = await installStacks(root, workspace);

  const builds = new Map<string, Promise<string>>();
  const results: StackResult[] = [];
  for (const { name, example, start, own } of STACKS.filter((stack) => names.includes(stack.name))) {
    const build = builds.get(example) ?? buildExample(node!, workspace, example);
    builds.set(example, build);
    const built = await build;
    const app = { program: node!.program, args: start, cwd: join(workspace, example) };
    const findings =
      built === 'ok'
        ? await tryApp(app, project, [page, exposure, cookie, own, end])
        : COLUMNS.slice(1).map(() => 'not tried');
    results.push({ stack: name, findings: [built, ...findings] });
  }
  return results;
}

/**
 * Lays the examples into a workspace as `test/stacks` describes it, with the package as it would be published. Returns
 * the project that the examples use.
 */
async function installStacks(root: string, workspace: string): Promise<ProjectConfig> {
  await mkdir(workspace, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    await cp(join(root, 'test/stacks', name), join(workspace, name));
  const project = join(root, 'examples/project.json');
  await cp(project, join(workspace, 'project.json'));
  for (const example of new Set(STACKS.map((stack) => stack.example)))
    await cp(join(root, 'examples', example), join(workspace, example), { recursive: true });

  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(['ci', ...quiet], workspace);
  const tarball = await packInto(join(workspace, 'packed'), root);
  await npm(['install', '--no-save', ...quiet, tarball], workspace);
  return JSON.parse(await readFile(project, 'utf8')) as ProjectConfig;
}

/** Returns `ok`, or why the example could not be built. */
function buildExample({ program }: Runtime, workspace: string, example: string): Promise<string> {
  const PATH = [dirname(program), process.env.PATH].join(delimiter);
  const env = { PATH, ASTRO_TELEMETRY_DISABLED: '1' };
  return npm(['run', 'build', '--workspace', example], workspace, env).then(() => 'ok', describe);
}
