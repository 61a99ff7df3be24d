/** Runs the suites of the adapters over `convert-middleware/fetch` in other runtimes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import type { Runtime } from '../install.js';

/** Milliseconds after which a suite counts as hanging. */
const LIMIT = 10 * 60_000;

export interface SuiteResult {
  /** The number of cases that ran. */
  readonly count: number;
  /** `ok`, or what failed. */
  readonly finding: string;
}

/**
 * Makes one file of the suites and all that they import, so that no runtime looks for a package. Returns the file.
 *
 * @param root the root of the repository
 */
export async function bundleSuite(root: string, folder: string): Promise<string> {
  const outfile = join(folder, 'suite.mjs');
  const here = join(root, 'test/runtimes/suite');
  await build({
    absWorkingDir: root,
    entryPoints: [join(here, 'main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    alias: { vitest: join(root, 'test/support/vitest.ts') },
    // Some of the packages are CommonJS, and require modules of Node.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
    logLevel: 'error',
  });
  return outfile;
}

export async function runSuite({ program, args }: Runtime, file: string): Promise<SuiteResult> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, [...args, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    env: { PATH, HOME, DENO_NO_UPDATE_CHECK: '1' },
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const line = /^results (.*)$/m.exec(output)?.[1];
  if (line === undefined) return { count: 0, finding: `it printed no results\n${output}${errors}` };
  const { count, faults } = JSON.parse(line) as { count: number; faults: string[] };
  return { count, finding: count > 0 && faults.length === 0 ? 'ok' : faults.join('\n') };
}
