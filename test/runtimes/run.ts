/** Tries every adapter on every runtime, one after the other. */
import { dirname, join } from 'node:path';
import { testProject } from '../support/project.js';
import { CHECKS, tryApp } from './check.js';
import { ADAPTERS, installApp, installRuntimes } from './install.js';

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

export interface RuntimeResult {
  readonly runtime: string;
  readonly adapter: string;
  /** `ok`, `not tried` or the fault, for each of `COLUMNS`. */
  readonly findings: readonly string[];
}

export async function runRuntimes({ root, folder, names }: RuntimesRun): Promise<RuntimeResult[]> {
  const runtimes = await installRuntimes(join(folder, 'runtimes'), names);
  const file = await installApp(root, join(folder, 'app'));
  const results: RuntimeResult[] = [];
  for (const { name, program, args, fetchServer } of runtimes) {
    const adapters = fetchServer === undefined ? ADAPTERS : [...ADAPTERS, fetchServer];
    for (const adapter of adapters) {
      const start = { program, args: [...args, file, adapter], cwd: dirname(file) };
      const findings = await tryApp(start, testProject());
      results.push({ runtime: name, adapter, findings });
    }
  }
  return results;
}
