/** An app that esbuild makes one file of, as for a serverless function. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import { runScript } from './commands.js';
import { installFlat } from './layouts.js';
import type { WhenPacked } from './suite.js';
import { ROOT } from './tarball.js';

const FORMATS = ['cjs', 'esm'] as const;
/** Packages with native code, or with data beside their code. */
const EXTERNAL = ['lmdb', 'geoip-lite'];

export function bundleSuite(packed: WhenPacked): void {
  let app = '';
  let collector: Collector | undefined;
  beforeAll(async () => {
    const { temp, tarball } = packed();
    collector = await startCollector();
    app = installFlat(temp, tarball, { name: 'bundled', packages: EXTERNAL });
  });
  afterAll(() => collector?.close());

  /** Bundles the app into a folder elsewhere, with these packages in its `node_modules`; resolves with what it says. */
  async function run(format: 'cjs' | 'esm', name: string, installed: readonly string[]): Promise<unknown> {
    const folder = join(packed().temp, `deployed-${format}-${name}`);
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    const script = `app.${format === 'cjs' ? 'cjs' : 'mjs'}`;
    await build({
      entryPoints: [join(app, 'bundled.mjs')],
      outfile: join(folder, script),
      bundle: true,
      format,
      platform: 'node',
      external: EXTERNAL,
      logLevel: 'silent',
    });
    cpSync(join(app, 'project.json'), join(folder, 'project.json'));
    for (const each of installed)
      symlinkSync(join(ROOT, 'node_modules', each), join(folder, 'node_modules', each));
    return runScript(folder, [script], { TRACK: collector?.origin ?? '' });
  }

  it.each(FORMATS)('G4, G5: decides, and loads what was kept out of the bundle (%s)', async (format) => {
    const decided = { variation: 'version-b', browser: 'firefox', country: 'US' };
    expect(await run(format, 'whole', EXTERNAL)).toEqual(decided);
  });

  it('G4: tells how to bundle, if a package is not there', async () => {
    const wanted = {
      code: 'CONVERT_BAD_OPTION',
      message: expect.stringContaining('--external:lmdb') as string,
    };
    expect(await run('cjs', 'without', [])).toEqual(wanted);
  });
}
