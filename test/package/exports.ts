/** What each subpath exports in both builds, and what loading it costs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { run, runScript } from './commands.js';
import { FRAMEWORKS, installFlat, SDK } from './layouts.js';
import type { WhenPacked } from './suite.js';

const REGEXES = ['@eslint-community/regexpp', 're2js'];
const AGENTS = ['isbot', 'ua-parser-js'];

interface Entry {
  /** What it exports, types left out, in the order of the alphabet. */
  readonly names: string;
  /** The packages that it loads, in both builds. None is a framework, the SDK or geo data. */
  readonly loads: readonly string[];
}

/** The subpaths, in the order of `exports` in package.json. */
const ENTRIES: Readonly<Record<string, Entry>> = {
  'convert-middleware': { names: 'ConvertError NodeOutgoingResponse createConvert memoryStore', loads: [] },
  'convert-middleware/express': { names: 'convertMiddleware route', loads: [] },
  'convert-middleware/koa': { names: 'convertMiddleware route', loads: [] },
  'convert-middleware/fastify': { names: 'convertPlugin route', loads: ['fastify-plugin'] },
  'convert-middleware/engine': { names: 'compile compiledEngine leftOut validate', loads: REGEXES },
  'convert-middleware/sdk-engine': { names: 'SUPPORTED_SDK sdkEngine', loads: REGEXES },
  'convert-middleware/geoip-lite': { names: 'geoipLite', loads: [] },
  'convert-middleware/maxmind': { names: 'maxmind', loads: [] },
  'convert-middleware/redis': { names: 'redisOutbox redisProjectCache redisStore', loads: [] },
  'convert-middleware/lmdb': { names: 'lmdbStore', loads: [] },
  'convert-middleware/webhook': {
    names:
      'conversionWebhook hmac lemonSqueezy majorUnits paddle shopify standardWebhooks stripe woocommerce',
    loads: [],
  },
  'convert-middleware/async-context': { names: 'getConvert', loads: [] },
  'convert-middleware/ours-privacy': { names: 'oursPrivacy', loads: [] },
  'convert-middleware/assignment': { names: 'assignmentRoutes', loads: [] },
  'convert-middleware/fetch': {
    names: 'ConvertError createConvert memoryStore openMounted route withConvert',
    loads: ['@noble/hashes'],
  },
  'convert-middleware/testing': { names: 'storeConformance testConvert', loads: AGENTS },
};
const SUBPATHS = Object.keys(ENTRIES);
const HINT = 'ENTRIES of test/package/exports.ts says otherwise';

/** As Jest does: CommonJS only, also where Node itself could `require` an ES module. */
const COMMONJS_ONLY = '--no-experimental-require-module';

/** Node 26 warns of `module.register`, and Node 20 has nothing else to see which modules are loaded. */
const QUIET_REGISTER = '--disable-warning=DEP0205';

/** The packages that files belong to, other than ours. */
function packagesOf(files: readonly string[]): string[] {
  const names = files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name !== 'convert-middleware').sort();
}

/** @param loaded the subpaths of which each is loaded in processes of its own */
export function exportSuite(packed: WhenPacked, loaded: readonly string[] = SUBPATHS): void {
  /** Has nothing installed that is optional. */
  let bare = '';
  let full = '';
  beforeAll(() => {
    const { temp, tarball } = packed();
    bare = installFlat(temp, tarball, { name: 'bare' });
    full = installFlat(temp, tarball, {
      name: 'full',
      packages: [...FRAMEWORKS, SDK, 'geoip-lite', 'maxmind'],
    });
  });

  it('are these, and the same in both builds', async () => {
    const { exports } = packed().tarball.manifest;
    const all = Object.keys(exports).map((key) => key.replace(/^\./, 'convert-middleware'));
    expect(all, HINT).toEqual([
      ...SUBPATHS,
      'convert-middleware/project.schema.json',
      'convert-middleware/package.json',
    ]);

    const names = await runScript<Record<string, { esm: string[]; cjs: string[] }>>(bare, [
      'names.mjs',
      ...SUBPATHS,
    ]);
    for (const { esm, cjs } of Object.values(names)) expect(cjs).toEqual(esm);
    const esm = Object.entries(names).map(([subpath, each]) => [subpath, each.esm.join(' ')]);
    const expected = Object.entries(ENTRIES).map(([subpath, entry]) => [subpath, entry.names]);
    expect(Object.fromEntries(esm), HINT).toEqual(Object.fromEntries(expected));
  });

  it('leave the inside closed', async () => {
    const { files } = packed().tarball;
    const inside = files.find((file) => /^dist\/convert-.*\.cjs$/.test(file));
    expect(inside).toBeDefined();
    const { code, stderr } = await run(process.execPath, ['loaded.cjs', `convert-middleware/${inside}`], {
      cwd: bare,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it.each([
    ['ESM', [QUIET_REGISTER, 'on-demand.mjs']],
    ['CommonJS without any ES module', [COMMONJS_ONLY, 'on-demand.cjs']],
  ])('G5: load what takes long when it is needed, as %s', async (_format, args) => {
    const steps = await runScript<string[][]>(bare, args);
    expect(steps.map(packagesOf)).toEqual([[], AGENTS, [...REGEXES, ...AGENTS].sort()]);
  });

  describe.each(loaded)('%s', (subpath) => {
    it('loads only what it needs, as ESM', async () => {
      const files = await runScript<string[]>(full, [QUIET_REGISTER, 'loaded.mjs', subpath]);
      expect(files.some((file) => file.includes('/convert-middleware/dist/'))).toBe(true);
      expect(packagesOf(files), HINT).toEqual(ENTRIES[subpath]?.loads);
    });

    it('loads only what it needs, as CommonJS without any ES module', async () => {
      const files = await runScript<string[]>(full, [COMMONJS_ONLY, 'loaded.cjs', subpath]);
      expect(files.some((file) => file.includes('/convert-middleware/dist/'))).toBe(true);
      expect(packagesOf(files), HINT).toEqual(ENTRIES[subpath]?.loads);
    });

    it('loads where nothing optional is installed', async () => {
      await runScript(bare, [COMMONJS_ONLY, 'loaded.cjs', subpath]);
      await runScript(bare, [QUIET_REGISTER, 'loaded.mjs', subpath]);
    });
  });

  it('decide where nothing optional is installed, the official SDK neither', async () => {
    const decided = await runScript<{ esm: unknown; cjs: unknown }>(bare, ['decides.mjs']);
    const expected = { engine: 'compiled', variation: expect.any(String) as string };
    expect(decided).toEqual({ esm: expected, cjs: expected });
  });
}
