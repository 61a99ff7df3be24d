/** Runs the suites of the adapters inside of workerd, one case for each test: one worker holds them all. */
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { kCurrentWorker, Miniflare } from 'miniflare';

const here = (file: string): string => join(import.meta.dirname, file);

/** What stands in the worker for what is imported. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/^vitest$/, '../../support/vitest.ts'],
  [/^supertest$/, 'supertest.ts'],
  [/\/support\/collector\.js$/, 'collector.ts'],
  [/\/project\/helpers\.js$/, 'helpers.ts'],
  [/^node:|\/src\/convert\/convert\.js$/, 'node.ts'],
];

const replaced: Plugin = {
  name: 'replaced',
  setup(building) {
    for (const [filter, file] of REPLACED)
      building.onResolve({ filter }, ({ importer }) =>
        // What ships imports nothing of Node here: else the build fails.
        importer.includes('/src/') ? undefined : { path: here(file) },
      );
  },
};

export interface Suite {
  readonly cases: readonly string[];
  /** Resolves with '', or with what has failed. */
  run(index: number): Promise<string>;
  close(): Promise<void>;
}

export async function startSuite(): Promise<Suite> {
  const { outputFiles } = await build({
    entryPoints: [here('worker.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    plugins: [replaced],
    logLevel: 'error',
  });
  const worker = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0]!.text }],
    compatibilityDate: '2025-05-01',
    outboundService: kCurrentWorker,
  });
  const get = (path: string) => worker.dispatchFetch(`http://suite.test${path}`);
  return {
    cases: (await (await get('/cases')).json()) as string[],
    run: async (index) => (await get(`/run?case=${index}`)).text(),
    close: () => worker.dispose(),
  };
}
