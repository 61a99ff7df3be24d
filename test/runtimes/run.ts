/** Tries every adapter, and the suite over `convert-middleware/fetch`, on every runtime, one after the other. */
import { dirname, join } from 'node:path';
import { testProject } from '../support/project.js';
import { CHECKS, tryApp } from './check.js';
import { ADAPTERS, installApp, installRuntimes } from './install.js';
import { bundleSuite, runSuite } from './suite/run.js';

export { RUNTIME_NAMES } from './install.js';

export const COLUMNS = Object.keys(CHECKS);

export interface RuntimesRun {
  /** The root of the repository. */
  readonly root: string;
  /** A folder outside of the repository, in which everything is installed. */
  readonly folder: string;
  /** Some of `RUNTIME_NAMES`. */
  readonly names: readonly string[];
}

/** A row: what was tried, and `ok`, `not tried` or the fault for each column. */
interface Tried {
  readonly title: readonly string[];
  readonly findings: readonly string[];
}

export async function runRuntimes({
  root,
  folder,
  names,
}: RuntimesRun): Promise<{ apps: Tried[]; suites: Tried[] }> {
  const runtimes = await installRuntimes(join(folder, 'runtimes'), names);
  const file = await installApp(root, join(folder, 'app'));
  const suite = await bundleSuite(root, folder);
  const apps: Tried[] = [];
  const suites: Tried[] = [];
  for (const runtime of runtimes) {
    const { name, program, args, fetchServer } = runtime;
    const adapters = fetchServer === undefined ? ADAPTERS : [...ADAPTERS, fetchServer];
    for (const adapter of adapters) {
      const start = { program, args: [...args, file, adapter], cwd: dirname(file) };
      apps.push({ title: [name, adapter], findings: await tryApp(start, testProject()) });
    }
    const { count, finding } = await runSuite(runtime, suite);
    suites.push({ title: [name, String(count)], findings: [finding] });
  }
  return { apps, suites };
}
