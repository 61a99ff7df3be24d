/** Tries every adapter on every runtime, one after the other. */
import { join } from 'node:path';
import { startCollector } from '../support/collector.js';
import { tryAdapter } from './check.js';
import { ADAPTERS, installApp, installRuntimes } from './install.js';

export { COLUMNS } from './check.js';
export { RUNTIME_NAMES } from './install.js';

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
  const app = await installApp(root, join(folder, 'app'));
  const results: RuntimeResult[] = [];
  for (const runtime of runtimes) {
    for (const adapter of ADAPTERS) {
      const collector = await startCollector();
      const findings = await tryAdapter(runtime, adapter, app, collector);
      await collector.close();
      results.push({ runtime: runtime.name, adapter, findings });
    }
  }
  return results;
}
